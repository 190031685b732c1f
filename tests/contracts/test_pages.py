"""What holds for the pages of all experiments, with names in them that others chose as badly as they could."""

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

from feint.reports import Facts, Figure
from feint.reports.data import data
from feint.reports.markdown import markdown
from feint.reports.page import page
from feint.reports.pictures import pictures
from feint.reports.text import text
from feint.runs.run import Run, read_state
from feint.runs.runners.local import read_summary

from .conftest import EVERY

HOSTILE = (
    "\"quotes\" and 'more'",
    "<script>window.ran = 1</script>",
    "$x$ \\alpha {{x}}",
    '<a href="x"><b>link</b></a>',
    '<img src="x" onerror="window.ran = 1">',
    "مرحبا \u202egnp.exe",
    "long " * 100,
    "\x1b[31mred\x1b[0m\x07",
    "caf\udce9",
    "a.b[0]",
)
NAMES = ("classes", "data", "foreign", "name", "test", "victim", "victims")
"""Where a run says what others called something."""


def _names(value: Any, named: bool = False) -> list[str]:
    """All that others named, in what is known about a run."""
    match value:
        case str():
            return [value] if named else []
        case dict():
            return [name for key, each in value.items() for name in _names(each, key in NAMES)]
        case list():
            return [name for each in value for name in _names(each, named)]
    return []


def _renamed(value: Any, names: dict[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case dict():
            return {names.get(key, key): _renamed(each, names) for key, each in value.items()}
        case list():
            return [_renamed(each, names) for each in value]
    return value


def test_facts_are_for_readers(bench):
    for name in EVERY:
        run, report = bench.reference(name).run, bench.reference(name).report
        (facts,) = (block for block in report.blocks() if isinstance(block, Facts))
        assert not [said for said in facts.items.values() if re.search(r"\w=", said)], name
        assert "shape" not in run.about or "x8x8" in facts.items["images"], name
        assert name not in ("attack", "span") or "shape" in run.about


def test_pages_open_in_a_browser_and_hostile_names_stay_text(bench, browse, tmp_path):
    places, wanted = [], {}
    for name in EVERY:
        run = bench.reference(name).run
        state = read_state(run.path)
        names = {each: f"{HOSTILE[at % 10]} {at}" for at, each in enumerate(dict.fromkeys(_names(state["about"])))}
        hostile = Run(run.path, run.experiment, {**state, "about": _renamed(state["about"], names)})
        report = run.experiment.report(hostile, _renamed(read_summary(run.path), names))
        assert any(json.dumps(each)[1:-1] in json.dumps(data(report)) for each in names.values()), name
        figures = [block for block in report.blocks() if isinstance(block, Figure)]
        for place, drawn in pictures(report, "svg").items():
            tags = {each.tag.rpartition("}")[2] for each in ET.fromstring(drawn).iter()}
            assert not tags & {"script", "a", "b"}, f"{name}: {place}"
        for said in (text(report), markdown(report)):
            assert not {"\x1b", "\u202e"} & set(said), name
        assert "<script" not in markdown(report).replace("\\<", ""), name
        wanted[name] = {
            "charts": sum(len(figure.panels) for figure in figures),
            "stills": len(figures),
            **{"markup": 0, "wide": False, "ran": False},
        }
        places.append(tmp_path / f"{name}.html")
        places[-1].write_text(page(report))
    shown, console = browse(places, 390)
    assert console == []
    assert dict(zip(wanted, shown, strict=True)) == wanted
