"""The tables of the paper on ACE: which blocks they have, and that their figures are those of the audits below."""

import json

import numpy as np
import pytest

from feint.errors import SpecError
from feint.experiments.audit import AUDIT
from feint.experiments.audit.work import Audit
from feint.experiments.papers.ace import ENSEMBLE, MC_DROPOUT, SOFTMAX
from feint.experiments.papers.ace.beside import beside
from feint.experiments.papers.ace.paper import MATCHING, PAPER_TABLE_1, PAPER_TABLE_2
from feint.experiments.papers.ace.report import table
from feint.experiments.papers.ace.work import called_by
from feint.reports import text
from feint.runs.run import Run
from feint.runs.runners import local
from feint.victims.settings import VictimSettings

pytestmark = pytest.mark.usefixtures("plain_report")
WHITE, BLACK = (0.01, 0.05), (0.02, 0.1)
FIGURES = ("aurc", "nll", "brier", "accuracy", "kept", "effective_radius", "gradients", "queries")
NETWORKS = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, seed, dropout=0.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(16, 3))

    def forward(self, images):
        return 4 * self.layers(images - 0.5)

"""
NETWORKS += "".join(f"\n\ndef n{seed}():\n    return Small({seed})\n" for seed in range(6))
NETWORKS += "".join(f"\n\ndef d{seed}():\n    return Small({seed}, dropout=0.5)\n" for seed in range(2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """24 images of three classes and a file of networks."""
    folder = tmp_path_factory.mktemp("reproduce")
    (folder / "networks.py").write_text(NETWORKS)
    drawn = np.random.default_rng(0)
    images = drawn.uniform(0.2, 0.8, (24, 4, 4, 1)).astype(np.float32)
    np.savez(folder / "images.npz", images=images, labels=np.arange(24) % 3)
    return folder


def settings_of(folder, experiment, networks, *, radii=None, **values):
    """Networks given by name: "n0 n1"."""
    roles = ("proxies", "matching_proxies", "foreign_proxies")
    values |= {
        name: [f"{folder / 'networks.py'}:{each}" for each in values[name].split()] for name in roles if name in values
    }
    radii = {"white_radii": WHITE, "black_radii": BLACK} if radii is None else radii
    common = {"data": str(folder / "images.npz"), "threads": 1, "batch_size": 10, "seed": 3, "repeats": 2}
    named = [f"{folder / 'networks.py'}:{each}" for each in networks.split()]
    return experiment.settings.parse({**common, **radii, "networks": named, **values})


@pytest.fixture(scope="module")
def reproduced(folder):
    """The summary of an experiment's table."""

    def call(experiment, networks, *, out="runs", fresh=False, **values):
        settings = settings_of(folder, experiment, networks, **values)
        return local.run(experiment, settings, folder / out, fresh=fresh, command="feint reproduce", progress=False)

    return call


@pytest.fixture(scope="module")
def softmax(reproduced):
    return reproduced(SOFTMAX, "n0 n1 n2")


@pytest.fixture(scope="module")
def ensemble(reproduced):
    roles = {"matching_proxies": "n3", "foreign_proxies": "n4 n5", "proxies": "d0"}
    return reproduced(ENSEMBLE, "n0 n1 n2", sizes=[2, 3], out="ensembles", **roles)


@pytest.fixture(scope="module")
def dropout(reproduced):
    return reproduced(MC_DROPOUT, "d0", proxies="n3 n4", draws=[3, 2], out="dropout")


def blocks(found):
    """Rows put together by victim and setting, in the order of the table."""
    together: dict[tuple[str, str], list[dict]] = {}
    found = getattr(found, "summary", found)
    for row in found["rows"]:
        together.setdefault((row["victim"], row["setting"]), []).append(row)
    assert [row for rows in together.values() for row in rows] == found["rows"]
    return together


def black(setting):
    return setting.startswith("black box")


def specification(root, rows):
    """What was audited for a block."""
    assert len({row["run"] for row in rows}) == 1
    return Run.load(root / rows[0]["run"], AUDIT).settings


def audited(root, rows):
    """The summary of a block's audit, as it lies in its own folder."""
    return json.loads((root / rows[0]["run"] / "summary.json").read_text())


def short(networks):
    return [network.short for network in networks]


