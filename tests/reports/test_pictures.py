import io
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from feint.errors import InputError
from feint.reports import Figure, Mark, Panel, Picture, Pictures, Ramp, charts, pictures
from feint.reports.images import mosaic, pixels, png
from feint.reports.pictures import still


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")])
def test_every_figure_is_a_file(everything, kind, start):
    found = pictures.pictures(everything, kind)
    assert set(found) == {
        f"{name}.{kind}"
        for name in (
            *("detection-roc", "detection-pr", "scatter", "span", "plane", "maps", "mosaic"),
            *("halves", "strips", "path", "spread", "training"),
        )
    }
    assert all(content.startswith(start) for content in found.values())


def test_a_figure_has_its_title_legend_and_panels(audit):
    figure = next(block for block in audit.blocks() if isinstance(block, Figure) and block.name == "reliability")
    drawn = pictures.svg(figure)
    for text in (figure.title, "exact", "images in the bin", "ECE 2.1 %, KS 2.0 %", "ECE 12.1 %, KS 2.0 %"):
        assert text in drawn
    assert pictures.svg(figure) is drawn  # drawn once


def test_pointers_are_left_out_of_still_pictures(audit):
    figure = next(block for block in audit.blocks() if isinstance(block, Figure))
    assert any(layer.get("name") == "hover" for layer in figure.panels[0].chart["layer"])
    assert "hover" not in str(still(figure))


def test_each_panel_of_a_still_picture_has_its_own_colours():
    """The first series of every panel has the same key, whatever its colour."""
    two = [
        charts.lines(np.arange(3.0), [charts.Line("a", np.arange(3.0), shade)], x_title="x", y_title="y")
        for shade in ("#102030", "#a0b0c0")
    ]
    drawn = pictures.svg(Figure("f", "t", "a", tuple(two)))
    assert [drawn.count(f'stroke="{shade}"') for shade in ("#102030", "#a0b0c0")] == [1, 1]


def test_a_long_legend_goes_on_in_the_next_row():
    marks = tuple(Mark(f"a name of some length {at}", "#102030") for at in range(12))
    drawn, height = pictures.legend((*marks, Ramp("radius", ("#000000", "#ffffff"), "0", "1")), 500)
    places = re.findall(r'<text x="([\d.]+)" y="(\d+)"', drawn)
    assert len({y for _, y in places}) > 4
    assert height == 20 * len({y for _, y in places})
    assert max(float(x) for x, _ in places) < 500


def test_a_chart_that_cannot_be_drawn_is_named():
    with pytest.raises(InputError, match="figure broken: expected charts of Vega-Lite"):
        pictures.render(Figure("broken", "t", "a", (Panel({"mark": "nonsense", "encoding": 3}),)))


def test_charts_load_nothing():
    chart = {"data": {"url": "https://example.com/data.csv"}, "mark": "point", "width": "container"}
    with pytest.raises(InputError, match="figure f"):
        pictures.svg(Figure("f", "t", "a", (Panel({**chart, "encoding": {"x": {"field": "a"}}}),)))


def test_pixels_are_kept():
    image = np.array([[[0.0], [1.0]], [[0.5], [0.25]]])
    read = np.asarray(Image.open(io.BytesIO(png(image))))
    assert read[..., 0].tolist() == [[0, 255], [128, 64]]
    assert pixels(np.zeros((2, 2), np.uint8)).shape == (2, 2, 3)
    large = np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((400, 400), np.uint8))
    assert set(np.unique(Image.open(io.BytesIO(png(large))))) == {0, 255}  # none mixed


def test_a_mosaic_goes_row_by_row():
    tiles = [np.full((2, 2, 1), at / 10) for at in range(5)]
    square = mosaic(tiles)
    assert square.shape == (4, 6, 3)
    assert square[::2, ::2, 0].tolist() == [[0, 26, 51], [76, 102, 255]]


@pytest.mark.parametrize("layout", ["cards", "strip", "mosaic"])
def test_picture_blocks_are_pictures(layout, sample):
    items = tuple(
        Picture((np.zeros((8, 8, 3)),) * 4, tuple(sample.HOSTILE[:4]), name, (name,)) for name in sample.HOSTILE
    )
    content = pictures.render(Pictures("p", sample.HOSTILE[1], items, layout=layout))
    assert Image.open(io.BytesIO(content)).width > 100


def test_nothing_heavy_is_imported():
    script = (
        "import sys; from feint.reports import charts, data, markdown, page, pictures, text; "
        "heavy = {'torch', 'matplotlib', 'plotly', 'scipy', 'PIL', 'vl_convert', 'contourpy'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
