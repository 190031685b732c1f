import csv
import io
import re

import numpy as np
import pytest

from feint.reports import charts, pictures
from feint.reports.charts import colours
from feint.reports.charts.detection import thinned
from feint.reports.charts.inline import table


def _rows(chart):
    return list(csv.DictReader(io.StringIO(chart["data"]["values"])))


def test_colours_go_from_clean_to_the_largest_radius():
    assert charts.by_radius([None, 0.1, 0.2]) == (charts.CLEAN, charts.ATTACKED[0], charts.ATTACKED[2])
    assert charts.by_radius([0.1]) == (charts.ATTACKED[1],)


def test_maps_are_ordered_in_grey():
    shades = colours.sequential(np.linspace(0, 1, 64)).astype(float)
    light = shades @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) < 0).all()
    assert light[0] > 240
    assert light[-1] < 40
    assert (shades.max(1) - shades.min(1)).max() < 90  # hues are left to the points on top
    assert colours.sequential(np.array([np.nan])).tolist() == [[250, 217, 212]]


def test_data_inline_is_csv_with_few_digits():
    found = table({"x": np.array([1 / 3, np.nan]), "name": ['a,"b"', "7"]})
    assert found["values"] == 'x,name\n0.3333,"a,""b"""\n,7\n'
    assert found["format"]["parse"] == {"x": "number", "name": "string"}


def test_curves_share_their_places():
    x = np.linspace(0, 100, 1000)
    panel = charts.lines(x, [charts.Line("a.b[0]", x, "#000000")], x_title="x", y_title="y")
    rows = _rows(panel.chart)
    assert set(rows[0]) == {"x", "s0"}
    assert len(rows) == 400
    assert (rows[0]["x"], rows[-1]["s0"]) == ("0", "100")
    pointer = panel.chart["layer"][-1]
    assert pointer["params"][0]["select"]["nearest"] is True
    assert [line["title"] for line in pointer["encoding"]["tooltip"]] == ["x", "a.b[0]"]


def test_a_tooltip_of_many_curves_is_bounded():
    x = np.linspace(0, 1, 10)
    panel = charts.lines(x, [charts.Line(str(at), x, "#000000") for at in range(53)], x_title="x", y_title="y")
    assert len(panel.chart["layer"][-1]["encoding"]["tooltip"]) == 12


def test_histograms_count_each_kind_by_itself():
    found = (None, np.array([0.1, 0.1, 0.99, 1.0]), np.array([True, False, True, True]))
    figure = charts.confidence([found])
    rows = _rows(figure.panels[0].chart)
    assert sum(float(row["share"]) for row in rows if row["kind"] == "correct") == pytest.approx(100, abs=0.1)
    assert [row["count"] for row in rows if row["kind"] == "wrong" and row["share"] == "-100"] == ["1"]
    assert "clean: correct 69.7 %, wrong 10.0 %" in figure.alt


def test_bars_leave_out_what_there_is_not():
    figure = charts.bars("b", "Bars", ["a", "a"], [("g", (None, 2.0))], ["#000000"], axis="%")
    assert [(row["c"], row["value"]) for row in _rows(figure.panels[0].chart)] == [("c1", "2")]
    assert figure.alt == "%. a: g –; a: g 2.0."
    none = charts.bars("b", "Bars", ["a"], [("g", (None,))], ["#000000"], axis="%").panels[0].chart
    assert none["data"]["values"].strip() == ""


def test_bars_have_a_line_over_what_their_values_spread():
    spreads = [[(0.1, 0.4), (0.2, 0.2)]]
    shown = charts.bars("b", "Bars", ["a", "b"], [("g", (0.3, 0.2))], ["#000000"], axis="%", times=100, spreads=spreads)
    chart = shown.panels[0].chart
    rule = next(each for each in chart["layer"] if each["mark"]["type"] == "rule")
    assert (rule["encoding"]["x"]["field"], rule["encoding"]["x2"]["field"]) == ("low", "high")
    head, *rows = chart["data"]["values"].splitlines()
    assert head == "c,g,value,category,group,low,high"
    assert rows == ["c0,g0,30,a,g,10,40", "c1,g0,20,b,g,20,20"]


@pytest.mark.parametrize(
    ("values", "times", "last"), [((0.5, 1.0), 100, 100), ((0.1, 0.2), 100, None), ((90.0,), 1, None)]
)
def test_an_axis_of_percent_ends_at_100(values, times, last):
    names = [str(value) for value in values]
    figure = charts.bars("b", "Bars", names, [("g", values)], ["#000000"], axis="%", times=times)
    ticks = figure.panels[0].chart["layer"][0]["encoding"]["x"]["axis"].get("values", [None])
    assert ticks[-1] == last


def test_thinned_curves_keep_what_they_span():
    generator = np.random.default_rng(0)
    x, y = np.sort(generator.random(20_000)), generator.random(20_000)
    keep = thinned(x, y)
    assert len(keep) <= 800
    assert {0, len(x) - 1, int(y.argmax()), int(y.argmin())} <= set(keep.tolist())


def test_precision_is_drawn_in_steps_from_recall_0():
    detector = charts.Detector("a", np.array([0.5, 1.0]), np.array([1.0, 0.5]), 0.75)
    chart = charts.detection("pr", [("p", [detector])]).panels[0].chart
    assert [(row["x"], row["y"]) for row in _rows(chart)] == [("0", "100"), ("50", "100"), ("100", "50")]
    assert chart["layer"][0]["mark"]["interpolate"] == "step-before"


