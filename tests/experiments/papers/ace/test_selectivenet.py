"""The table of SelectiveNet, recomputed by numpy from the records of its audits."""

import math

import numpy as np
import pytest

from feint.errors import SpecError
from feint.experiments.audit import AUDIT
from feint.experiments.papers.ace import SELECTIVENET, SOFTMAX
from feint.experiments.papers.ace.beside import beside
from feint.experiments.papers.ace.paper import DIRECT, INDIRECT, PAPER_TABLE_4
from feint.experiments.papers.ace.report import selection
from feint.experiments.training import TRAINING
from feint.reports import text
from feint.runs.run import Run
from feint.runs.runners import local

pytestmark = pytest.mark.usefixtures("plain_report")
RADII, WANTED = (5e-3, 0.06), 0.7
NETWORK = """
from torch import nn


def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
"""


class Trained:
    """Two victims for digits, "s" with a selector and "plain" without, and runs with them."""

    def __init__(self, root):
        self.root = root
        (root / "network.py").write_text(NETWORK)
        for name, estimator in (("s", f"selective-net:coverage={WANTED}"), ("plain", "softmax")):
            settings = TRAINING.settings.parse(
                {
                    "name": name,
                    "network": f"{root / 'network.py'}:build",
                    "estimator": estimator,
                    "data": {"split": "train", "first": 300},
                    "test": {"first": 60},
                    "recipe": {"epochs": 6, "training_batch": 20, "validation_share": 0.0},
                    "threads": 1,
                }
            )
            local.run(TRAINING, settings, root / "trainings", victims=root, progress=False)

    def run(self, experiment, out="runs", **values):
        settings = experiment.settings.parse({"data": {"first": 80}, "radii": RADII, "threads": 1, "seed": 2, **values})
        return local.run(experiment, settings, self.root / out, victims=self.root, allow_code=True, progress=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return Trained(tmp_path_factory.mktemp("selectors"))


@pytest.fixture(scope="module")
def found(trained):
    return trained.run(SELECTIVENET, victims=["s"])


def audits(trained, found):
    """Each block's rows and its audit."""
    for setting in ("direct", "indirect"):
        rows = [row for row in found.summary["rows"] if row["setting"] == setting]
        yield setting, rows, Run.load(trained.root / "runs" / rows[0]["run"], AUDIT)


def test_both_aims_are_judged_by_the_selector(trained, found):
    assert len(found.summary["rows"]) == 6
    for setting, rows, run in audits(trained, found):
        assert [row["radius"] for row in rows] == [None, *RADII]
        assert run.settings.measure == "native"
        assert run.settings.attack.measure == ("native" if setting == "direct" else "max_probability")
        assert not run.settings.knowledge.indirect
        assert run.settings.victim.estimator.name == "selective-net"
        assert all(row["kept"] == 1 for row in rows[1:])
    direct, indirect = (run.table("records") for *_, run in audits(trained, found))
    columns = [
        [records.column(name, variant="attacked", radius=0.06) for records in (direct, indirect)]
        for name in ("measure:native", "measure:max_probability")
    ]
    for name, (aimed, other) in zip(("selector", "softmax"), (columns[0], columns[1][::-1]), strict=True):
        wrong = direct.column("prediction", variant="clean") != direct.column("label", variant="clean")
        harm = [float(np.where(wrong, -moved, moved).mean()) for moved in (aimed, other)]
        assert harm[0] > harm[1], name  # whoever aims at something moves it further


def test_the_table_is_what_numpy_makes_of_the_records(trained, found):
    count = 80
    first = np.zeros(count, dtype=bool)
    first[np.random.default_rng(2).permutation(count)[:40]] = True
    for _, rows, run in audits(trained, found):
        answered = threshold = None
        for row in rows:
            where = {"variant": "clean"} if row["radius"] is None else {"variant": "attacked", "radius": row["radius"]}
            doubt = run.table("records").column("measure:native", **where)
            wrong = run.table("records").column("prediction", **where) != run.table("records").column("label", **where)
            if answered is None:
                answered = int((doubt <= 0.5).sum())
                at = [np.sort(doubt[half])[math.ceil(WANTED * 40) - 1] for half in (first, ~first)]
                threshold = np.where(first, at[1], at[0])
                halves = [(doubt[half] <= threshold[half]).mean() for half in (first, ~first)]
                assert 0 < answered < count
            assert len(np.unique(doubt)) == count  # no ties
            order = wrong[np.argsort(doubt)]
            assert row["coverage"] == (doubt <= 0.5).mean()
            assert row["risk"] == pytest.approx(wrong[doubt <= 0.5].mean())
            assert row["selective_risk"] == pytest.approx(order[:answered].mean())
            assert row["aurc"] == pytest.approx((order.cumsum() / np.arange(1, count + 1)).mean())
            assert row["calibrated_coverage"] == (doubt <= threshold).mean()
            assert row["calibrated_risk"] == pytest.approx(wrong[doubt <= threshold].mean())
            assert row["accuracy"] == pytest.approx(1 - wrong.mean())
        assert rows[0]["selective_risk"] == pytest.approx(rows[0]["risk"])
        assert rows[2]["aurc"] > rows[0]["aurc"]
    for row in found.summary["calibrated"]:
        assert row["wanted"] == WANTED
        assert row["calibrated_thresholds"] == at
        assert row["calibrated_coverages"] == pytest.approx(halves)


def test_the_table_shows_the_summarys_numbers(found):
    shown, told = selection(found.summary)
    names = ("coverage", "risk", "selective_risk", "calibrated_coverage", "calibrated_risk")
    assert [cells[3:] for cells in shown.rows] == [tuple(row[name] for name in names) for row in found.summary["rows"]]
    halves = [f"{100 * each:.1f}" for each in found.summary["calibrated"][0]["calibrated_coverages"]]
    assert told.items == (
        "s: calibrated to a coverage of 70.0 % on each half of the clean images, which judges the other: they answer "
        f"{' and '.join(halves)} %",
    )
    said = text.text(found.report)
    assert told.items[0] in said
    assert "Table 4 of the paper beside ours" in said


def test_table_4_stands_beside(found):
    shown = beside(found.summary)[0]
    ours = {(row["setting"], row["radius"]): row for row in found.summary["rows"]}
    called = {"direct": DIRECT, "indirect": INDIRECT}
    assert len(shown.rows) == 2 * 2 * 2  # settings, clean and 5e-3, the paper's victims
    before = None
    for _, setting, radius, victim, *numbers in shown.rows:
        theirs = next(
            row
            for row in PAPER_TABLE_4
            if (row.setting, row.victim, row.epsilon) == (called[setting], victim, 0 if radius == "clean" else radius)
        )
        printed = (theirs.aurc, theirs.nll, theirs.brier, theirs.accuracy, theirs.selective_risk)
        assert tuple(numbers[1::2]) == (theirs.effective or None, *printed)
        row = ours[setting, None if radius == "clean" else radius]
        if before == (setting, radius):
            assert set(numbers[::2]) == {""}
        else:
            mine = (1000 * row["aurc"], row["nll"], row["brier"], 100 * row["accuracy"], row["selective_risk"])
            assert tuple(numbers[::2]) == (row["effective_radius"], *mine)
        before = (setting, radius)


def test_an_audit_of_the_selector_is_the_direct_block(trained, found):
    audited = trained.run(AUDIT, victim={"card": "s"}, measure="native")
    assert audited.run.id == found.summary["rows"][0]["run"]
    selector = audited.summary["selector"]
    assert (selector["threshold"], selector["wanted"]) == (0.5, WANTED)
    assert "What the selector answers" in text.text(audited.report)
    assert "selector" not in trained.run(AUDIT, victim={"card": "s"}).summary  # ranked by its softmax


def test_another_coverage_may_be_wanted(trained, found):
    other = trained.run(SELECTIVENET, victims=["s:estimator.coverage=0.5"])
    assert {row["wanted"] for row in other.summary["calibrated"]} == {0.5}
    for before, after in zip(found.summary["rows"], other.summary["rows"], strict=True):
        assert before["coverage"] == after["coverage"]
        assert before["aurc"] == after["aurc"]
        assert before["calibrated_coverage"] > after["calibrated_coverage"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"victims": []}, "victim: expected at least one --victim with a selector, got none"),
        ({"victims": ["plain"]}, r"victim: expected a selector \(feint train NAME --estimator .*\), got softmax"),
        ({"victims": ["s", "plain"]}, "victim: expected a selector"),
        ({"victims": ["nobody"]}, "victim: expected one in .*, got 'nobody'"),
    ],
)
def test_victims_without_a_selector_are_refused(trained, values, message):
    with pytest.raises(SpecError, match=message):
        trained.run(SELECTIVENET, out="refused", **values)
    assert not (trained.root / "refused").exists()


def test_the_other_tables_refuse_a_network_with_a_selector_around_it(trained):
    settings = SOFTMAX.settings.parse({"victim": "s", "data": {"first": 80}, "threads": 1})
    with pytest.raises(SpecError, match="victim: expected networks that predict by themselves, got selective-net"):
        local.run(SOFTMAX, settings, trained.root / "refused", victims=trained.root, allow_code=True, progress=False)


def test_indirect_says_how_to_aim_at_the_softmax(trained):
    with pytest.raises(SpecError, match=r"indirect: expected a victim with dropout.*ace:measure=max_probability"):
        trained.run(AUDIT, out="refused", victim={"card": "s"}, knowledge={"indirect": True}, measure="native")