@pytest.mark.parametrize(("name", "out"), [("softmax", "runs"), ("ensemble", "ensembles"), ("dropout", "dropout")])
def test_every_block_has_a_clean_row_and_one_per_radius(request, folder, name, out):
    found = request.getfixturevalue(name)
    together = blocks(found)
    assert together
    for (_, setting), rows in together.items():
        radii = BLACK if black(setting) else WHITE
        assert [row["radius"] for row in rows] == [None, *radii]
        spec = specification(folder / out, rows)
        assert spec.radii == radii
        assert bool(spec.knowledge.proxies) == black(setting)
        assert (spec.seed, spec.batch_size, spec.threads) == (3, 10, 1)
    assert len({rows[0]["run"] for rows in together.values()}) == len(together)
    assert len(found.summary["rows"]) == 3 * len(together)


@pytest.mark.parametrize(("name", "out"), [("softmax", "runs"), ("ensemble", "ensembles")])
def test_the_figures_are_those_of_the_audits(request, folder, name, out):
    for rows in blocks(request.getfixturevalue(name)).values():
        summary = audited(folder / out, rows)
        for row, entry in zip(rows, [summary["clean"], *summary["attacked"]], strict=True):
            assert [row[figure] for figure in FIGURES] == [entry.get(figure) for figure in FIGURES]
            assert "own_draws_aurc" not in row
            for point in entry["selective_risk"]:
                assert row[f"risk_at_{point['value']}"] == point["risk"]
        assert rows[2]["aurc"] != rows[0]["aurc"]
        assert all(row["kept"] == 1 for row in rows[1:])


def test_softmax_victims_are_attacked_through_all_the_others(softmax, folder):
    together = blocks(softmax)
    assert softmax.summary["experiment"] == "ace-softmax"
    assert [(victim, black(setting)) for victim, setting in together] == [
        (victim, box) for victim in ("n0", "n1", "n2") for box in (False, True)
    ]
    for (victim, setting), rows in together.items():
        spec = specification(folder / "runs", rows)
        assert short(spec.victim.networks) == [victim]
        assert spec.victim.estimator.name == "softmax"
        assert (spec.attack.name, spec.attack.goal) == ("ace", "disrupt")
        if black(setting):
            assert short(spec.knowledge.proxies) == [name for name in ("n0", "n1", "n2") if name != victim]
            assert "2 proxies" in setting
        else:
            assert setting == "white box"
        assert [row["gradients"] for row in rows[1:]] == [2 if black(setting) else 1] * 2


def test_softmax_victims_are_attacked_through_the_proxies_that_are_named(reproduced, folder):
    together = blocks(reproduced(SOFTMAX, "n0 n1", proxies="n3"))
    assert [(victim, black(setting)) for victim, setting in together] == [
        (victim, box) for victim in ("n0", "n1") for box in (False, True)
    ]
    for (_, setting), rows in together.items():
        expected = ["n3"] if black(setting) else []
        assert short(specification(folder / "runs", rows).knowledge.proxies) == expected
        assert rows[1]["gradients"] == 1


def test_networks_of_one_name_are_told_apart():
    """Such as the members of a victim: their rows are theirs alone."""
    first, second = (VictimSettings.parse({"networks": [f"lenet:weights={name}.pt"]}) for name in "ab")
    assert called_by([first, first, second, first, second]) == ["lenet", "lenet", "lenet (2)", "lenet", "lenet (2)"]
    named = [each.but(name="lenet, 10 passes") for each in (first, second)]
    assert called_by(named) == ["lenet, 10 passes", "lenet (2), 10 passes"]


def test_a_single_softmax_victim_without_proxies_is_a_white_box(reproduced):
    assert list(blocks(reproduced(SOFTMAX, "n0"))) == [("n0", "white box")]


def test_ensembles_by_size_and_by_kind_of_proxies(ensemble, folder):
    together = blocks(ensemble)
    kinds = {"matching": ["n3"], "foreign": ["n4", "n5"], "other": ["d0"]}
    settings = ["white box", *(f"black box, {kind} proxies" for kind in kinds)]
    assert list(together) == [(f"ensemble of {size}", setting) for size in (2, 3) for setting in settings]
    for (victim, setting), rows in together.items():
        spec, size = specification(folder / "ensembles", rows), int(victim[-1])
        assert short(spec.victim.networks) == ["n0", "n1", "n2"][:size]
        proxies = kinds[setting.split()[2]] if black(setting) else []
        assert short(spec.knowledge.proxies) == proxies
        assert [row["gradients"] for row in rows[1:]] == [len(proxies) or size] * 2


def test_an_ensemble_has_all_members_unless_told(reproduced):
    assert list(blocks(reproduced(ENSEMBLE, "n0 n1", out="all"))) == [("ensemble of 2", "white box")]


