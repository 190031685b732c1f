"""An audit's records, and its summary recomputed from them by numpy alone."""

import numpy as np
import pytest
from PIL import Image

from feint.errors import DataError, SpecError
from feint.experiments.audit import AUDIT, AuditSettings
from feint.experiments.audit.work import Audit
from feint.reports.text import text
from feint.runs.runners import local
from feint.victims import records

pytestmark = pytest.mark.usefixtures("plain_report")
RADII = (0.01, 0.05)
COVERAGES = (0.25, 0.5, 0.75, 0.9, 0.95, 0.98)


@pytest.fixture
def run(small, tmp_path):
    """Run an audit of a network of the file: three parts of 8 images at two radii."""

    def call(network="build", *more, root=tmp_path / "runs", **values):
        common = {"data": small.data, "radii": RADII, "batch_size": 2, "threads": 1}
        victim = {"networks": [small.network(each) for each in (network, *more)], **values.pop("victim", {})}
        settings = AuditSettings.parse({**common, "victim": victim, **values})
        return local.run(AUDIT, settings, root, command="feint audit", progress=False)

    return call


@pytest.fixture(scope="module")
def plain(small, tmp_path_factory):
    settings = {"data": small.data, "victim": {"networks": [small.network("build")]}, "radii": RADII, "threads": 1}
    root = tmp_path_factory.mktemp("plain")
    return local.run(AUDIT, AuditSettings.parse({**settings, "batch_size": 2}), root, progress=False)


@pytest.fixture(scope="module")
def drawing(small, tmp_path_factory):
    """MC dropout, judged by two sets of fresh draws."""
    victim = {"networks": [small.network("dropout")], "estimator": "mc-dropout:draws=5"}
    settings = {"data": small.data, "victim": victim, "radii": RADII, "threads": 1, "batch_size": 8, "repeats": 2}
    return local.run(AUDIT, AuditSettings.parse(settings), tmp_path_factory.mktemp("drawing"), progress=False)


def columns(result, **where):
    table = result.run.table("records").read(**{"repeat": 0, **where})
    return {name.removeprefix(records.MEASURE): table.column(name).to_numpy() for name in table.column_names}


def aurc(doubt, wrong):
    """The mean over k of the error rate among the k most certain; equals count as their mean."""
    risk, left = np.empty(len(doubt)), 0.0
    order = np.argsort(doubt, kind="stable")
    doubt, wrong = doubt[order], wrong[order].astype(float)
    for value in np.unique(doubt):
        wrong[doubt == value] = wrong[doubt == value].mean()
    for at, each in enumerate(wrong):
        left += each
        risk[at] = left / (at + 1)
    return risk.mean()


def calibration(confidence, right):
    """ECE over 15 bins of equal width, open below; and the largest gap up to any confidence."""
    bins = np.clip(np.ceil(15 * confidence) - 1, 0, 14)
    gaps = [np.abs((right[bins == at] - confidence[bins == at]).sum()) for at in range(15)]
    order = np.argsort(confidence)
    return sum(gaps) / len(right), np.abs(np.cumsum((right - confidence)[order])).max() / len(right)


def tau(before, after):
    """Kendall's tau-b, pair by pair."""
    first, second = (np.sign(values[:, None] - values[None]) for values in (before, after))
    return (first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum())


def quality(found, measure="max_probability"):
    wrong, doubt = found["prediction"] != found["label"], found[measure]
    area, best, worst = aurc(doubt, wrong), aurc(wrong, wrong), aurc(-wrong.astype(float), wrong)
    ece, ks = calibration(1 - found["max_probability"], ~wrong)
    accuracy = 1 - wrong.mean()
    order = np.argsort(doubt, kind="stable")
    risks = [wrong[order][: int(np.ceil(at * len(wrong) - 1e-9))].mean() for at in COVERAGES]
    return {
        "aurc": area, "e_aurc": area - best, "nll": -found["log_prob_label"].mean(), "brier": found["brier"].mean(),
        "ece": ece, "ks": ks, "accuracy": accuracy,
    }, {"risks": risks, "best": best, "worst": worst}  # fmt: skip


