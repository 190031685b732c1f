"""From a summary to what the report shows of it: value by value, and figures from the records."""

import re

import numpy as np
import pytest

from feint.experiments.audit import AUDIT, AuditSettings
from feint.experiments.audit.report import fresh_draws, headline
from feint.experiments.audit.tables import scores, thresholds
from feint.experiments.pictures import before_and_after, magnification
from feint.reports import Details, Figure, Pictures, Stats, Text, text
from feint.reports.data import raw
from feint.runs.runners import local

RADII = (0.01, 0.05)
ROW = {name: 0.1 for name in ("aurc", "e_aurc", "augrc", "nll", "brier", "ece", "ks", "accuracy")}


@pytest.fixture(scope="module")
def result(small, tmp_path_factory):
    victim = {"networks": [small.network("build")]}
    settings = {"data": small.data, "victim": victim, "radii": RADII, "threads": 1, "batch_size": 8}
    root = tmp_path_factory.mktemp("runs")
    return local.run(
        AUDIT, AuditSettings.parse(settings), root, command="feint audit --radii 0.01,0.05", progress=False
    )


@pytest.fixture(scope="module")
def tables(result):
    return {table.name: table for table in result.report.tables()}


def heads(table):
    return [f"{column.title} {column.unit}".strip() for column in table.columns]


def cells(table):
    return [[raw(cell) for cell in row] for row in table.rows]


def columns(result, **where):
    table = result.run.table("records").read(repeat=0, **where)
    return {name: table.column(name).to_numpy() for name in table.column_names}


SCORES = {
    "radius": "radius", "AURC": "aurc", "E-AURC": "e_aurc", "AUGRC": "augrc", "NLL nats": "nll",
    "Brier 0 to 2": "brier", "ECE": "ece", "accuracy": "accuracy", "kept": "kept", "eff. radius": "effective_radius",
    "gradients per image": "gradients", "queries per image": "queries",
}  # fmt: skip
"""Which column of the table shows which number of the summary."""
SCALE = {"AURC": 1000, "E-AURC": 1000, "AUGRC": 1000, "ECE": 100, "accuracy": 100, "kept": 100}


def test_every_cell_of_the_scores_is_the_summarys(result, tables):
    table, summary = tables["scores"], result.summary
    assert heads(table) == list(SCORES)
    rows = [{**summary["clean"], "radius": "clean"}, *summary["attacked"]]
    rows += [{**row["random"], "radius": f"random {row['radius']:g}"} for row in summary["attacked"]]
    assert cells(table) == [[row.get(name) for name in SCORES.values()] for row in rows]
    # Each number is another one, or a column could show its neighbour's.
    attacked = [cell for cell in cells(table)[2] if cell is not None]
    assert len(set(attacked)) >= len(attacked) - 1
    lines = text.plain_table(table).replace("random ", "random-").splitlines()[-len(rows) :]
    for line, row in zip(lines, cells(table), strict=True):
        for said, value, head in zip(line.split(), row, heads(table), strict=True):
            if isinstance(value, float) and head != "kept":
                assert float(said) == pytest.approx(SCALE.get(head, 1) * value, rel=0.01, abs=0.051)
    assert lines[0].split()[0] == "clean"
    assert lines[0].split()[-4:] == ["-"] * 4


def test_what_is_left_of_order_and_radius(result, tables):
    table = tables["order"]
    titles = ["radius", "order left Kendall’s tau, −1 to 1", "effective radius mean, of [0, 1]"]
    assert heads(table) == [*titles, "unspent mean, of [0, 1]", "unspent % of the radius"]
    for cell, row in zip(cells(table), result.summary["attacked"], strict=True):
        unspent = max(row["radius"] - row["effective_radius"], 0)
        expected = (row["radius"], row["kendall_tau"], row["effective_radius"], unspent, unspent / row["radius"])
        assert cell == pytest.approx(list(expected))


