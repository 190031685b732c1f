import csv
import io
import json

import numpy as np

from feint.reports import Column, Notes, Report, Section, Table, data, formats, text
from feint.reports.markdown import markdown


def _report(*blocks, headline="Found."):
    return Report("title", headline, (Section("One", blocks),), warnings=("believe less",))


def test_the_terminal_shows_what_is_meant_for_it(audit):
    shown = text.text(audit)
    lines = shown.splitlines()
    assert lines[0] == audit.headline
    assert any(line.startswith("warning: the network's outputs") for line in lines)
    head = next(at for at, line in enumerate(lines) if line.lstrip().startswith("radius"))
    assert lines[head + 1].split()[:4] == ["of", "[0,", "1]", "×"]
    assert lines[head + 3].split()[:3] == ["clean", "2.00", "1.00"]
    assert lines[head + 3].endswith("-")
    assert lines[head + 4].split()[0] == "5e-5"
    assert "Confidence by true class" not in shown
    assert "- radius 5e-3, asked 3 times" in shown
    assert max(len(line) for line in lines[head : head + 7]) <= 120


def test_columns_are_aligned():
    table = Table("t", (Column("name"), Column("value", format=formats.fixed(1))), (("a", 1.0), ("long name", -100.0)))
    assert text.plain_table(table).splitlines() == [
        "name        value",
        "---------  ------",
        "a             1.0",
        "long name  -100.0",
    ]


def test_names_do_not_steer_the_terminal(sample):
    table = Table("t", (Column("class"),), tuple((name,) for name in sample.HOSTILE), terminal=True)
    shown = text.text(_report(table, Notes(sample.HOSTILE, terminal=True), headline=sample.HOSTILE[6]))
    assert all(letter == "\n" or letter.isprintable() for letter in shown)
    assert "\u202e" not in shown
    assert max(map(len, text.plain_table(table).splitlines())) <= text.WIDEST
    shown.encode()


def test_markdown_says_everything_and_takes_no_markup_from_names(audit, sample):
    said = markdown(audit)
    assert said.startswith("# feint audit: digits-cnn on digits\n")
    for section in audit.sections:
        assert not section.title or f"## {section.title}" in said
    assert "![Risk-coverage curves. Area under each, × 1000: clean: 2.0;" in said
    assert "](figures/gallery.svg)" in said
    hostile = markdown(_report(Notes(sample.HOSTILE), Table("t", (Column("a|b"),), (("c|d",),))))
    assert "<script>" not in hostile.replace("\\<", "")
    assert "$x$" not in hostile
    assert "| c\\|d |" in hostile
    assert text.text(audit, full=True) == said


def test_json_has_raw_values(audit):
    found = json.loads(json.dumps(data.data(audit), allow_nan=False))
    tables = [block for section in found["sections"] for block in section["blocks"] if block["kind"] == "table"]
    scores = next(table for table in tables if table["name"] == "scores")
    assert scores["rows"][0][:2] == ["clean", 0.002]
    assert scores["rows"][1][0] == 5e-5
    assert scores["columns"][1] == {"title": "AURC", "unit": ""}  # raw: not × 1000
    figures = [block for section in found["sections"] for block in section["blocks"] if block["kind"] == "figure"]
    assert [figure["name"] for figure in figures] == ["risk_coverage", "thresholds", "confidence", "reliability"]
    assert "panels" not in figures[0]
    assert "layer" in data.data(audit, charts=True)["sections"][1]["blocks"][1]["panels"][0]["chart"]


def test_what_is_no_number_is_null():
    table = Table("t", (Column("a"),), ((float("nan"),), (np.float32(0.5),), (np.int64(3),), (None,)))
    rows = data.data(_report(table))["sections"][0]["blocks"][0]["rows"]
    assert rows == [[None], [0.5], [3], [None]]
    assert [type(row[0]) for row in rows[1:3]] == [float, int]


def test_csv_is_read_back(sample):
    columns = (Column("class, true"), Column("share", "%", formats.percent()))
    table = Table("t", columns, (*((name, 0.25) for name in sample.HOSTILE), ("=1+1", None), ("-0.5", 0.1)))
    rows = list(csv.reader(io.StringIO(data.csv(table))))
    assert rows[0] == ["class, true", "share"]
    assert rows[1] == ["\"quotes\" and 'more'", "0.25"]
    assert rows[-2] == ["'=1+1", ""]  # not a formula
    assert rows[-1] == ["-0.5", "0.1"]
