"""Spans of a linear classifier, where both ends of every interval are known."""

import re

import numpy as np
import pytest

from feint.errors import DataError, InputError, SpecError
from feint.experiments.span import SPAN, SpanSettings
from feint.experiments.span.records import SCHEMA, span_table
from feint.experiments.span.report import headline, table
from feint.experiments.span.summary import KINDS, summarise
from feint.reports import Figure, text
from feint.reports.data import raw
from feint.runs.folder.ledger import Ledger
from feint.runs.run import Run
from feint.runs.runners import local
from feint.runs.work import Found, Piece, Stage

RADII = (0.01, 0.05)


def settings_of(linear, **values):
    network, images = linear
    plain = {"data": str(images), "victim": {"networks": [network]}, "radii": RADII, "threads": 1}
    return SpanSettings.parse({**plain, "batch_size": 2, **values})


def run(linear, root, **values):
    return local.run(SPAN, settings_of(linear, **values), root, command="feint span", progress=False)


def columns(result, radius):
    rows = result.run.table("records").read(radius=radius)
    return {name: rows.column(name).to_numpy() for name in rows.column_names}


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def known(images, radius):
    """Clean confidence, highest, and the lowest that one step reaches: it keeps the label where it does not cross 0."""
    weights = np.array([8.0, -8.0, 8.0, 8.0])
    margin = np.abs(images.astype(np.float64).reshape(-1, 4) @ weights - 8)
    return margin, sigmoid(margin), sigmoid(margin + 32 * radius)


@pytest.fixture(scope="module")
def one_step(linear_of_all, tmp_path_factory):
    """Spans of one step, and a threshold."""
    return run(linear_of_all, tmp_path_factory.mktemp("runs"), attack="ace", threshold=0.8)


@pytest.mark.parametrize("attack", ["ace", "iterative-ace:steps=4"])
def test_both_ends_of_a_linear_classifier(tmp_path, linear, attack):
    result = run(linear, tmp_path / "runs", attack=attack)
    images = np.load(linear[1])["images"]
    for radius in RADII:
        found = columns(result, radius)
        low, clean, high = (found[name] for name in ("low", "clean", "high"))
        margin, confidence, highest = known(images, radius)
        assert np.allclose(clean, confidence, atol=1e-5)
        assert np.allclose(high, highest, atol=1e-5)
        far = margin > 32 * radius * 1.01
        assert far.any()
        assert np.allclose(low[far], sigmoid(margin - 32 * radius)[far], atol=1e-5)
        assert (low >= 0.5 - 1e-6).all()  # the label is kept
        assert ((low <= clean) & (clean <= high)).all()
        assert (found["gradients"] > 0).all()
    wide, narrow = (columns(result, radius) for radius in (RADII[1], RADII[0]))
    assert (wide["low"] <= narrow["low"]).all()
    assert (wide["high"] >= narrow["high"]).all()


def test_crossings_are_counted_right(one_step, linear_of_all):
    labels, images = (np.load(linear_of_all[1])[name] for name in ("labels", "images"))
    right = (images.reshape(-1, 4) @ np.array([8.0, -8.0, 8.0, 8.0]) > 8) == labels
    for row, radius in zip(one_step.summary["spans"], RADII, strict=True):
        margin, _, highest = known(images, radius)
        edge = np.log(0.8 / 0.2)
        crosses = (margin - 32 * radius < edge) & (highest >= 0.8)
        # The full step down may break the label; then a shorter one is what was found, which may not cross.
        sure = margin > 32 * radius
        assert crosses[sure].any()
        found = columns(one_step, radius)
        counted = (found["low"] < 0.8) & (found["high"] >= 0.8)
        assert (counted[sure] == crosses[sure]).all()
        assert row["all"]["crossing"] == pytest.approx(counted.mean())
        assert row["correct"]["crossing"] == pytest.approx(counted[right].mean())
        assert row["wrong"]["crossing"] == pytest.approx(counted[~right].mean())
        assert (row["correct"]["images"], row["wrong"]["images"]) == (16, 4)