def test_what_is_left_after_rounding(result, tables, drawn):
    table, clean = tables["rounding"], result.summary["clean"]["aurc"]
    assert heads(table) == [
        "radius", "radius grey levels", "AURC attacked", "AURC rounded", "increase left %",
        "largest change of [0, 1]", "beyond the radius %", "pixel values changed %", "kept %",
    ]  # fmt: skip
    for cell, row in zip(cells(table), result.summary["attacked"], strict=True):
        left = (row["rounded"]["aurc"] - clean) / (row["aurc"] - clean) if row["aurc"] > clean else None
        changed, kept = row["rounded"]["pixels_changed"], row["rounded"]["kept"]
        far = [row["rounded"]["largest"], row["rounded"]["outside"]]
        order = [row["radius"], 255 * row["radius"], row["aurc"], row["rounded"]["aurc"], left, *far, changed, kept]
        assert cell == order
    bars = drawn(result.figures["rounding"].panels[0])
    rows = result.summary["attacked"]
    expected = [clean] * 2 + [row["aurc"] for row in rows] + [row["rounded"]["aurc"] for row in rows]
    assert [float(bar["value"]) for bar in bars] == pytest.approx([1000 * each for each in expected], rel=1e-3)


def test_classes(result, tables):
    table = tables["classes"]
    assert heads(table) == [
        "class true", "images count", "accuracy %", "confidence, clean mean, %", "confidence, attacked mean, %",
    ]  # fmt: skip
    names = ("name", "images", "accuracy", "confidence", "confidence_attacked")
    assert cells(table) == [[row[name] for name in names] for row in result.summary["classes"]]
    assert table.caption.endswith("radius 0.05")


def test_a_shipped_threshold(result, tables, drawn):
    table, found = tables["thresholds"], result.summary["thresholds"]
    share = "answered / wrong, %"
    assert heads(table) == [
        "threshold calibrated on clean images", "answers where", f"clean {share}", f"radius 0.01 {share}",
        f"radius 0.05 {share}",
    ]  # fmt: skip
    for line, row in zip(cells(table), found, strict=True):
        what = f"{100 * row['value']:.4g} %"
        promise = f"{what} answered" if row["calibrated_to"] == "coverage" else f"at most {what} wrong"
        assert line[0] == promise
        bound = float(line[1].removeprefix("confidence ≥ ").removeprefix(">").removesuffix(" %"))
        assert bound == pytest.approx(100 * (1 - row["threshold"]), abs=0.011)
        for cell, each in zip(line[2:], (row["clean"], *row["attacked"]), strict=True):
            coverage, risk = cell.split(" / ")
            assert float(coverage) == pytest.approx(100 * each["coverage"], abs=0.051)
            assert (
                (risk == "–") if each["risk"] is None else float(risk) == pytest.approx(100 * each["risk"], abs=0.051)
            )
    bars = drawn(result.figures["thresholds"].panels[0])
    expected = [[row["clean"], *row["attacked"]][at]["risk"] for at in range(3) for row in found]
    assert [float(bar["value"]) for bar in bars] == pytest.approx(
        [100 * risk for risk in expected if risk is not None], rel=1e-3, abs=1e-9
    )
    told = [block.paragraphs[0] for block in result.report.blocks() if isinstance(block, Text)]
    example = next(each for each in told if each.startswith("Say you ship a threshold"))
    most = max((row for row in found if row["calibrated_to"] == "coverage"), key=lambda row: row["value"])
    assert f"answers {100 * most['clean']['coverage']:.1f} % of the images" in example


def test_the_tiles(result):
    (stats,) = (block for block in result.report.blocks() if isinstance(block, Stats))
    clean, worst = result.summary["clean"], max(result.summary["attacked"], key=lambda row: row["aurc"])
    for stat, name, scale in zip(stats.items, ("aurc", "accuracy", "ece"), (1000, 100, 100), strict=False):
        before, after = (float(part) for part in stat.value.split(" → "))
        assert (before, after) == pytest.approx((scale * clean[name], scale * worst[name]), abs=0.051)
    assert stats.items[3].value == f"{100 * worst['kept']:.1f} %"
    assert "radius 0.05, 13 of 255 grey levels" in stats.items[0].detail