def test_the_foremost_detectors_are_drawn_last():
    line = np.array([0.0, 1.0])
    detectors = [charts.Detector(name, line, line, 0.5) for name in ("first", "second", "third")]
    chart = charts.detection("roc", [("p", detectors)], foremost=("third",)).panels[0].chart
    (names,) = chart["layer"][-1]["transform"]
    assert [row["name"] for row in names["from"]["data"]["values"]] == ["second", "first", "third"]
    assert [row["d"] for row in _rows(chart)] == ["d0", "d0", "d1", "d1", "d2", "d2"]


def test_a_legend_names_only_detectors_that_are_drawn():
    half = np.array([0.0, 1.0])
    curves = [("a", [charts.Detector("one", half, half, 0.5)])]
    (mark,) = charts.detection("roc", curves, colours={"one": "#000000", "other": "#ffffff"}).legend
    assert (mark.name, mark.colour) == ("one", "#000000")


def test_an_outline_begins_and_ends_on_the_ground():
    panel = charts.histograms([charts.Sample("a", np.array([1.0, 2.0]), "#000000", True)], x_title="x", y_title="y")
    rows = [(float(row["low"]), float(row["share"])) for row in _rows(panel.chart)]
    assert (rows[0], rows[-2][0], rows[-1][1]) == ((0, 0), rows[-1][0], 0)
    assert rows[-2][1] == 50


def test_names_stand_where_a_phone_has_room_and_cover_nothing():
    generator = np.random.default_rng(0)
    names = tuple(f"a terrier with {'long ' * at}hair" for at in range(30))
    cloud = charts.Cloud("all", generator.random(30), generator.random(30), "#000000", names)
    chart = charts.scatter([cloud], x_title="x", y_title="y").chart
    taken = []
    for row in _rows(chart):
        name = row["left"] or row["right"]
        assert not (row["left"] and row["right"])
        x, y = 260 * np.ptp([cloud.x.min(), float(row["x"])]) / np.ptp(cloud.x), 290 * float(row["y"]) / np.ptp(cloud.y)
        start = x + 6 if row["right"] else x - 6 - 5.6 * len(name)
        assert len(name) <= 26
        assert not name or (start > -1 and start + 5.6 * len(name) < 261)
        taken += [(start, start + 5.6 * len(name), y)] if name else []
    assert len(taken) >= 6
    for at, (start, end, y) in enumerate(taken):
        assert not any(start < b and a < end and abs(y - up) < 9 for a, b, up in taken[:at])


def test_contours_are_where_values_are_equal():
    grid = np.linspace(-1, 1, 81)
    distance = np.hypot(*np.meshgrid(grid, grid))
    points = charts.Points(np.zeros((3, 2)), np.array([0, 1, 1]), ("a", "b"))
    chart = charts.plane(1.0, points=points, border=(distance, 0.5)).chart
    radii = [np.hypot(float(row["x"]), float(row["y"])) for row in _rows(chart["layer"][-1])]
    assert np.allclose(radii, 0.5, atol=2e-3)
    assert len(charts.plane(1.0, points=points, border=(distance, 9.0)).chart["layer"]) == 1
    assert chart["usermeta"] == {"aspect": 1.0}


def test_names_on_a_map_are_read_where_it_is_dark():
    points = charts.Points(np.zeros((3, 2)), np.array([0, 1, 1]), ("a", "b"))
    *_, names = charts.heat(np.ones((4, 4)), 2.0, name="entropy", span=(0, 1), points=points).chart["layer"]
    rim, letters = names["layer"]
    assert rim["mark"]["stroke"] == "white"
    assert "stroke" not in letters["mark"]
    assert rim["encoding"] == letters["encoding"]
    (plain,) = charts.plane(2.0, points=points).chart["layer"]
    assert [each["mark"].get("stroke") for each in plain["layer"]] == [None]


def test_maps_are_an_image_and_a_coarse_grid():
    values = np.arange(1e6).reshape(1000, 1000)
    chart = charts.heat(values, 2.0, name="entropy", span=(0, 1e6)).chart
    assert chart["layer"][0]["mark"]["type"] == "image"
    (ramp,) = charts.heat(values, 2.0, name="entropy", span=(0, 1e6)).legend
    assert (ramp.name, ramp.low, ramp.high) == ("entropy", "0", "1,000,000")
    cells = _rows(chart["layer"][1])
    assert len(cells) == 1024
    assert float(cells[0]["value"]) < float(cells[-1]["value"])  # rows from the bottom
    assert (cells[0]["x"], cells[-1]["y"]) == ("-1.94", "1.94")


def test_a_thousand_classes_have_a_legend_of_one_line():
    points = charts.Points(np.zeros((1000, 2)), np.arange(1000), tuple(f"class {at}" for at in range(1000)))
    assert [mark.name for mark in points.legend] == ["1,000 classes, in 10 colours that repeat"]


def test_training_without_validation_has_one_panel():
    figure = charts.training({"training": [2.0, 1.0], "validation": [None, None]}, {"validation": [None, None]}, best=2)
    assert len(figure.panels) == 1
    assert [mark.name for mark in figure.legend] == ["training"]
    assert figure.caption == "The weights are those after epoch 2."


@pytest.mark.parametrize("epochs", [2, 3, 6, 40])
def test_no_tick_stands_between_two_epochs(epochs):
    losses = np.linspace(20.0, 10.0, epochs).tolist()  # where the axis of losses has whole ticks, too
    drawn = pictures.svg(charts.training({"training": losses}, {}))
    ticks = re.findall(r"<text[^>]*>([\d.]+)</text>", drawn)
    assert len(ticks) > 5
    assert not any("." in tick for tick in ticks)
