"""What is chosen in one chart of a run's page, and what the others make of it."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("nicegui")
from feint.app.web.parts.linked import linked, names_of, nearest
from feint.app.web.parts.picked import criteria, names
from feint.app.web.reading.marks import rows
from feint.app.web.reading.places import places
from feint.app.web.reading.runs import Reader, opened, report
from feint.reports import Figure, charts

KEPT = Reader()
pytestmark = pytest.mark.usefixtures("plain_report")


@pytest.fixture
def run(root):
    return next((root / "runs").glob("audit-*"))


@pytest.fixture
def figures(run):
    return {each.name: each for each in report(KEPT, run).blocks() if isinstance(each, Figure)}


def test_a_radius_has_its_own_curve_bars_and_panels_in_every_chart_of_an_audit(figures):
    found = {name: names_of(figure.panels[0], figure.legend).get("radius 0.1") for name, figure in figures.items()}
    assert found["risk_coverage"] == ["s2"]  # after clean and radius 0.05
    assert found["thresholds"] == ["g2"]
    assert [panel.title for panel in figures["confidence"].panels].count("radius 0.1") == 1
    wrong = names_of(figures["confidence"].panels[0], figures["confidence"].legend)["wrong"]
    assert wrong == ["wrong"]


def test_every_chart_still_compiles_and_knows_what_is_chosen(figures):
    import vl_convert

    for figure in figures.values():
        for panel in figure.panels:
            made = linked(panel.chart)
            compiled = vl_convert.vegalite_to_vega(json.loads(json.dumps(made)))
            assert "chosen" in {signal["name"] for signal in compiled["signals"]}, figure.name
            straight = panel.chart["layer"][0].get("encoding", {}).get("y", {}).get("type", "quantitative")
            has = "marked" in {each["name"] for each in compiled["data"]}
            assert has == (straight == "quantitative"), figure.name
    curves = json.dumps(linked(figures["risk_coverage"].panels[0].chart))
    assert "indexof(chosen.keys, datum.series)" in curves


def test_a_click_between_curves_is_of_the_nearest_solid_one(figures):
    panel = figures["risk_coverage"].panels[0]
    datum = {"x": 50.0, **{f"s{at}": 10.0 * at for at in range(len(panel.legend))}}
    assert nearest(panel, {**datum, "up": 9.0})["series"] == "radius 0.05"
    assert nearest(panel, {**datum, "up": 21.0})["series"] == "radius 0.1"
    dashed = [at for at, mark in enumerate(panel.legend) if mark.shape == "dash"]
    assert dashed
    assert nearest(panel, {**datum, "up": 10.0 * dashed[-1]})["series"] == "radius 0.1"
    where = criteria(panel.title, nearest(panel, {**datum, "up": 21.0}), "risk_coverage")
    assert where == {"radius": 0.1, "coverage": 0.5}
    assert names(where) == ["radius 0.1"]


def test_an_image_is_marked_where_the_records_have_it(run):
    opened_run, _ = opened(run)
    where = {"radius": 0.1, "low": 0.0, "high": 1.0, "correct": False}
    chosen = rows(opened_run, where)[:3]
    assert chosen
    table = pq.read_table(run / "tables" / "records").to_pandas()
    for row, marked in zip(chosen, places(opened_run, chosen, where), strict=True):
        mine = table[table["sample"] == row.sample]
        for stage, at in (("clean", mine["variant"] == "clean"), ("radius 0.1", mine["radius"] == 0.1)):
            own = mine[at & (mine["variant"] != "random")].iloc[0]
            sure = {each["x"] for each in marked if each["panel"] == stage}
            assert sure == {100 * (1 - own["measure:max_probability"])}
        (point,) = (each for each in marked if each["figure"] == "risk_coverage")
        attacked = table[(table["variant"] == "attacked") & (table["radius"] == 0.1)]
        doubt = attacked["measure:max_probability"]
        answered = attacked[doubt <= doubt[attacked["sample"] == row.sample].iloc[0]]
        assert point["x"] == pytest.approx(100 * len(answered) / len(attacked))
        assert point["y"] == pytest.approx(100 * (answered["prediction"] != answered["label"]).mean())


def test_an_image_behind_a_threshold_is_marked_on_its_charts(run):
    opened_run, _ = opened(run)
    where = {"on": "radius 0.1", "measure": "max_probability", "kind": "wrong answers", "low": 0.0}
    chosen = rows(opened_run, where)[:3]
    table = pq.read_table(run / "tables" / "records").to_pandas()
    attacked = table[(table["variant"] == "attacked") & (table["radius"] == 0.1)]
    assert chosen
    for row, marked in zip(chosen, places(opened_run, chosen, where), strict=True):
        at = {each["figure"]: each for each in marked}
        doubt = attacked["measure:max_probability"][attacked["sample"] == row.sample].iloc[0]
        assert at["threshold-values"]["x"] == doubt
        answered = attacked[attacked["measure:max_probability"] <= doubt]
        assert at["threshold-curve"]["x"] == pytest.approx(100 * len(answered) / len(attacked))
        assert at["threshold-curve"]["y"] == pytest.approx(at["risk_coverage"]["y"])


def test_a_detector_is_known_by_its_colour_in_every_panel():
    x = np.linspace(0, 1, 5)
    curves = [charts.Detector(name, x, x, 0.5) for name in ("margin", "entropy")]
    figure = charts.detection("roc", [("digits: fgsm 0.1, all", curves), ("digits: ace 0.1, all", curves[1:])])
    first, second = (names_of(panel, figure.legend) for panel in figure.panels)
    assert set(first) == {"margin", "entropy"}
    assert set(second) == {"entropy"}
    assert len(first["margin"]) == 1
    datum = {"name": "margin", "area": 0.9, "across": 12.5}
    assert names(criteria("digits: fgsm 0.1, all", datum, "detection-roc")) == ["digits: fgsm 0.1, all", "margin"]


def test_a_line_through_the_classes_stands_for_no_images():
    assert criteria("lenet", {"k": "k0", "x": 15.4, "y": 40.0}, "per-class") == {}
    assert criteria("lenet", {"k": "k0", "x": 15.4, "y": 40.0, "label": "3"}, "per-class")["name"] == "3"