def test_the_summary_follows_from_the_records(plain):
    summary = plain.summary
    assert (summary["measure"], summary["images"]) == ("max_probability", 24)
    clean = columns(plain, variant="clean")
    stages = [(summary["clean"], clean)]
    stages += [(row, columns(plain, variant="attacked", radius=row["radius"])) for row in summary["attacked"]]
    assert [row["radius"] for row in summary["attacked"]] == list(RADII)
    for row, found in stages:
        assert len(found["sample"]) == 24
        expected, more = quality(found)
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-9)
        assert [point["value"] for point in row["selective_risk"]] == list(COVERAGES)
        assert [point["risk"] for point in row["selective_risk"]] == pytest.approx(more["risks"])
        auroc = 1 - _pairs(found["max_probability"], found["prediction"] != found["label"])
        accuracy = row["accuracy"]
        assert row["augrc"] == pytest.approx((1 - auroc) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2)
        assert (found["measured"] <= row.get("radius", 0) + 6e-8).all()
    _, more = quality(clean)
    assert (summary["clean"]["best_aurc"], summary["clean"]["worst_aurc"]) == pytest.approx(
        (more["best"], more["worst"])
    )
    for row in summary["attacked"]:
        found = columns(plain, variant="attacked", radius=row["radius"])
        rounded = columns(plain, variant="rounded", radius=row["radius"])
        assert row["effective_radius"] == pytest.approx(found["accepted"].mean())
        assert row["measured_radius"] == pytest.approx(found["measured"].mean())
        assert row["kept"] == (found["prediction"] == found["clean_prediction"]).mean() == 1.0
        assert (row["gradients"], row["queries"]) == (found["gradients"].mean(), found["queries"].mean())
        assert row["kendall_tau"] == pytest.approx(tau(clean["max_probability"], found["max_probability"]))
        assert row["of_worst"] == pytest.approx(row["aurc"] / quality(found)[1]["worst"])
        expected, _ = quality(rounded)
        assert {name: row["rounded"][name] for name in expected} == pytest.approx(expected, abs=1e-9)
        assert row["directionless"] == found["directionless"].sum()
        assert row["rounded"]["largest"] == rounded["measured"].max()
        assert row["rounded"]["outside"] == (rounded["measured"] > row["radius"] + 6e-8).mean()
        assert row["rounded"]["pixels_changed"] == pytest.approx(rounded["changed"].mean())
        assert row["rounded"]["kept"] == (rounded["prediction"] == rounded["clean_prediction"]).mean()
    reached = [row["radius"] for row in summary["attacked"] if row["of_worst"] >= 0.9]
    assert summary["radius_for_ninety_percent"] == min(reached, default=None)


def _pairs(doubt, wrong):
    """The share of pairs of a wrong and a right prediction of which the right one is the more uncertain."""
    right, bad = doubt[~wrong][:, None], doubt[wrong][None]
    return ((right > bad) + 0.5 * (right == bad)).mean()


def test_thresholds_follow_from_the_records(plain):
    clean = columns(plain, variant="clean")
    assert [row["value"] for row in plain.summary["thresholds"]][:3] == [0.5, 0.7, 0.9]
    for row in plain.summary["thresholds"]:
        if row["calibrated_to"] == "coverage":
            answered = int(np.ceil(row["value"] * 24 - 1e-9))
            assert row["threshold"] == np.sort(clean["max_probability"])[answered - 1]
        else:
            assert row["clean"]["risk"] <= row["value"]
        assert [found["radius"] for found in row["attacked"]] == list(RADII)
        for said, found in zip(
            (row["clean"], *row["attacked"]),
            (clean, *(columns(plain, variant="attacked", radius=radius) for radius in RADII)),
            strict=True,
        ):
            chosen = found["max_probability"] <= row["threshold"]
            assert said["coverage"] == pytest.approx(chosen.mean())
            wrong = (found["prediction"] != found["label"])[chosen]
            assert said["risk"] == (pytest.approx(wrong.mean()) if chosen.any() else None)


