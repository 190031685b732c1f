import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from feint.results import RiskCurve, RunFolder, write_report
from feint.results.audit_figures import confidence, gallery, magnification, reliability, risk_coverage
from feint.results.figures import ATTACKED, colour
from feint.results.plotly_figures import reliabilities
from feint.results.png_figures import image
from feint.results.report import page
from feint.results.sections import order, thresholds
from PIL import Image

FIGURES = ("risk_coverage", "thresholds", "confidence", "reliability", "rounding")


class Loads(HTMLParser):
    """What a page would load, and the elements it is made of."""

    def __init__(self):
        super().__init__()
        self.addresses, self.tags, self.images, self.policy = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.addresses += [given[name] for name in ("src", "href", "data", "srcset", "poster") if given.get(name)]
        if tag == "img":
            self.images.append(given)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]


@pytest.fixture(scope="module")
def written(tmp_path_factory, audit_report):
    with RunFolder.open(tmp_path_factory.mktemp("runs"), "audit", {"seed": 0}) as folder:
        write_report(folder, audit_report)
    return folder.path


def without_plotly(text):
    return re.sub(r"<script>/\*\*\s+\* plotly\.js.*?</script>", "", text, flags=re.DOTALL)


def test_everything_is_written(written):
    names = {str(path.relative_to(written)) for path in written.rglob("*.*") if path.is_file()}
    assert names >= {"report.html"} | {f"figures/{name}.png" for name in (*FIGURES, "gallery")}


def test_the_page_loads_nothing(written):
    text = (written / "report.html").read_text()
    assert "plotly.js v" in text
    ours = without_plotly(text)
    assert len(ours) < len(text) - 1_000_000
    assert not re.search(r"""https?:|(src|href)\s*=\s*["']?//""", ours)
    loads = Loads()
    loads.feed(ours)
    assert loads.addresses
    assert all(address.startswith("data:image/png;base64,") for address in loads.addresses)
    assert "link" not in loads.tags
    assert "default-src 'none'" in loads.policy  # the browser refuses whatever a library might try
    assert "http" not in loads.policy
    assert "@import" not in text.split("</style>")[0]


def test_every_picture_says_what_it_shows(written):
    loads = Loads()
    loads.feed(without_plotly((written / "report.html").read_text()))
    assert len(loads.images) == 3 * 3 + len(FIGURES)
    assert all(given["alt"] for given in loads.images)


def test_texts_are_escaped(written):
    text = without_plotly((written / "report.html").read_text())
    for raw in (
        "<script>alert",
        "<i>digits",
        "</table><b>",
        "<em>tags",
        "<img src=x>",
        "a<b'",
        "dog & co",
        "<7>",
        "<90>",
    ):
        assert raw not in text
    assert "feint audit &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "$" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_no_name_ends_a_script(audit_report):
    text = without_plotly(page(audit_report, dict.fromkeys(FIGURES, b"")))
    specs = re.findall(r'<script type="application/json" data-figure="([\w-]+)">(.*?)</script>', text, re.DOTALL)
    panels = [f"{figure}-{at}" for figure in ("confidence", "reliability") for at in range(3)]
    assert [name for name, _ in specs] == ["risk_coverage", "thresholds", *panels, "rounding"]
    for name, spec in specs:
        assert f'id="{name}"' in text
        assert "<" not in spec
        assert {"data", "layout"} == json.loads(spec).keys()


def test_axes_say_their_units(audit_report):
    text = page(audit_report, dict.fromkeys(FIGURES, b""))
    for spec in re.findall(r'data-figure="[\w-]+">(.*?)</script>', text):
        layout = json.loads(spec)["layout"]
        for axis in (name for name in layout if name[1:5] == "axis"):
            assert re.search(r"\(.+\)$", layout[axis]["title"]["text"])