def test_curves_are_of_the_records(result, drawn):
    figure = result.figures["risk_coverage"]
    rows = drawn(figure.panels[0])
    assert [float(row["x"]) for row in rows] == pytest.approx(100 * np.arange(1, 25) / 24, rel=1e-3)
    wheres = [{"variant": "clean"}, *({"variant": "attacked", "radius": radius} for radius in RADII)]
    wheres.append({"variant": "random", "radius": RADII[-1]})
    attacked = result.summary["attacked"]
    areas = [row["aurc"] for row in (result.summary["clean"], *attacked, attacked[-1]["random"])]
    for key, where, area in zip(("s0", "s1", "s2", "s3"), wheres, areas, strict=True):
        found = columns(result, **where)
        order = found["measure:max_probability"].argsort(kind="stable")
        risk = np.cumsum((found["prediction"] != found["label"])[order]) / np.arange(1, 25)
        drawn_risk = [float(row[key]) for row in rows]
        assert drawn_risk == pytest.approx(100 * risk, rel=1e-3)
        assert np.mean(drawn_risk) == pytest.approx(100 * area, rel=1e-3)
    names = ("clean", "radius 0.01", "radius 0.05", "random signs, radius 0.05")
    told = "; ".join(f"{name}: {1000 * each:.1f}" for name, each in zip(names, areas, strict=True))
    assert figure.alt == f"Risk-coverage curves. Area under each, × 1000: {told}."


def test_histograms_count_every_image_once(result, drawn):
    panels = result.figures["confidence"].panels
    assert [panel.title for panel in panels] == ["clean", "radius 0.01", "radius 0.05"]
    stages = [{"variant": "clean"}, *({"variant": "attacked", "radius": radius} for radius in RADII)]
    for panel, where in zip(panels, stages, strict=True):
        found, rows = columns(result, **where), drawn(panel)
        right = found["prediction"] == found["label"]
        sure = 1 - found["measure:max_probability"]
        for kind, chosen in (("correct", right), ("wrong", ~right)):
            counts = [float(row["count"]) for row in rows if row["kind"] == kind]
            assert counts == np.histogram(sure[chosen], np.linspace(0, 1, 21))[0].tolist()


def test_reliability_is_of_the_records_and_its_errors_are_the_summarys(result, drawn):
    panels = result.figures["reliability"].panels
    rows = [result.summary["clean"], *result.summary["attacked"]]
    for panel, row, where in zip(
        panels,
        rows,
        [{"variant": "clean"}, *({"variant": "attacked", "radius": radius} for radius in RADII)],
        strict=True,
    ):
        assert panel.title.endswith(f"ECE {100 * row['ece']:.1f} %, KS {100 * row['ks']:.1f} %")
        found, bins = columns(result, **where), drawn(panel)
        sure, right = 1 - found["measure:max_probability"], found["prediction"] == found["label"]
        place = np.clip(np.ceil(15 * sure) - 1, 0, 14)
        assert [float(each["count"]) for each in bins] == [(place == at).sum() for at in range(15)]
        for at, each in enumerate(bins):
            inside = place == at
            for name, values in (("accuracy", right), ("confidence", sure)):
                assert (
                    each[name] == ""
                    if not inside.any()
                    else float(each[name]) == pytest.approx(100 * values[inside].mean(), rel=1e-3)
                )


