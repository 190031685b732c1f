"""An attack's summary recomputed from its records by numpy alone, and its report value by value."""

import numpy as np
import pytest

from feint.errors import FeintError
from feint.experiments.attack import ATTACK, AttackSettings
from feint.experiments.attack.report import headline, table
from feint.reports import Pictures, text
from feint.reports.data import raw
from feint.runs.runners import local

pytestmark = pytest.mark.usefixtures("plain_report")
RADII = (0.1, 0.3)


def run(small, root, network="build", **values):
    victim = {"networks": [small.network(network)], **values.pop("victim", {})}
    settings = {"data": small.data, "victim": victim, "radii": RADII, "threads": 1, "batch_size": 3}
    return local.run(ATTACK, AttackSettings.parse({**settings, **values}), root, progress=False)


@pytest.fixture(scope="module")
def plain(small, tmp_path_factory):
    return run(small, tmp_path_factory.mktemp("plain"), attack="bim:steps=3")


@pytest.fixture(scope="module")
def drawing(small, tmp_path_factory):
    """A targeted attack on a victim that draws."""
    victim = {"estimator": "mc-dropout:draws=4"}
    root = tmp_path_factory.mktemp("drawing")
    return run(small, root, "dropout", attack="bim:steps=5,target=1", victim=victim, repeats=2, batch_size=8)


def columns(result, **where):
    found = result.run.table("records").read(**where)
    return {name: found.column(name).to_numpy() for name in found.column_names}


def expected(result, radius, target, repeat):
    own, rounded = (columns(result, variant=each, radius=radius, repeat=repeat) for each in ("attacked", "rounded"))
    tried = np.ones(24, bool) if target is None else own["clean_prediction"] != target

    def won(rows):
        return (rows["prediction"] != rows["clean_prediction"] if target is None else rows["prediction"] == target)[
            tried
        ]

    first = won(own)
    mean = {
        name: own[name][tried][first].mean() if first.any() else None for name in ("linf", "l2", "measured", "changed")
    }
    return {
        "success": first.mean(), "accuracy": (own["prediction"] == own["label"]).mean(), "linf": mean["linf"],
        "l2": mean["l2"], "measured": mean["measured"], "pixels_changed": mean["changed"],
    }, {
        "success": won(rounded).mean(), "accuracy": (rounded["prediction"] == rounded["label"]).mean(),
        "surviving": won(rounded)[first].mean() if first.any() else None,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "target"), [("plain", None), ("drawing", 1)])
def test_the_summary_follows_from_the_records(request, name, target):
    result = request.getfixturevalue(name)
    summary, repeats = result.summary, (0,) if name == "plain" else (1, 2)
    clean = [columns(result, variant="clean", repeat=repeat) for repeat in repeats]
    assert summary["images"] == 24
    right = [(each["prediction"] == each["label"]).mean() for each in clean]
    assert summary["clean"]["accuracy"] == pytest.approx(np.mean(right))
    for row, radius in zip(summary["attacked"], RADII, strict=True):
        spent = columns(result, variant="attacked", radius=radius, repeat=0)
        assert row["radius"] == radius
        assert row["tried"] == (24 if target is None else (spent["clean_prediction"] != target).sum())
        assert (row["gradients"], row["queries"]) == (spent["gradients"].mean(), spent["queries"].mean())
        found = [expected(result, radius, target, repeat) for repeat in repeats]
        for at, (figures, beside) in enumerate(((row, row.get("draws")), (row["rounded"], None))):
            for figure in found[0][at]:
                values = [each[at][figure] for each in found]
                assert figures[figure] == pytest.approx(np.mean(values)), figure
                if beside is not None:
                    assert beside["std"][figure] == pytest.approx(np.std(values, ddof=1), abs=1e-12), figure
        assert row["success"] > 0
        assert ("draws" in row) == (name == "drawing")
        if name == "drawing":
            own, rounded = expected(result, radius, target, 0)
            assert row["draws"]["repeats"] == 2
            assert {each: row["draws"]["own"][each] for each in own} == pytest.approx(own)
            assert row["draws"]["own"]["rounded"] == pytest.approx(rounded)


def test_labels_that_draws_change_without_any_attack(drawing):
    clean = [columns(drawing, variant="clean", repeat=repeat) for repeat in (1, 2)]
    changed = [(each["prediction"] != each["clean_prediction"]).mean() for each in clean]
    assert drawing.summary["clean"]["changed"] == pytest.approx(np.mean(changed))
    assert drawing.summary["clean"]["draws"]["own"]["changed"] == 0


HEADS = {
    "radius": "radius", "tried": "tried", "success": "success %", "rounded": "8 bits %", "accuracy": "accuracy %",
    "linf": "L-inf", "l2": "L2", "own": "success, attack’s draws %", "gradients": "gradients per image",
    "queries": "queries per image",
}  # fmt: skip
"""Which number of the summary each column shows."""


@pytest.mark.parametrize("name", ["plain", "drawing"])
def test_every_cell_of_the_table_is_the_summarys(request, name):
    result = request.getfixturevalue(name)
    shown = table(result.summary)
    heads = {each: head for each, head in HEADS.items() if each != "own" or name == "drawing"}
    assert [f"{column.title} {column.unit}".strip() for column in shown.columns] == list(heads.values())
    for cells, row in zip(shown.rows, result.summary["attacked"], strict=True):
        by = dict(zip(heads, map(raw, cells), strict=True))
        assert by.pop("rounded") == row["rounded"]["success"]
        if name == "drawing":
            assert by.pop("own") == row["draws"]["own"]["success"]
            spread = 100 * row["draws"]["std"]["success"]
            assert by.pop("success") == f"{100 * row['success']:.2f} ± {spread:.2f}"
        assert by == {key: row[key] for key in by}
    (line,) = (line for line in text.plain_table(shown).splitlines() if line.split()[0] == "0.3")
    assert float(line.split()[2]) == pytest.approx(100 * result.summary["attacked"][1]["success"], abs=0.0051)