@pytest.mark.parametrize("name", [*FIGURES, "gallery"])
def test_pngs_show_something(written, name):
    with Image.open(written / "figures" / f"{name}.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert min(pixels.shape[:2]) > 300
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
    assert (pixels != 255).any(axis=2).mean() > 0.02


def test_a_report_with_the_least(tmp_path, audit_report):
    faultless = tuple(replace(found, correct=np.ones(200, dtype=bool)) for found in audit_report.confidences)
    none = RiskCurve(None, np.ones(1), np.zeros(1))
    report = replace(
        audit_report, confidences=faultless, best=none, worst=none, gallery=(), rounding=(), classes=(), notes=(),
        calibrations=(), thresholds=(), skipped=(), scores=audit_report.scores[:1], curves=audit_report.curves[:1],
    )  # fmt: skip
    with RunFolder.open(tmp_path, "audit", {"seed": 0}) as folder:
        write_report(folder, report)
    text = without_plotly((folder.path / "report.html").read_text())
    for title in (
        "To be noted", "Class by class", "Saved as a picture", "What the attack looks like", "shipped threshold",
        "taken at its word", "How far the attack went",
    ):  # fmt: skip
        assert title not in text
    assert sorted(path.name for path in (folder.path / "figures").iterdir()) == ["confidence.png", "risk_coverage.png"]


def test_perturbations_are_magnified_around_mid_grey(audit_report):
    added, nothing, grey = gallery(audit_report).pictures
    assert added.magnification == 100
    assert set(np.unique(added.perturbation)) <= {254, 255}
    assert nothing.magnification is None
    assert set(np.unique(nothing.perturbation)) == {128}
    assert nothing.original.shape == (12, 12, 3)
    assert grey.magnification == 100
    assert (added.before, added.after) == ("60.0 %", ">99.9 %")


@pytest.mark.parametrize("radius", [5e-5, 5e-4, 5e-3, 1 / 255, 0.1, 0.5, 1.0])
def test_magnification_fits(radius):
    factor = magnification(float(np.float32(radius)))
    assert factor is not None
    assert radius * factor <= 0.5 * 1.01 or factor == 1
    assert radius * factor * 2.5 > 0.499


def test_large_images_are_made_smaller():
    with Image.open(io.BytesIO(image(np.zeros((300, 600, 3), np.uint8)))) as picture:
        assert picture.size == (256, 128)


def test_long_curves_are_thinned_but_keep_their_ends(audit_report):
    count = 100_000
    long = RiskCurve(None, np.arange(1, count + 1) / count, np.linspace(0, 0.1, count))
    curve = risk_coverage(replace(audit_report, curves=(long,))).curves[0]
    assert len(curve.x) == 500
    assert (curve.x[0], curve.x[-1]) == (100 / count, 100)


def test_histograms_count_every_image(audit_report):
    figure = confidence(audit_report)
    for panel in figure.panels:
        assert panel.correct.sum() + panel.wrong.sum() == 200
    assert 10 <= figure.top <= 108


def test_a_threshold_is_explained_by_example(audit_report):
    text = thresholds(audit_report, dict.fromkeys(FIGURES, b""), {})
    assert "answers 90.5 % of the images, 2.0 % of those answers wrong, and passes the rest to a person" in text
    assert "Within radius 5e-4 of the attack the same threshold answers 50.0 % of the images, 30.0 % of those" in text
    assert "<td>0.0 / –</td><td>50.0 / 30.0</td>" in text
    assert "confidence ≥ &lt;90&gt; %" in text


def test_a_threshold_that_lets_nothing_through_has_no_bar(audit_report):
    specs = {}
    thresholds(audit_report, dict.fromkeys(FIGURES, b""), specs)
    clean, first, second = specs["thresholds"]["data"]
    assert (clean["y"], first["y"], second["y"]) == ([2, 1], [30, None], [30, 30])
    assert first["text"] == ["30.0", ""]
    assert first["marker"] != second["marker"]


def test_what_is_left_of_order_and_radius(audit_report):
    text = order(audit_report.scores)
    assert '<th scope="row">5e-4</th><td>−0.250</td><td>4e-4</td><td>1e-4</td><td>20.0</td>' in text
    assert audit_report.scores[0].unspent is None
    assert replace(audit_report.scores[1], effective_radius=0.00050000002).unspent == 0
    assert "–" in order([replace(audit_report.scores[1], kendall_tau=None)])
    assert order([replace(audit_report.scores[1], kendall_tau=None, effective_radius=None)]) == ""


def test_reliability_counts_every_image_and_leaves_empty_bins_empty(audit_report):
    figure = reliability(audit_report)
    assert figure.panels[0].title == "before the attack: ECE 5.0 %, KS 4.0 %"
    assert figure.most == 170
    accuracy, _, count = reliabilities(figure)[1]["data"]
    assert accuracy["y"] == [None, 50.0, 80.0]
    assert count["y"] == [0, 30, 170]
    assert accuracy["customdata"][0] == ["0 to 33.3 %", 0, None]


def test_colours_grow_darker_with_the_radius():
    def light(shade):
        return sum(weight * int(shade[at : at + 2], 16) for weight, at in ((0.3, 1), (0.59, 3), (0.11, 5)))

    shades = [light(colour("attacked", strength)) for strength in np.linspace(0, 1, 9)]
    assert shades == sorted(shades, reverse=True)
    assert colour("attacked", 0.5) == ATTACKED[1]