def test_the_summary_follows_from_the_records(one_step):
    summary = one_step.summary
    first = columns(one_step, RADII[0])
    assert (summary["images"], summary["threshold"], summary["threshold_from"]) == (20, 0.8, "--threshold")
    assert summary["accuracy"] == pytest.approx((first["label"] == first["prediction"]).mean())
    assert summary["answered"] == pytest.approx((first["clean"] >= 0.8).mean())
    for row, radius in zip(summary["spans"], RADII, strict=True):
        found = columns(one_step, radius)
        right = found["label"] == found["prediction"]
        for kind, chosen in zip(KINDS, (right | True, right, ~right), strict=True):
            low, clean, high = (found[name][chosen] for name in ("low", "clean", "high"))
            expected = {
                "images": chosen.sum(), "clean": clean.mean(), "low": low.mean(), "high": high.mean(),
                "mean_width": (high - low).mean(), "median_width": np.median(high - low),
                "crossing": ((low < 0.8) & (high >= 0.8)).mean(),
                "gradients": found["gradients"][chosen].mean(), "queries": found["queries"][chosen].mean(),
            }  # fmt: skip
            assert row[kind] == pytest.approx(expected)


TITLES = {
    "images": "images count", "clean": "clean mean, %", "low": "lowest mean, %", "high": "highest mean, %",
    "mean_width": "width mean, %", "median_width": "width median, %", "crossing": "crossing %",
    "gradients": "gradients per image", "queries": "queries per image",
}  # fmt: skip
"""Which column shows which number of the summary."""


def test_every_cell_of_the_table_is_the_summarys(one_step):
    shown, summary = table(one_step.summary), one_step.summary
    heads = [f"{column.title} {column.unit}" for column in shown.columns]
    assert heads == ["radius ", "predictions ", *TITLES.values()]
    expected = [
        [found["radius"], kind, *(found[kind][name] for name in TITLES)]
        for found in summary["spans"]
        for kind in ("all", "correct", "wrong")
    ]
    assert [[raw(cell) for cell in row] for row in shown.rows] == expected
    lines = text.plain_table(shown).splitlines()
    for line, row in zip(lines[-6:], expected, strict=True):
        cells = line.split()
        assert cells[1] == row[1]
        assert float(cells[3]) == pytest.approx(100 * row[3], abs=0.051)
        assert float(cells[8]) == pytest.approx(100 * row[8], abs=0.051)


def test_the_report_says_what_the_summary_says(one_step):
    summary, report = one_step.summary, one_step.report
    last = summary["spans"][-1]
    shares = [f"{100 * last[kind]['crossing']:.1f} %" for kind in ("all", "correct", "wrong")]
    assert report.headline == (
        f"Within 0.05 of the full range, and without changing a predicted label, an attacker can put {shares[0]} of "
        f"the images on either side of a threshold of 80.0 % confidence: {shares[1]} of the correct predictions and "
        f"{shares[2]} of the wrong predictions."
    )
    (figure,) = (block for block in report.blocks() if isinstance(block, Figure))
    assert [panel.title for panel in figure.panels] == [
        f"radius {radius:g}: {100 * row['all']['crossing']:.1f} % cross the threshold"
        for radius, row in zip(RADII, summary["spans"], strict=True)
    ]
    assert (one_step.folder / "figures" / "span.svg").is_file()
    assert "AURC" not in (one_step.folder / "report.html").read_text().split("<script")[0]


def test_a_drawn_interval_is_the_records(one_step, drawn):
    (figure,) = (block for block in one_step.report.blocks() if isinstance(block, Figure))
    for panel, radius in zip(figure.panels, RADII, strict=True):
        found, rows = columns(one_step, radius), drawn(panel)
        order = found["clean"].argsort(kind="stable")
        for name in ("low", "clean", "high"):
            assert [float(row[name]) for row in rows] == pytest.approx(100 * found[name][order], rel=5e-4)
        right = (found["label"] == found["prediction"])[order]
        assert [row["kind"] == "correct" for row in rows] == right.tolist()


def made_up(clean, low, high, labels):
    values = {"clean": clean, "low": low, "high": high}
    found = {name: np.array(value, dtype=np.float64) for name, value in values.items()}
    count = len(clean)
    whole = {"sample": np.arange(count), "label": np.array(labels), "prediction": np.ones(count, dtype=np.int64)}
    spent = {"gradients": np.full(count, 3), "queries": np.full(count, 5), "directionless": np.zeros(len(low), bool)}
    return span_table({**whole, **found, **spent}, 0.1)


def recorded(linear, folder, records, **values):
    """A run of which there are only settings and records."""
    settings = settings_of(linear, radii=[0.1], **values)
    about = {"data": "made up", "victim": "nobody", "stochastic": False, "classes": ["a", "b"], "warnings": []}
    state = {"experiment": "span", "settings": settings.plain(), "identity": {}, "about": about, "stages": ["span"]}
    piece = Piece("00000")
    stage = Stage("span", [piece], lambda *_: Found(), {"records": SCHEMA})
    with Ledger.open(folder / "run", {**state, "command": ""}) as ledger:
        ledger.record(stage, piece, Found({"records": records}))
        return Run(ledger.path, SPAN, ledger.state)


