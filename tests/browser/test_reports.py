import importlib.util
import re
from pathlib import Path

import pytest

from feint.reports import Figure, Report, Section, Text, page


def _sample():
    place = Path(__file__).parents[1] / "reports" / "sample.py"
    spec = importlib.util.spec_from_file_location("sample_reports_in_browser", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SAMPLE = _sample()
REPORTS = {
    "audit": SAMPLE.audit,
    "everything": SAMPLE.everything,
    "hostile": lambda: SAMPLE.everything(SAMPLE.HOSTILE),
    "many": lambda: SAMPLE.audit(tuple(1e-4 * 1.1**at for at in range(50)), tuple(f"class {at}" for at in range(1000))),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_opens_offline_without_a_word_on_the_console(browse, tmp_path, name):
    report = REPORTS[name]()
    place = tmp_path / "report.html"
    place.write_text(page.page(report))
    shown, console = browse(place)
    assert console == []
    panels = sum(len(block.panels) for block in report.blocks() if isinstance(block, Figure))
    assert shown.count("<canvas") == panels
    figures = [block for block in report.blocks() if isinstance(block, Figure)]
    assert len(re.findall(r'<img class="still"[^>]*><noscript>', shown)) == len(figures)  # what is printed


def test_a_broken_page_is_heard_on_the_console(browse, tmp_path):
    place = tmp_path / "report.html"
    report = Report("t", "h", (Section("s", (Text.of("a"),)),))
    place.write_text(page.page(report).replace("const theme = JSON.parse(", "const theme = JSON.misspelt("))
    assert browse(place)[1]
