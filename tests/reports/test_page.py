import re
import time
from html.parser import HTMLParser

import pytest

from feint.reports import (
    Column,
    Command,
    Details,
    Facts,
    Figure,
    Mark,
    Notes,
    Ramp,
    Report,
    Section,
    Stat,
    Stats,
    Table,
    Text,
    formats,
    page,
    pictures,
    vega,
)


class Reader(HTMLParser):
    """Which tags there are, with their attributes, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.said, self._script = [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._script = tag in ("script", "style")
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self._script = False

    def handle_data(self, data):
        if not self._script:
            self.said.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(audit):
    return page.page(audit)


@pytest.fixture(scope="module")
def read(html):
    return Reader(html)


def test_the_page_of_an_audit_is_small(html):
    assert 900_000 < len(html.encode()) < 1_500_000  # the scripts alone are 0.9 MB


def test_every_figure_has_a_picture_where_scripts_do_not_run(everything):
    html = page.page(everything)
    figures = [block for block in everything.blocks() if isinstance(block, Figure)]
    stills = re.findall(
        r'<noscript><img class="still" src="data:image/(png;base64|svg\+xml),[^"]{500,}" alt="([^"]+)"', html
    )
    assert len(stills) == len(figures)
    assert "<noscript><style>.live, .chart > h3 { display: none; }</style></noscript>" in html  # said by the picture
    assert [alt for _, alt in stills] == [
        figure.alt.replace("'", "&#x27;").replace('"', "&quot;") for figure in figures
    ]


def test_no_line_ends_inside_a_number_or_an_interval():
    columns = (Column("a"), Column("b", format=formats.fixed(2)))
    table = Table("t", columns, (("0.9 (0.81 to 0.95)", 1.0), ("5e-3 of [0, 1]", 2.0)))
    html = page.page(Report("t", "h", (Section("s", (table, Facts({"rate": "1e-3"}))),)))
    kept = re.findall('<span class="number">([^<]+)</span>', html)
    assert kept == ["(0.81 to 0.95)", "5e-3", "1e-3"]


def test_the_contents_lead_to_the_sections(read):
    links = [link["href"] for link in read.all("a")]
    anchors = {"#" + attributes["id"] for _, attributes in read.tags if "id" in attributes}
    assert len(links) == 10
    assert set(links) <= anchors
    assert links[-1] == "#glossary"


def test_sections_of_one_name_have_places_of_their_own():
    twice = Report("t", "h", (Section("Same", (Text.of("a"),)), Section("Same", (Text.of("b"),)), Section("同じ", ())))
    ids = [attributes["id"] for attributes in Reader(page.page(twice)).all("section")]
    assert len(set(ids)) == 3


def test_at_most_eight_cards_are_open(read):
    groups = [attributes for attributes in read.all("details") if attributes.get("name") == "cards-gallery"]
    assert [("open" in group) for group in groups] == [True, False, False]
    assert read.said.count("1 to 8 of 20") == 1


def test_every_table_scrolls_and_says_so(html, sample):
    body = html[: html.index("<script")]
    assert body.count('<div class="scroll" tabindex="0" role="region"') == body.count("<table>") == 2
    assert body.count('class="cue"') == 2
    many = page.page(sample.audit(names=tuple(f"class {at}" for at in range(1000)), cards=0))
    assert "1,000 rows: scroll inside the table" in many
    assert '<div class="scroll long"' in many


def test_nothing_is_loaded_and_nothing_compiled(html):
    policy = Reader(html).all("meta")[3]["content"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    body = html[: html.index("<script>")]
    assert not re.search(r'(src|href)="(?!data:|#)', body)


def test_many_radii_stay_readable(sample):
    report = sample.audit(tuple(1e-4 * 1.1**at for at in range(50)))
    html = page.page(report)
    risk, *_, reliability = (block for block in report.blocks() if isinstance(block, Figure))
    assert len(risk.legend) == 3  # clean, a scale of colours, the best and worst possible
    assert len(reliability.panels) == 8
    assert "Shown are 8 of 51 stages" in html
    assert len(html) < 2_500_000


def test_hostile_names_stay_text(sample):
    for name in sample.HOSTILE:
        blocks = (
            Text.of(name),
            Notes((name,)),
            Facts({name: name}),
            Command(name),
            Stats((Stat(name, name, name),)),
            Table(name, (Column(name, name),), ((name,),), name),
            Details(name, (Text.of(name),)),
        )
        html = page.page(Report(name, name, (Section(name, blocks),), {name: name}, (name,)))
        read = Reader(html)
        allowed = {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "main",
            "header",
            "h1",
            "p",
            "nav",
            "ul",
            "li",
            "a",
        }
        allowed |= {"noscript"}  # the style for those without scripts
        allowed |= {"aside", "section", "h2", "h3", "dl", "dt", "dd", "div", "pre", "figure", "figcaption", "table"}
        allowed |= {"thead", "tbody", "tr", "th", "td", "small", "details", "summary", "footer", "script", "span"}
        assert {tag for tag, _ in read.tags} <= allowed
        assert all(link["href"].startswith("#") for link in read.all("a"))
        assert len(read.all("script")) == 3  # the theme, no Vega, the page's own
        assert "\u202e" not in html
        assert "\x1b" not in html
        html.encode()


def test_hostile_names_stay_text_in_charts(sample):
    report = sample.everything(sample.HOSTILE)
    html = page.page(report)
    assert "<script>alert" not in html
    assert html.count("</script>") == html.count("<script")
    scatter = next(block for block in report.blocks() if isinstance(block, Figure) and block.name == "scatter")
    drawn = pictures.svg(scatter)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in drawn
    assert "<script" not in drawn
    assert "href" not in re.sub(r"xmlns:xlink|&lt;a href=[^<]*", "", drawn)
    assert "$x$ \\alpha {{x}}" in drawn


def test_a_series_called_image_is_no_picture(sample):
    from feint.reports import charts

    (panel,) = charts.bars("b", "Bars", ["a"], [("image", (1.0,))], [charts.CLEAN], axis="title").panels
    titles = [each["title"] for layer in panel.chart["layer"] for each in layer["encoding"].get("tooltip", ())]
    assert titles
    assert not {"image", "title"} & set(titles)


def test_colours_of_legends_are_colours():
    for colour in ("red", 'red" onmouseover="alert(1)', "#12345", "#1f6fb2;"):
        with pytest.raises(ValueError, match="colour: expected #rrggbb"):
            Mark("name", colour)
    with pytest.raises(ValueError, match="colour: expected #rrggbb"):
        Ramp("name", ("#000000", "url(x)"), "0", "1")


def test_notebooks_show_the_finding_and_the_tables(audit):
    shown = page.fragment(audit)
    assert audit.headline[:40] in shown
    assert shown.count("<table>") == 1
    assert "<script" not in shown
    assert len(shown) < 20_000


def test_the_scripts_are_made_once(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = vega.scripts()
    (kept,) = (tmp_path / "feint").iterdir()
    started = time.process_time()
    assert vega.scripts() == first
    assert time.process_time() - started < 0.5
    kept.write_text(kept.read_text()[:-1])  # cut off, as by a full disk
    assert vega.scripts() == first
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))  # no folder
    assert vega.scripts() == first
    assert "</script" not in first.lower()


def test_no_line_ends_inside_a_number_a_flag_or_a_word_of_one_letter_and_more():
    whole = '<span class="number">{}</span>'.format
    assert whole("--data") in page.block(Command("feint audit --data a-file --seed 3"))
    assert whole("5e-3") in page.block(Text.of("within 5e-3 of it"))
    table = Table("areas", (Column("E-AURC"),), ((0.5,),))
    assert whole("E-AURC") in page.block(table)


@pytest.mark.parametrize("long", ["--" + "a" * 500, "A-" + "a" * 500, "1" * 500 + "e-5"])
def test_words_as_long_as_lines_may_end_lines(long):
    assert "number" not in page.block(Text.of(f"a {long} b"))
