import importlib.util
from pathlib import Path

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


def test_pages_open_offline_without_a_word_on_the_console(browse, tmp_path):
    places, wanted = [], []
    for name, make in REPORTS.items():
        report = make()
        figures = [block for block in report.blocks() if isinstance(block, Figure)]
        wanted.append((sum(len(figure.panels) for figure in figures), len(figures)))  # stills are what is printed
        places.append(tmp_path / f"{name}.html")
        places[-1].write_text(page.page(report))
    shown, console = browse(places)
    assert console == []
    assert [(each["charts"], each["stills"]) for each in shown] == wanted
    assert not any(each["markup"] or each["wide"] or each["ran"] for each in shown)


def test_a_broken_page_is_heard_on_the_console_and_markup_that_comes_through_is_seen(browse, tmp_path):
    whole = page.page(Report("t", "h", (Section("s", (Text.of("a"),)),)))
    markup = (
        '<b>a</b><a href="x">b</a><img src="x" onerror="window.ran = 1"><div style="width:3000px">c</div></section>'
    )
    changes = {
        "broken": ("const theme = JSON.parse(", "const theme = JSON.misspelt("),
        "through": ("</section>", markup),
    }
    places = [tmp_path / f"{name}.html" for name in changes]
    for place, change in zip(places, changes.values(), strict=True):
        place.write_text(whole.replace(*change, 1))
    (broken, through), console = browse(places)
    assert any("misspelt" in line for line in console)
    assert (broken["markup"], broken["wide"], broken["ran"]) == (0, False, False)
    assert through["markup"] >= 3
    assert (through["wide"], through["ran"]) == (True, True)
