"""Curves of detectors: the area under what is drawn is the area that tables have."""

import numpy as np
import pytest
import torch
from matplotlib.cbook import STEP_LOOKUP_MAP
from matplotlib.figure import Figure

from feint import metrics
from feint.results.detection import DetectionPanel, DetectionReport, DetectorCurve
from feint.results.detection_figures import STEPS, plotly, points


def curve(measure: str, levels: int) -> DetectorCurve:
    """One detector that knows so many values."""
    generator = torch.Generator().manual_seed(levels)
    positives = torch.rand(500, generator=generator) < 0.3
    scores = (levels * torch.rand(500, generator=generator) + positives).floor().double()
    roc, pr = metrics.roc(scores, positives), metrics.precision_recall(scores, positives)
    return DetectorCurve(
        measure,
        metrics.auroc(scores, positives),
        metrics.aupr(scores, positives),
        roc.false_positive_rate.numpy(),
        roc.true_positive_rate.numpy(),
        pr.recall.numpy(),
        pr.precision.numpy(),
    )


def rendered(each: DetectorCurve, side: str) -> np.ndarray:
    """The corners that matplotlib draws, in percent, shape ``(corners, 2)``."""
    (line,) = Figure().subplots().plot(*points(each, side), drawstyle=STEPS[side][0])
    return np.column_stack(STEP_LOOKUP_MAP[line.get_drawstyle()](*line.get_data()))


@pytest.mark.parametrize("levels", [2, 4, 1000])
def test_areas_under_what_is_drawn(levels):
    each = curve("variation_ratio", levels)
    for side, area in (("roc", each.auroc), ("pr", each.aupr)):
        across, up = torch.from_numpy(rendered(each, side) / 100).T
        assert across[0] == 0
        assert torch.trapezoid(up, across).item() == pytest.approx(area, abs=1e-12)


def test_entropy_and_information_are_on_top():
    names = ("margin", "predictive_entropy", "mutual_information", "variation_ratio")
    panel = DetectionPanel("net", "bim 0.1", "all", tuple(curve(name, 9) for name in names))
    report = DetectionReport("", "", "", {}, (panel,), (), (), ())
    drawn = plotly(report, panel, "pr")["data"]  # later ones over earlier ones
    assert [trace["name"] for trace in drawn] == [
        "variation ratio",
        "margin",
        "mutual information",
        "predictive entropy",
    ]
    assert {trace["line"]["shape"] for trace in drawn} == {"vh"}