def test_per_class(plain):
    clean, attacked = columns(plain, variant="clean"), columns(plain, variant="attacked", radius=max(RADII))
    assert sum(row["images"] for row in plain.summary["classes"]) == 24
    for row in plain.summary["classes"]:
        own = clean["label"] == row["label"]
        assert row["images"] == own.sum()
        assert row["accuracy"] == pytest.approx((clean["prediction"] == clean["label"])[own].mean())
        assert row["confidence"] == pytest.approx((1 - clean["max_probability"])[own].mean())
        assert row["confidence_attacked"] == pytest.approx((1 - attacked["max_probability"])[own].mean())


def test_the_attack_does_what_it_is_for(plain):
    clean = columns(plain, variant="clean")
    for radius in RADII:
        found = columns(plain, variant="attacked", radius=radius)
        assert (found["prediction"] == clean["prediction"]).all()
        assert found["feasible"].all()
        assert (found["gradients"] == 1).all()
        moved = found["max_probability"] - clean["max_probability"]
        right, far = clean["prediction"] == clean["label"], found["accepted"] > 0
        assert (moved[right & far] > 0).all()
        assert (moved[~right & far] < 0).all()
    assert plain.summary["attacked"][-1]["aurc"] > plain.summary["clean"]["aurc"]


def test_a_cut_has_the_same_rows(plain, run, small):
    cut = run(data={"source": small.data, "first": 10})
    for variant in records.VARIANTS:
        whole, less = (result.run.table("records").read(variant=variant) for result in (plain, cut))
        rows = [sorted(table.to_pylist(), key=lambda row: (row["radius"], row["sample"])) for table in (whole, less)]
        assert [row for row in rows[0] if row["sample"] < 10] == rows[1] != []


def test_random_signs_of_the_same_radius_stand_beside(plain):
    clean = columns(plain, variant="clean")
    for radius in RADII:
        found = columns(plain, variant="random", radius=radius)
        assert found["sample"].tolist() == clean["sample"].tolist()
        assert (found["prediction"] == clean["prediction"]).all()  # searched along as the attack is
        assert (found["gradients"] == 0).all()
        assert (found["queries"] >= 1).all()
        assert (found["measured"] <= radius + 6e-8).all()
        assert (found["measured"] == found["accepted"]).any() or found["accepted"].max() > 0
        attacked = columns(plain, variant="attacked", radius=radius)
        moved = [np.abs(each["max_probability"] - clean["max_probability"]).mean() for each in (found, attacked)]
        assert 0 < moved[0] < moved[1]  # what of the damage is the noise's
    first, second = (columns(plain, variant="random", radius=radius) for radius in RADII)
    assert not np.array_equal(first["max_probability"], second["max_probability"])


def test_without_the_baseline_all_else_is_the_same(plain, run):
    bare = run(baseline="none")
    assert len(bare.run.table("records").read(variant="random")) == 0
    assert bare.run.id != plain.run.id
    for variant in ("clean", "attacked", "rounded"):
        first, second = (result.run.table("records").read(variant=variant) for result in (plain, bare))
        assert first.to_pylist() == second.to_pylist()
    beside = [{name: value for name, value in row.items() if name != "random"} for row in plain.summary["attacked"]]
    assert {**plain.summary, "run": 0, "attacked": beside} == {**bare.summary, "run": 0}
    assert len(bare.report.tables()[0].rows) == 1 + len(RADII)


def test_an_attack_of_another_distance_has_no_such_baseline(run):
    result = run(attack="ace:norm=l2", radii=[0.5])
    assert result.run.table("records").distinct("variant") == ["clean", "attacked", "rounded"]
    assert result.summary["attacked"][0]["kept"] == 1