def test_the_gallery_shows_what_moved_most(result):
    (pictures,) = (block for block in result.report.blocks() if isinstance(block, Pictures))
    clean = columns(result, variant="clean")
    assert len(pictures.items) == 12
    held = result.run.arrays("gallery")
    for start, radius in zip((0, 6), RADII, strict=True):
        found = columns(result, variant="attacked", radius=radius)
        moved = np.abs(found["measure:max_probability"] - clean["measure:max_probability"])
        assert set(held["sample"][start : start + 6]) == set(np.argsort(-moved)[:6])
        for item, sample in zip(pictures.items[start : start + 6], held["sample"][start : start + 6], strict=True):
            assert item.title == f"image {sample}, radius {radius:g}"
            before, after = (1 - each["measure:max_probability"][sample] for each in (clean, found))
            for share in (before, after):
                said = f"{100 * share:.1f} %" if share < 0.9995 else ">99.9 %"
                assert said in item.lines[1]
            right = clean["prediction"][sample] == clean["label"][sample]
            assert ("correct" in item.lines[0]) == right
    changed = np.abs(held["attacked"] - held["original"]).reshape(12, -1).max(1)
    assert (changed <= np.repeat(RADII, 6) + 6e-8).all()


def test_the_page_has_it_all(result):
    page = (result.folder / "report.html").read_text()
    for title in (
        "What becomes of a shipped threshold", "taken at its word", "How far the attack went", "Saved as a picture",
        "Class by class", "What the attack looks like",
    ):  # fmt: skip
        assert title in page
    names = {path.stem for path in (result.folder / "figures").iterdir()}
    assert names == {"risk_coverage", "thresholds", "confidence", "reliability", "rounding", "gallery"}
    assert {block.name for block in result.report.blocks() if isinstance(block, Figure)} == names - {"gallery"}
    assert "feint audit --radii 0.01,0.05" in re.sub("<[^>]*>", "", page)
    assert result.run.id in page
    assert "ace: disrupt, white box: one sign step, halved until the predicted label is kept" in page
    assert set(result.report.glossary) >= {"AURC", "Kept", "Effective radius"}