def test_dropout_by_passes_direct_and_indirect(dropout, folder):
    together = blocks(dropout)
    settings = ["white box, direct", "white box, indirect", "black box"]
    assert [setting for _, setting in together] == 2 * settings
    victims = list(dict.fromkeys(victim for victim, _ in together))
    for victim, draws in zip(victims, (3, 2), strict=True):
        assert "d0" in victim
        assert str(draws) in victim
        specs = [specification(folder / "dropout", together[victim, setting]) for setting in settings]
        for spec in specs:
            assert spec.victim.estimator.name == "mc-dropout"
            assert spec.victim.estimator.settings["draws"] == draws
            assert short(spec.victim.networks) == ["d0"]
            assert spec.repeats == 2
        assert [spec.knowledge.indirect for spec in specs] == [False, True, False]
        assert [short(spec.knowledge.proxies) for spec in specs] == [[], [], ["n3", "n4"]]
        assert [together[victim, setting][1]["gradients"] for setting in settings] == [1, 1, 2]


def test_dropout_is_judged_by_fresh_draws(dropout, folder):
    for rows in blocks(dropout).values():
        summary = audited(folder / "dropout", rows)
        for row, entry in zip(rows, [summary["clean"], *summary["attacked"]], strict=True):
            draws = entry["draws"]
            assert draws["repeats"] == 2
            for figure in ("aurc", "nll", "brier", "accuracy", "kept"):
                assert row[figure] == entry[figure]
            assert row["aurc_std"] == draws["std"]["aurc"]
            assert row["own_draws_aurc"] == draws["own"]["aurc"]
            for figure in ("effective_radius", "gradients", "queries"):
                assert row[figure] == entry.get(figure)
        assert all(row["own_draws_kept"] == 1 for row in rows[1:])
    assert any(row["aurc"] != row["own_draws_aurc"] for row in dropout.summary["rows"])


def test_the_paper_asks_30_and_10_times():
    assert MC_DROPOUT.settings.parse({"networks": "lenet:weights=a.pt"}).draws == (30, 10)


def test_audits_that_are_there_are_read(reproduced, softmax, monkeypatch):
    calls = []
    records = Audit._records
    monkeypatch.setattr(Audit, "_records", lambda *arguments: calls.append(1) or records(*arguments))
    assert reproduced(SOFTMAX, "n0 n1 n2").summary == softmax.summary
    assert not calls
    # Another table of the same audits: they are its children, too.
    assert reproduced(SOFTMAX, "n0 n1 n2", black_radii=(0.3,)).summary["rows"] != softmax.summary["rows"]
    assert len(calls) == 3  # the black boxes


@pytest.mark.parametrize(
    ("experiment", "networks", "values", "message"),
    [
        (SOFTMAX, "", {}, "network: expected at least one --network, or a --victim, got none"),
        (ENSEMBLE, "", {}, "network: expected at least one"),
        (MC_DROPOUT, "", {}, "network: expected at least one"),
        (ENSEMBLE, "n0 n1", {"sizes": [2, 3]}, "size: expected 1 to 2 members, no more than there are networks; got 3"),
        (ENSEMBLE, "n0 n1", {"sizes": [0]}, "sizes: expected greater than or equal to 1"),
        (SOFTMAX, "n0", {"white_radii": [0]}, "white-radii: expected finite numbers above 0"),
        (SOFTMAX, "n0", {"foreign": "n1"}, "foreign: expected one of"),
        (MC_DROPOUT, "n0", {"draws": [0]}, "draws: expected greater than or equal to 1, got 0"),
    ],
)
def test_nothing_is_run_for_settings_that_do_not_fit(reproduced, folder, experiment, networks, values, message):
    with pytest.raises(SpecError, match=message):
        reproduced(experiment, networks, out="refused", **values)
    assert not (folder / "refused").exists()


HEADS = {
    "victim": "victim ", "setting": "setting ", "radius": "radius ", "aurc": "AURC ", "nll": "NLL nats",
    "brier": "Brier 0 to 2", "accuracy": "accuracy ", "kept": "kept ", "effective_radius": "eff. radius ",
    "risk_at_0.25": "risk at 25 % ", "risk_at_0.95": "risk at 95 % ", "gradients": "gradients per image",
    "queries": "queries per image",
}  # fmt: skip
"""The paper's columns, and which number of the summary each shows."""


