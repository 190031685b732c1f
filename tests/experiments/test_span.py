"""Spans of a linear classifier, where both ends of every interval are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from feint.experiments.span_report import span_headline, span_rows, summarise_spans
from feint.results import RunFolder, column
from feint.results.span import span_table

from feint.app.cli import main
from feint.errors import DataError, SpecError
from feint.experiments import span as module
from feint.experiments.span import SpanSpec, measure_spans

RADII = (0.01, 0.05)


def spec_of(linear, **values):
    network, images = linear
    plain = {"data": {"source": str(images)}, "victim": {"networks": [network]}, "radii": RADII, "threads": 1}
    return SpanSpec.parse({**plain, "batch_size": 2, **values})


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def known(images, radius):
    """Clean confidence, highest, and the lowest that one step reaches: it keeps the label where it does not cross 0."""
    weights = np.array([8.0, -8.0, 8.0, 8.0])
    margin = np.abs(images.astype(np.float64).reshape(-1, 4) @ weights - 8)
    return margin, sigmoid(margin), sigmoid(margin + 32 * radius)


@pytest.mark.parametrize("steps", [1, 4])
def test_both_ends_of_a_linear_classifier(tmp_path, linear, steps):
    found = measure_spans(spec_of(linear, steps=steps), tmp_path / "runs", progress=False)
    table = RunFolder.load(found.folder).read()
    images = np.load(linear[1])["images"]
    for radius in RADII:
        rows = table.filter(column(table, "radius") == radius)
        low, clean, high = (column(rows, name) for name in ("low", "clean", "high"))
        margin, confidence, highest = known(images, radius)
        assert np.allclose(clean, confidence, atol=1e-5)
        assert np.allclose(high, highest, atol=1e-5)
        far = margin > 32 * radius * 1.01
        assert far.any()
        assert np.allclose(low[far], sigmoid(margin - 32 * radius)[far], atol=1e-5)
        assert (low >= 0.5 - 1e-6).all()  # the label is kept
        assert ((low <= clean) & (clean <= high)).all()
        assert (column(rows, "gradients") > 0).all()
    wide, narrow = (table.filter(column(table, "radius") == radius) for radius in (RADII[1], RADII[0]))
    assert (column(wide, "low") <= column(narrow, "low")).all()
    assert (column(wide, "high") >= column(narrow, "high")).all()


def test_crossings_are_counted_right(tmp_path, linear):
    found = measure_spans(spec_of(linear, threshold=0.8, steps=1), tmp_path / "runs", progress=False)
    labels, images = (np.load(linear[1])[name] for name in ("labels", "images"))
    right = (images.reshape(-1, 4) @ np.array([8.0, -8.0, 8.0, 8.0]) > 8) == labels
    for row, radius in zip(found.summary["spans"], RADII, strict=True):
        margin, _, highest = known(images, radius)
        edge = np.log(0.8 / 0.2)
        crosses = (margin - 32 * radius < edge) & (highest >= 0.8)
        # The full step down may break the label; then a shorter one is what was found, which may not cross.
        sure = margin > 32 * radius
        assert crosses[sure].any()
        table = RunFolder.load(found.folder).read()
        rows = table.filter(column(table, "radius") == radius)
        counted = (column(rows, "low") < 0.8) & (column(rows, "high") >= 0.8)
        assert (counted[sure] == crosses[sure]).all()
        assert row["all"]["crossing"] == pytest.approx(counted.mean())
        assert row["correct"]["crossing"] == pytest.approx(counted[right].mean())
        assert row["wrong"]["crossing"] == pytest.approx(counted[~right].mean())
        assert (row["correct"]["images"], row["wrong"]["images"]) == (16, 4)


def made_up(clean, low, high, labels):
    values = {"clean": clean, "low": low, "high": high}
    columns = {name: np.array(value, dtype=np.float64) for name, value in values.items()}
    count = len(clean)
    whole = {"sample": np.arange(count), "label": np.array(labels), "prediction": np.ones(count, dtype=np.int64)}
    spent = {"gradients": np.full(count, 3), "queries": np.full(count, 5)}
    return span_table({**whole, **columns, **spent}, 0.1)


def test_ends_at_the_threshold():
    # Below it, up to it (answered there), from it (always answered), across it.
    table = made_up([0.6, 0.6, 0.8, 0.8], [0.5, 0.5, 0.8, 0.7], [0.7, 0.8, 0.9, 0.9], [1, 1, 0, 0])
    found = summarise_spans(table, [0.1], 0.8)["spans"][0]
    assert found["all"]["crossing"] == 0.5
    assert (found["correct"]["crossing"], found["wrong"]["crossing"]) == (0.5, 0.5)
    assert found["all"]["mean_width"] == pytest.approx(0.2)
    assert found["all"]["median_width"] == pytest.approx(0.2)
    assert (found["all"]["gradients"], found["all"]["queries"]) == (3, 5)


def test_the_default_threshold_answers_nine_of_ten():
    clean = np.linspace(0.5, 0.95, 10)
    summary = summarise_spans(made_up(clean, clean, clean, [1] * 10), [0.1], None)
    assert summary["threshold"] == clean[1]
    assert summary["answered"] == pytest.approx(0.9)
    assert summary["spans"][0]["wrong"] == {"images": 0, "median_width": None} | dict.fromkeys(
        ("clean", "low", "high", "mean_width", "crossing", "gradients", "queries")
    )
    assert "100" not in span_headline(summary)
    assert "wrong" not in span_headline(summary)
    assert [row.kind for row in span_rows(summary)] == ["all", "correct", "wrong"]


def test_an_interrupted_run_goes_on(tmp_path, linear, monkeypatch):
    whole = measure_spans(spec_of(linear), tmp_path / "whole", progress=False)
    write, calls = RunFolder.write_part, []

    def interrupted(folder, index, table):
        if index == 1:
            raise KeyboardInterrupt
        write(folder, index, table)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_part", interrupted)
        with pytest.raises(KeyboardInterrupt):
            measure_spans(spec_of(linear), tmp_path / "runs", progress=False)
    spans = module._spans
    monkeypatch.setattr(module, "_spans", lambda *arguments: calls.append(1) or spans(*arguments))
    resumed = measure_spans(spec_of(linear), tmp_path / "runs", progress=False)
    assert len(calls) == 2  # of three parts
    assert RunFolder.load(resumed.folder).read().equals(RunFolder.load(whole.folder).read())
    again = measure_spans(spec_of(linear), tmp_path / "runs", progress=False)
    assert len(calls) == 2
    assert again.summary == resumed.summary


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"radii": []}, "radii: expected"),
        ({"radii": [0.1, 0]}, "radii: expected"),
        ({"radii": ["inf"]}, "radii: expected"),
        ({"threshold": 1.5}, "threshold: expected"),
        ({"threshold": float("nan")}, "threshold: expected"),
        ({"steps": 0}, "steps: expected"),
    ],
)
def test_bad_settings_are_one_line(linear, values, message):
    with pytest.raises(SpecError, match=message):
        spec_of(linear, **values)


def test_radii_are_put_in_order(linear):
    assert spec_of(linear, radii=[0.2, 0.1, 0.2]).radii == (0.1, 0.2)


def test_labels_that_the_network_does_not_have(tmp_path, linear):
    path = linear[1]
    held = dict(np.load(path))
    np.savez(path, images=held["images"], labels=held["labels"] + 1)
    with pytest.raises(DataError, match="expected 0 to 1"):
        measure_spans(spec_of(linear), tmp_path / "runs", progress=False)


def test_the_command(tmp_path, linear, capsys):
    network, images = linear
    command = ["span", "--data", str(images), "--network", network["name"], "--radii", "0.05", "--threads", "1"]
    command += ["--quiet", "--out", str(tmp_path / "runs")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert out.startswith("Within 0.05 of the full range")
    folder = Path(out.splitlines()[-1].removeprefix("report: ")).parent
    assert (folder / "figures" / "span.png").is_file()
    assert main([*command, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["spans"][0]["all"]["images"] == 20
    assert main([*command, "--threshold", "2"]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("feint: threshold: expected")
    assert errors.count("\n") == 1
