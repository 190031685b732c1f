"""The figure of confidence against accuracy."""

import io

import numpy as np
from PIL import Image

from feint.results.detection_scatter import Cloud, scatter


def drawn(panels: int, kinds: int, *, names: tuple[str, ...] = ("0", "1", "2")) -> np.ndarray:
    places = tuple(float(place) for place in range(len(names)))
    clouds = tuple(
        Cloud(f"victim {panel}", f"kind {kind} of attacks", names, places, tuple(place + kind for place in places))
        for panel in range(panels)
        for kind in range(kinds)
    )
    return np.asarray(Image.open(io.BytesIO(scatter("Confidence against accuracy, by class", "x", "y", clouds))))


def test_the_legend_leaves_the_title_alone():
    for panels in (1, 3):
        title = [drawn(panels, kinds)[:30] for kinds in (1, 6)]
        assert np.array_equal(*title)
        assert (title[0] < 100).any()


def test_every_point_bears_its_name():
    for first, second in ((("0", "1"), ("0", "9")), (("zero", "one"), ("zero", "nine"))):
        assert not np.array_equal(drawn(1, 1, names=first), drawn(1, 1, names=second))
