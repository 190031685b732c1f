"""From arrays to panels and figures: pure functions, one file per kind of chart."""

# isort: off
from .bars import Bars, bars
from .colours import ATTACKED, CLASSES, CLEAN, CORRECT, REFERENCE, SERIES, WRONG
from .colours import by_radius, radius_legend, sequential_ramp, some, stage
from .detection import Detector, Side, detection
from .distributions import Sample, histograms
from .intervals import INTERVALS, intervals
from .intervals import MOST as MOST_INTERVALS
from .lines import Line, lines
from .plane import Letter, Points, encoded, heat, regions
from .radii import Calibration, Confidences, Curve, confidence, reliability, risk_coverage
from .scatter import Cloud, scatter
from .training import training

__all__ = [
    "ATTACKED", "CLASSES", "CLEAN", "CORRECT", "INTERVALS", "MOST_INTERVALS", "REFERENCE", "SERIES", "WRONG", "Bars",
    "Calibration", "Cloud", "Confidences", "Curve", "Detector", "Letter", "Line", "Points", "Sample", "Side", "bars",
    "by_radius", "confidence", "detection", "encoded", "heat", "histograms", "intervals", "lines", "radius_legend",
    "regions", "reliability", "risk_coverage", "scatter", "sequential_ramp", "some", "stage", "training",
]  # fmt: skip
