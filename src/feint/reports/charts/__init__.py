"""From arrays to panels and figures: pure functions, one file per kind of chart."""

# isort: off
from .bars import bars
from .colours import ATTACKED, CLASSES, CLEAN, CORRECT, REFERENCE, SERIES, WRONG, by_radius, radius_legend, some, stage
from .detection import Detector, Side, detection
from .distributions import MOST_INTERVALS, Sample, histograms, intervals
from .lines import Line, lines, training
from .plane import Points, heat, plane, regions
from .radii import Calibration, Curve, confidence, reliability, risk_coverage
from .scatter import Cloud, scatter

__all__ = [
    "ATTACKED", "CLASSES", "CLEAN", "CORRECT", "MOST_INTERVALS", "REFERENCE", "SERIES", "WRONG", "Calibration",
    "Cloud", "Curve", "Detector", "Line", "Points", "Sample", "Side", "bars", "by_radius", "confidence", "detection",
    "heat", "histograms", "intervals", "lines", "plane", "radius_legend", "regions", "reliability", "risk_coverage",
    "scatter", "some", "stage", "training",
]  # fmt: skip