def test_the_report_says_what_the_summary_says(plain, drawn):
    summary, report = plain.summary, plain.report
    worst = max(summary["attacked"], key=lambda row: row["success"])
    assert report.headline == (
        f"24 images, {100 * summary['clean']['accuracy']:.2f} % right before the attack; "
        f"within {worst['radius']:g}, {100 * worst['success']:.2f} % of the attacks succeed."
    )
    bars = [float(row["value"]) for row in drawn(plain.figures["success"].panels[0])]
    shares = [row["success"] for row in summary["attacked"]] + [
        row["rounded"]["success"] for row in summary["attacked"]
    ]
    assert bars == pytest.approx([100 * share for share in shares], rel=1e-3)
    said = text.text(report)
    for name in ("attacked-0.npz", "attacked-1.npz"):
        assert str(plain.folder / name) in said
        assert (plain.folder / name).is_file()


def test_where_nothing_succeeds_there_is_no_number():
    row = {"radius": 0.1, "tried": 0, "success": None, "rounded": {"success": None}, "accuracy": 1.0}
    row |= dict.fromkeys(("linf", "l2")) | {"gradients": 1.0, "queries": 0.0}
    summary = {"images": 1, "clean": {"accuracy": 1.0}, "attacked": [row]}
    assert headline(summary).endswith("within 0.1, no image was tried.")
    assert text.plain_table(table(summary)).splitlines()[-1].split()[:4] == ["0.1", "0", "-", "-"]


def test_the_first_images_are_shown_and_kept_whole(plain):
    (pictures,) = (block for block in plain.report.blocks() if isinstance(block, Pictures))
    assert len(pictures.items) == 2 * 4  # at every radius the first four
    with np.load(plain.folder / "attacked-1.npz") as file:
        kept = dict(file)
    found = columns(plain, variant="attacked", radius=0.3, repeat=0)
    assert kept["predictions"].tolist() == found["prediction"].tolist()
    assert kept["samples"].tolist() == found["sample"].tolist() == list(range(24))
    changes = np.abs(kept["images"] - kept["originals"]).reshape(24, -1)
    assert changes.max(1) == pytest.approx(found["linf"], abs=1e-6)
    assert np.sqrt((changes**2).sum(1)) == pytest.approx(found["l2"], rel=1e-4)


@pytest.mark.parametrize("goal", ["underconfidence", "disrupt"])
def test_confidence_is_attacked_where_the_word_says_so(small, tmp_path, goal):
    result = run(small, tmp_path, attack=f"ace:goal={goal}", radii=[0.05], batch_size=8)
    assert result.summary["attacked"][0]["success"] == 0  # labels are kept
    clean, found = columns(result, variant="clean"), columns(result, variant="attacked")
    moved = found["measure:max_probability"] - clean["measure:max_probability"]
    right = clean["prediction"] == clean["label"]
    assert (moved[found["accepted"] > 0] > 0).all() == (goal == "underconfidence")
    assert moved[right].max() > 0


OWN = """
from dataclasses import dataclass
from typing import ClassVar

from feint.attacks import FGSM
from neighbour import SCALE

made = FGSM()


@dataclass(frozen=True)
class Weaker:
    share: float = 0.5

    distance: ClassVar[str] = "linf"
    raises: ClassVar[str] = "loss"
    seeks: ClassVar[str] = "ball"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = True
    keeps_best: ClassVar[bool] = False

    def __call__(self, objective, inputs, budget, condition=None, *, batch_size=None, samples=None):
        less = type(budget)(SCALE * self.share * budget.radius, budget.norm, budget.bounds)
        return FGSM()(objective, inputs, less, condition, batch_size=batch_size, samples=samples)


def function(objective, inputs, budget):
    return inputs
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "neighbour.py").write_text("SCALE = 1.0\n")
    (tmp_path / "mine.py").write_text(OWN)
    return tmp_path / "mine.py"


def told(result):
    return {name: value for name, value in result.summary.items() if name not in ("run", "attack")}


def test_an_attack_of_ones_own(small, tmp_path, own):
    made = run(small, tmp_path / "runs", attack=f"{own}:made", batch_size=8)
    theirs = run(small, tmp_path / "runs", attack="fgsm", batch_size=8)
    assert made.run.id != theirs.run.id
    assert told(made) == told(theirs)
    half = run(small, tmp_path / "runs", attack=f"{own}:Weaker:share=0.25", batch_size=8)
    assert half.run.settings.attack.settings == {"share": 0.25}
    assert columns(half, variant="attacked", radius=0.3)["linf"].max() == pytest.approx(0.075, abs=1e-6)
    own.write_text(own.read_text() + "# edited\n")
    assert run(small, tmp_path / "runs", attack=f"{own}:made", batch_size=8).run.id != made.run.id


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("function", "function: expected an attack, which declares distance, raises, .*got function without distance"),
        ("SCALE", "got float without distance"),
        ("made:norm=l2", "expected no settings of what is made already, got norm"),
        ("Weaker:shar=0.1", "did you mean 'share'"),
        ("Weaker:share=much", "Weaker.share: expected a valid number"),
        ("absent", "absent"),
    ],
)
def test_what_is_no_attack_of_ones_own(small, tmp_path, own, word, message):
    with pytest.raises(FeintError, match=message) as raised:
        run(small, tmp_path / "runs", attack=f"{own}:{word}")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "runs").exists()