@pytest.mark.parametrize("goal", ["reverse", "random-confidence"])
def test_targets_are_of_all_images(run, goal):
    result = run(attack=f"iterative-ace:steps=4,goal={goal}", radii=[0.05])
    clean = columns(result, variant="clean")
    assert (columns(result, variant="attacked")["prediction"] == clean["prediction"]).all()
    if goal == "reverse":
        ranks = result.run.table("ranks").read()
        assert ranks.column("sample").to_pylist() == list(range(24))
        assert ranks.column("uncertainty").to_numpy() == pytest.approx(clean["max_probability"], rel=1e-6)
        assert result.summary["attacked"][0]["kendall_tau"] < 0.5
    else:
        with pytest.raises(Exception, match="ranks"):
            result.run.table("ranks").read()


def test_ranks_of_an_interrupted_reversal_are_used_again(run, monkeypatch):
    word = {"attack": "iterative-ace:steps=2,goal=reverse", "radii": [0.05]}
    records_of, calls = Audit._records, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return records_of(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Audit, "_records", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(**word)
    monkeypatch.setattr(Audit, "_ranks", None)  # they are there
    resumed = run(**word)
    assert len(resumed.run.table("records").read(variant="attacked")) == 24


def test_a_gradient_passes_through_every_network(run, small):
    proxies = {"proxies": [small.network("other"), small.network("third")]}
    result = run(knowledge=proxies)
    found = columns(result, variant="attacked", radius=RADII[0])
    assert (found["gradients"] == 2).all()
    assert result.summary["attacked"][0]["kept"] == 1
    assert result.summary["attacked"][0]["gradients"] == 2


def test_images_that_cannot_be_read_are_reported(run, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(4):
        pixels = np.random.default_rng(index).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "2.png").write_bytes(b"no picture")
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"{index}.png,{index % 2}\n" for index in range(4)))
    with pytest.raises(DataError, match=r"2\.png"):
        run(data=str(folder))
    result = run(data={"source": str(folder), "on_error": "skip"})
    assert result.summary["images"] == 3
    ((where, reason),) = result.summary["skipped"]
    assert "2.png" in where
    said = text(result.report, full=True)
    assert "1 image was skipped" in said
    assert reason.split(":")[0] in said


def test_a_victim_that_draws_is_judged_by_fresh_draws(drawing):
    summary = drawing.summary
    assert summary["measure"] == "predictive_entropy"
    table = drawing.run.table("records")
    assert sorted(table.distinct("repeat", variant="attacked")) == [0, 1, 2]
    assert sorted(table.distinct("repeat", variant="rounded")) == [0, 1, 2]
    assert sorted(table.distinct("repeat", variant="random")) == [0, 1, 2]
    assert {"measure:mutual_information", "measure:softmax_variance"} <= set(table.names)
    entries = [(summary["clean"], {"variant": "clean"})]
    entries += [(row, {"variant": "attacked", "radius": row["radius"]}) for row in summary["attacked"]]
    entries += [(row["random"], {"variant": "random", "radius": row["radius"]}) for row in summary["attacked"]]
    for row, where in entries:
        repeats = [columns(drawing, repeat=repeat, **where) for repeat in (1, 2)]
        found = [quality(each, "predictive_entropy")[0] for each in repeats]
        assert row["draws"]["repeats"] == 2
        own = quality(columns(drawing, repeat=0, **where), "predictive_entropy")[0]
        for name in found[0]:
            values = [each[name] for each in found]
            assert row[name] == pytest.approx(np.mean(values), abs=1e-9)
            assert row["draws"]["std"][name] == pytest.approx(np.std(values, ddof=1), abs=1e-9)
            assert row["draws"]["own"][name] == pytest.approx(own[name], abs=1e-9)
        kept = [(each["prediction"] == each["clean_prediction"]).mean() for each in repeats]
        assert row["kept"] == pytest.approx(np.mean(kept))
    for row in summary["attacked"]:
        assert row["draws"]["own"]["kept"] == 1.0  # under the attack's own masks
        seeds = {columns(drawing, variant="attacked", radius=row["radius"], repeat=at)["seed"][0] for at in range(3)}
        assert len(seeds) == 3
        before = [columns(drawing, variant="clean", repeat=repeat) for repeat in (1, 2)]
        after = [columns(drawing, variant="attacked", radius=row["radius"], repeat=repeat) for repeat in (1, 2)]
        left = [tau(a["predictive_entropy"], b["predictive_entropy"]) for a, b in zip(before, after, strict=True)]
        assert row["kendall_tau"] == pytest.approx(np.mean(left))
    reached = [row["radius"] for row in summary["attacked"] if row["of_worst"] >= 0.9]
    assert summary["radius_for_ninety_percent"] == min(reached, default=None)
    repeats = [columns(drawing, variant="attacked", radius=max(RADII), repeat=at) for at in (1, 2)]
    joined = [np.concatenate([each[name] for each in repeats]) for name in ("label", "max_probability")]
    for row in summary["classes"]:
        assert row["confidence_attacked"] == pytest.approx((1 - joined[1])[joined[0] == row["label"]].mean())