def test_ends_at_the_threshold(linear, tmp_path):
    # Below it, up to it (answered there), from it (always answered), across it.
    records = made_up([0.6, 0.6, 0.8, 0.8], [0.5, 0.5, 0.8, 0.7], [0.7, 0.8, 0.9, 0.9], [1, 1, 0, 0])
    found = summarise(recorded(linear, tmp_path, records, threshold=0.8))["spans"][0]
    assert found["all"]["crossing"] == 0.5
    assert (found["correct"]["crossing"], found["wrong"]["crossing"]) == (0.5, 0.5)
    assert found["all"]["mean_width"] == pytest.approx(0.2)
    assert found["all"]["median_width"] == pytest.approx(0.2)
    assert (found["all"]["gradients"], found["all"]["queries"]) == (3, 5)


def test_the_default_threshold_answers_nine_of_ten(linear, tmp_path):
    clean = np.linspace(0.5, 0.95, 10)
    summary = summarise(recorded(linear, tmp_path, made_up(clean, clean, clean, [1] * 10)))
    assert summary["threshold"] == clean[1]
    assert summary["answered"] == pytest.approx(0.9)
    assert summary["threshold_from"] == "the clean confidence at 90 % coverage"
    assert summary["spans"][0]["wrong"] == {"images": 0, "median_width": None} | dict.fromkeys(
        ("clean", "low", "high", "mean_width", "crossing", "gradients", "queries")
    )
    assert "100" not in headline(summary)
    assert "wrong" not in headline(summary)
    assert [row[1] for row in table(summary).rows] == ["all", "correct", "wrong"]
    assert text.plain_table(table(summary)).splitlines()[-1].split() == ["0.1", "wrong", "0", *["-"] * 8]


def test_intervals_that_do_not_hold_the_clean_confidence_are_refused():
    whole = {name: np.zeros(2, dtype=np.int64) for name in ("sample", "label", "prediction", "gradients", "queries")}
    whole["directionless"] = np.zeros(2, dtype=bool)
    ends = {"low": np.array([0.1, 0.6]), "clean": np.array([0.5, 0.5]), "high": np.array([0.7, 0.7])}
    with pytest.raises(InputError, match=r"row 1 has low 0\.6, clean 0\.5"):
        span_table({**whole, **ends}, 0.1)
    with pytest.raises(InputError, match="high nan"):
        span_table({**whole, **ends, "low": np.zeros(2), "high": np.full(2, np.nan)}, 0.1)
    assert span_table({**whole, **ends, "low": np.zeros(2)}, 0.1).schema.equals(SCHEMA)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"radii": []}, "radii: expected"),
        ({"radii": [0.1, 0]}, "radii: expected"),
        ({"radii": [0.1, 0.1]}, "radii: expected each radius once"),
        ({"radii": ["inf"]}, "radii: expected"),
        ({"threshold": 1.5}, "threshold: expected"),
        ({"threshold": float("nan")}, "threshold: expected"),
        ({"attack": "acee"}, "did you mean 'ace'"),
    ],
)
def test_bad_settings_are_one_line(linear, values, message):
    with pytest.raises(SpecError, match=message) as raised:
        settings_of(linear, **values)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"attack": "iterative-ace:steps=0"}, "iterative-ace.steps: expected at least 1, got 0"),
        ({"attack": "cw"}, "attack: expected one that can keep a label, got cw"),
        ({"attack": "ace:goal=reverse"}, "ace.goal: expected none, for a span has both ends, got reverse"),
        ({"attack": "ace:measure=margin"}, "ace.measure: expected none"),
        ({"radii": [1.5]}, "radii: expected at most 1, the full range of a pixel, got 1.5"),
    ],
)
def test_what_a_span_cannot_be_found_with(linear, tmp_path, values, message):
    with pytest.raises(SpecError, match=re.escape(message)):
        run(linear, tmp_path / "runs", **values)
    assert not (tmp_path / "runs").exists()


def test_radii_are_put_in_order(linear):
    assert settings_of(linear, radii=[0.2, 0.1]).radii == (0.1, 0.2)


def test_labels_that_the_network_does_not_have(tmp_path, linear):
    path = linear[1]
    held = dict(np.load(path))
    np.savez(path, images=held["images"], labels=held["labels"] + 1)
    with pytest.raises(DataError, match="expected 0 to 1"):
        run(linear, tmp_path / "runs")