@pytest.mark.parametrize("name", ["softmax", "ensemble", "dropout"])
def test_the_table_has_the_papers_columns_and_the_summarys_numbers(request, name):
    found = request.getfixturevalue(name)
    rows, shown = found.summary["rows"], table(found.summary)
    heads = HEADS | ({"aurc_std": "± × 1000", "own_draws_aurc": "AURC, attack's draws "} if name == "dropout" else {})
    titles = [f"{column.title} {column.unit}" for column in shown.columns]
    assert sorted(titles) == sorted(heads.values())
    assert titles[:4] == list(HEADS.values())[:4]
    assert len(shown.rows) == len(rows)
    for row, cells in zip(rows, shown.rows, strict=True):
        by = dict(zip(titles, cells, strict=True))
        for key, title in heads.items():
            expected = "clean" if key == "radius" and row[key] is None else row.get(key)
            assert by[title] == expected, (key, title)
    lines = text.plain_table(shown).splitlines()[-len(rows) :]
    at = titles.index("AURC ")
    for row, line in zip(rows, lines, strict=True):
        cells = [cell for cell in line.split("  ") if cell]
        assert [cell.strip() for cell in cells[:2]] == [row["victim"], row["setting"]]
        assert float(cells[at]) == pytest.approx(1000 * row["aurc"], abs=0.006)


def test_the_report_says_what_the_summary_says(softmax, drawn):
    rows, report = softmax.summary["rows"], softmax.report
    worst = max((row for row in rows if row["radius"]), key=lambda row: row["aurc"])
    clean = next(row for row in blocks(softmax)[worst["victim"], worst["setting"]] if row["radius"] is None)
    assert report.headline == (
        f"{worst['victim']}, {worst['setting']}: AURC × 1000 from {1000 * clean['aurc']:.2f} to "
        f"{1000 * worst['aurc']:.2f} within {worst['radius']:g}."
    )
    values = [float(row["value"]) for row in drawn(softmax.figures["aurc"].panels[0])]
    # Group by group: all clean ones, then the first radius of every block, then the second.
    together = list(blocks(softmax).values())
    assert values == pytest.approx([1000 * rows[at]["aurc"] for at in range(3) for rows in together], rel=1e-3)
    assert softmax.summary["differences"] in text.text(report)
    assert "n0, n1, n2 on 24 images of" in softmax.summary["differences"]


def test_the_papers_figures_stand_beside_ours(reproduced):
    found = reproduced(SOFTMAX, "n0 n1", black_radii=(5e-3, 0.1), out="beside")
    shown, whole = beside(found.summary)
    together = blocks(found)
    assert {row.victim for row in PAPER_TABLE_1} == {row[3] for row in shown.rows}
    assert len(shown.rows) == 2 * 2 * 5  # victims; clean and one radius; the paper's victims
    for victim, setting, radius, theirs, *numbers in shown.rows:
        assert setting == "black box, 1 proxy"
        epsilon = 0.0 if radius == "clean" else radius
        (row,) = [row for row in PAPER_TABLE_1 if (row.victim, row.epsilon) == (theirs, epsilon)]
        assert tuple(numbers[1::2]) == (row.effective or None, row.aurc, row.nll, row.brier, row.accuracy)
        (mine,) = [each for each in together[victim, setting] if (each["radius"] or 0.0) == epsilon]
        assert row._asdict() in mine["paper"]
        own = (mine["effective_radius"], 1000 * mine["aurc"], mine["nll"], mine["brier"], 100 * mine["accuracy"])
        assert tuple(numbers[::2]) == (own if theirs == "ResNet50" else ("",) * 5)
    (all_of_it,) = whole.blocks
    assert [row[:2] for row in all_of_it.rows] == [row[:2] for row in PAPER_TABLE_1]
    said = text.text(found.report)
    assert all(name in said for name in ("Table 1 of the paper", "DenseNet161", "436.9", "float32"))


def test_an_ensemble_stands_beside_the_same_kind_of_proxies(ensemble):
    rows = [row for row in ensemble.summary["rows"] if row["paper"]]
    assert {row["setting"] for row in rows} == {"black box, matching proxies", "black box, foreign proxies"}
    matching = next(row for row in rows if "matching" in row["setting"])
    assert matching["paper"] == [row._asdict() for row in PAPER_TABLE_2 if row.setting == MATCHING and not row.epsilon]


def test_a_white_box_alone_has_nothing_beside_it_and_says_so(reproduced):
    found = reproduced(SOFTMAX, "n0")
    assert all(row["paper"] == [] for row in found.summary["rows"])
    said = "None of these settings at these radii is in the paper, whose table 1 has: ensemble of ten ResNet50."
    assert said in text.text(found.report)
