import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from feint.results import RiskCurve, RunFolder, write_report
from feint.results.audit_figures import confidence, gallery, magnification, risk_coverage
from feint.results.figures import ATTACKED, colour
from feint.results.png_figures import image
from feint.results.report import page


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
    assert names >= {"report.html"} | {
        f"figures/{name}.png" for name in ("risk_coverage", "confidence", "gallery", "rounding")
    }


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
    assert len(loads.images) == 3 * 3 + 3
    assert all(given["alt"] for given in loads.images)


def test_texts_are_escaped(written):
    text = without_plotly((written / "report.html").read_text())
    for raw in ("<script>alert", "<i>digits", "</table><b>", "<em>tags", "<img src=x>", "a<b'", "dog & co", "<7>"):
        assert raw not in text
    assert "feint audit &lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "$" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_no_name_ends_a_script(audit_report):
    text = without_plotly(page(audit_report, dict.fromkeys(("risk_coverage", "confidence", "rounding"), b"")))
    specs = re.findall(r'<script type="application/json" data-figure="([\w-]+)">(.*?)</script>', text, re.DOTALL)
    assert [name for name, _ in specs] == ["risk_coverage", "confidence-0", "confidence-1", "confidence-2", "rounding"]
    for name, spec in specs:
        assert f'id="{name}"' in text
        assert "<" not in spec
        assert {"data", "layout"} == json.loads(spec).keys()


def test_axes_say_their_units(audit_report):
    text = page(audit_report, dict.fromkeys(("risk_coverage", "confidence", "rounding"), b""))
    for spec in re.findall(r'data-figure="[\w-]+">(.*?)</script>', text):
        layout = json.loads(spec)["layout"]
        for axis in ("xaxis", "yaxis"):
            assert re.search(r"\(.+\)$", layout[axis]["title"]["text"])


@pytest.mark.parametrize("name", ["risk_coverage", "confidence", "gallery", "rounding"])
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
        skipped=(), scores=audit_report.scores[:1], curves=audit_report.curves[:1],
    )  # fmt: skip
    with RunFolder.open(tmp_path, "audit", {"seed": 0}) as folder:
        write_report(folder, report)
    text = without_plotly((folder.path / "report.html").read_text())
    for title in ("To be noted", "Class by class", "Saved as a picture", "What the attack looks like"):
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


def test_colours_grow_darker_with_the_radius():
    def light(shade):
        return sum(weight * int(shade[at : at + 2], 16) for weight, at in ((0.3, 1), (0.59, 3), (0.11, 5)))

    shades = [light(colour("attacked", strength)) for strength in np.linspace(0, 1, 9)]
    assert shades == sorted(shades, reverse=True)
    assert colour("attacked", 0.5) == ATTACKED[1]