def test_another_measure_ranks_and_is_attacked(drawing, run):
    victim = {"estimator": "mc-dropout:draws=5"}
    result = run("dropout", victim=victim, measure="mutual-information", repeats=0, radii=[0.05], batch_size=8)
    assert result.summary["measure"] == "mutual_information"
    assert result.run.settings.attack.measure == "mutual_information"
    assert result.summary["clean"]["aurc"] != drawing.summary["clean"]["aurc"]
    assert "draws" not in result.summary["clean"]


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_ensembles(run, average):
    result = run("build", "other", victim={"average": average}, radii=[0.05], batch_size=8)
    assert result.summary["attacked"][0]["kept"] == 1.0
    assert ("measure:mutual_information" in result.run.table("records").names) == (average == "probability")
    assert "draws" not in result.summary["clean"]
    assert result.summary["attacked"][0]["gradients"] == 2


def test_an_ensemble_of_dropout_networks(run):
    victim = {"estimator": "mc-dropout:draws=3"}
    result = run("dropout", "dropout_other", victim=victim, radii=[0.05], batch_size=8)
    assert result.summary["attacked"][0]["draws"]["own"]["kept"] == 1.0
    assert result.summary["clean"]["draws"]["repeats"] == 3


def test_however_it_is_written_it_is_one_run(run, small):
    words = ("ace", "ace:search=backtracking,search.tries=15,goal=disrupt", {"name": "ace", "search": {"decay": "1/2"}})
    ids = {run(attack=word, radii=[0.01], batch_size=8).run.id for word in words}
    assert len(ids) == 1
    other = run(attack="ace:search.decay=0.25", radii=[0.01], batch_size=8)
    assert other.run.id not in ids
    assert run(attack="ace:radii=0.01", radii=[0.3], batch_size=8).run.id in ids  # the word's own radii count


REFUSED = {
    "repeats": ({"repeats": 2}, "repeats: expected a victim that draws"),
    "measure": ({"measure": "mutual_information"}, "mutual_information"),
    "labels": ({"attack": "ace:goal=labels"}, "ace.goal: expected one of disrupt"),
    "keeps no label": ({"attack": "cw"}, "cw: expected an attack that can keep a label, or --any-label; got cw"),
    "evade": ({"attack": "bim:goal=disrupt,evade=margin"}, "bim.evade: expected an attack on labels"),
    "grey levels": ({"radii": [8]}, "radii: expected at most 1, the full range of a pixel, got 8; 8/255 is 0.0314"),
    "indirect": ({"knowledge": {"indirect": True}}, "indirect: expected a victim with dropout"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_together_leaves_nothing(run, tmp_path, case):
    values, message = REFUSED[case]
    with pytest.raises((SpecError, ValueError), match=message.replace(".", r"\.").replace("(", r"\(")) as raised:
        run(**values)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "runs").exists()