def test_more_than_forty_classes_are_folded(small, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (45, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "many.npz", images=images, labels=np.arange(45))
    (tmp_path / "many.py").write_text(
        "from torch import nn\nbuild = lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 45))\n"
    )
    settings = {"data": str(tmp_path / "many.npz"), "victim": {"networks": [f"{tmp_path / 'many.py'}:build"]}}
    found = local.run(AUDIT, AuditSettings.parse({**settings, "radii": [0.01], "threads": 1}), tmp_path, progress=False)
    (section,) = (each for each in found.report.sections if each.title == "Class by class")
    (fold,) = (block for block in section.blocks if isinstance(block, Details))
    assert fold.summary == "all 45 classes"
    assert len(fold.blocks[0].rows) == 45


def made_up(measure="max_probability", threshold=0.1):
    answered = {"coverage": 0.9, "risk": 0.05}
    found = {
        "calibrated_to": "coverage", "value": 0.9, "threshold": threshold, "clean": answered,
        "attacked": [{"radius": 0.1, "coverage": 0.0, "risk": None}],
    }  # fmt: skip
    attacked = {**ROW, "radius": 0.1, "effective_radius": 0.075, "kendall_tau": -0.5, "kept": 1.0, "queries": 1.0}
    attacked |= {"directionless": 0}
    counts = {"images": 10, "chance": 0.05}
    return {"measure": measure, "clean": {**ROW}, "attacked": [attacked], "thresholds": [found], **counts}


def test_a_threshold_is_said_as_the_confidence_where_it_is_one():
    (row,) = thresholds(made_up("max_probability", 0.0625)).rows
    assert row == ("90 % answered", "confidence ≥ 93.75 %", "90.0 / 5.0", "0.0 / –")
    (row,) = thresholds(made_up("predictive_entropy", 0.0625)).rows
    assert row[1] == "entropy ≤ 0.0625"


def test_a_victim_that_draws_is_judged_by_fresh_draws():
    found = made_up("predictive_entropy")
    found["clean"] |= {"kept": 0.99, "draws": {"repeats": 2, "std": ROW | {"kept": 0.01}, "own": ROW}}
    found["attacked"][0] |= {"aurc": 0.3, "kept": 0.875, "accuracy": 0.5}
    found["attacked"][0]["draws"] = {"repeats": 2, "std": ROW | {"kept": 0.01}, "own": ROW | {"aurc": 0.7, "kept": 1.0}}
    sentence = headline(found)
    assert "changed 12.50 % of the predicted labels under fresh draws" in sentence
    assert "3 times as large (100.00 to 300.00, × 1000)" in sentence
    without, clean, attacked = fresh_draws(found)
    assert "They change 1.00 % of the predicted labels without any attack." in without
    assert clean.startswith("clean, asked 2 times with fresh draws: AURC × 1000 100.00 ± 100.00")
    assert attacked.startswith("radius 0.1, asked 2 times with fresh draws: AURC × 1000 300.00")
    assert "accuracy 50.00 %, labels kept 87.50 ± 1.00 %" in attacked


def test_a_victim_that_does_not_draw_has_no_notes():
    assert fresh_draws(made_up()) == ()
    assert "fresh" not in headline(made_up())


def test_no_errors_are_no_finding():
    found = made_up()
    found["clean"] = ROW | {"aurc": 0.0}
    found["attacked"][0]["aurc"] = 0.0
    assert "did not make the confidence rank errors worse" in headline(found)
    found["attacked"][0]["aurc"] = 0.1
    assert "larger than 0 (0.00 to 100.00" in headline(found)


def test_a_headline_of_harm_counts_the_images_without_a_direction():
    found = made_up() | {"clean": ROW | {"aurc": 0.01}}
    assert "direction" not in headline(found)
    found["attacked"][0]["directionless"] = 3
    assert headline(found).endswith("× 1000). The gradient shows no direction for 3 of 10 images.")


def test_what_the_attacks_own_draws_say_stands_beside():
    found = made_up("predictive_entropy")
    for row, own in ((found["clean"], 0.25), (found["attacked"][0], 0.75)):
        row["draws"] = {"repeats": 2, "std": ROW, "own": ROW | {"aurc": own}}
    drawn = {"repeats": 2, "std": ROW, "own": ROW | {"aurc": 0.5}}
    found["attacked"][0]["random"] = ROW | {"kept": 0.875, "draws": drawn}
    shown = scores(found)
    (at,) = (index for index, head in enumerate(shown.columns) if head.title == "AURC, attack’s draws")
    assert [cells[at] for cells in shown.rows] == [0.25, 0.75, 0.5]
    assert "AURC, attack’s draws" not in {head.title for head in scores(made_up()).columns}


def test_scores_of_what_there_is_not_are_dashes():
    clean, attacked = scores(made_up()).rows
    assert clean[0] == "clean"
    assert clean[8:] == (None,) * 4
    assert attacked[0] == 0.1
    assert attacked[10] is None


@pytest.mark.parametrize("radius", [5e-5, 5e-4, 5e-3, 1 / 255, 0.1, 0.5, 1.0])
def test_magnification_fits(radius):
    factor = magnification(float(np.float32(radius)))
    assert factor is not None
    assert radius * factor <= 0.5 * 1.01 or factor == 1
    assert radius * factor * 2.5 > 0.499


def test_perturbations_are_magnified_around_mid_grey():
    original = np.random.default_rng(0).random((12, 12, 3)).astype(np.float32) * 0.9
    (before, added, after), labels = before_and_after(original, original + np.float32(5e-3))
    assert labels == ("before", "added, × 100", "after")
    assert np.allclose(added, 1.0, atol=1e-3)
    assert np.allclose(after - before, 5e-3, atol=1e-6)
    (_, added, _), labels = before_and_after(original[..., 0], original[..., 0])
    assert labels[1] == "nothing added"
    assert (added == 0.5).all()
    assert added.shape == (12, 12, 3)
