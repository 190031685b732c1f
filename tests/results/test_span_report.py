import re

import numpy as np
import pytest
from feint.results import RunFolder
from feint.results.span import Intervals, SpanReport, SpanRow, span_table
from feint.results.span_report import plain_span_table, span_figure, write_span_report
from PIL import Image

from feint.errors import InputError


@pytest.fixture(scope="module")
def report():
    generator = np.random.default_rng(0)
    clean = generator.uniform(0.4, 0.95, 1000)
    correct = generator.random(1000) < 0.9
    rows = [
        SpanRow(radius, kind, 1000, 0.7, 0.6, 0.8, 0.2, 0.2, 0.25, 2.0, 3.5)
        for radius in (5e-4, 5e-3)
        for kind in ("all", "correct")
    ]
    rows.append(SpanRow(5e-3, "wrong", 0, *[None] * 8))
    return SpanReport(
        title="feint span <script>alert(1)</script>",
        headline="a & b",
        command="feint span --data 'a<b'",
        facts={"data": "<i>digits</i>"},
        threshold=0.6,
        rows=tuple(rows),
        intervals=tuple(Intervals(radius, clean, clean - 0.1, clean + 0.05, correct) for radius in (5e-4, 5e-3)),
        notes=("<em>note</em>",),
        skipped=("<img src=x>: no image",),
    )


def test_the_page_and_its_picture(tmp_path, report):
    with RunFolder.open(tmp_path, "span", {"seed": 0}) as folder:
        write_span_report(folder, report)
    text = (folder.path / "report.html").read_text()
    ours = re.sub(r"<script>/\*\*\s+\* plotly\.js.*?</script>", "", text, flags=re.DOTALL)
    for raw in ("<script>alert", "a & b", "a<b'", "<i>digits", "<em>note", "<img src=x>"):
        assert raw not in ours
    assert not re.search(r"https?:|(src|href)\s*=\s*[\"']?//", ours)
    assert len(re.findall(r'data-figure="span-\d"', ours)) == 2
    assert "Shown are 600 of 1,000 images" in ours
    assert "5e-4: 25.0 % cross the threshold" in ours
    assert "<dt>Crossing</dt>" in ours
    assert "AURC" not in ours
    with Image.open(folder.path / "figures" / "span.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 300
    assert (pixels != 255).any(axis=2).mean() > 0.02


def test_the_least_certain_come_first(report):
    panel = span_figure(report).panels[0]
    assert len(panel.clean) == 600
    assert (np.diff(panel.clean) >= 0).all()
    assert panel.clean[0] == 100 * report.intervals[0].clean.min()
    assert (panel.place > 0).all()
    assert (panel.place < 100).all()
    assert (panel.low < panel.clean).all()


def test_the_terminals_table(report):
    lines = plain_span_table(report.rows).splitlines()
    assert len(lines) == 3 + 5
    assert lines[3].split() == ["5e-4", "all", "1000", "70.0", "60.0", "80.0", "20.0", "20.0", "25.0", "2.0", "3.5"]
    assert lines[-1].split() == ["5e-3", "wrong", "0", *["–"] * 8]


def test_intervals_that_do_not_hold_the_clean_confidence_are_refused():
    whole = {name: np.zeros(2, dtype=np.int64) for name in ("sample", "label", "prediction", "gradients", "queries")}
    ends = {"low": np.array([0.1, 0.6]), "clean": np.array([0.5, 0.5]), "high": np.array([0.7, 0.7])}
    with pytest.raises(InputError, match=r"row 1 has low 0\.6, clean 0\.5"):
        span_table({**whole, **ends}, 0.1)
    with pytest.raises(InputError, match="high nan"):
        span_table({**whole, **ends, "low": np.zeros(2), "high": np.full(2, np.nan)}, 0.1)
