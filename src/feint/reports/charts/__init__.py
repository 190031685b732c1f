"""From arrays to panels and figures: pure functions, one file per kind of chart."""

from .bars import Bars as Bars
from .bars import bars as bars
from .colours import ATTACKED as ATTACKED
from .colours import CLASSES as CLASSES
from .colours import CLEAN as CLEAN
from .colours import CORRECT as CORRECT
from .colours import REFERENCE as REFERENCE
from .colours import SERIES as SERIES
from .colours import WRONG as WRONG
from .colours import by_radius as by_radius
from .colours import radius_legend as radius_legend
from .colours import sequential_ramp as sequential_ramp
from .colours import some as some
from .detection import Detector as Detector
from .detection import Side as Side
from .detection import detection as detection
from .distributions import Sample as Sample
from .distributions import histograms as histograms
from .intervals import INTERVALS as INTERVALS
from .intervals import MOST as MOST_INTERVALS
from .intervals import intervals as intervals
from .lines import Line as Line
from .lines import lines as lines
from .plane import Letter as Letter
from .plane import Points as Points
from .plane import encoded as encoded
from .plane import heat as heat
from .plane import regions as regions
from .radii import Calibration as Calibration
from .radii import Confidences as Confidences
from .radii import Curve as Curve
from .radii import confidence as confidence
from .radii import reliability as reliability
from .radii import risk_coverage as risk_coverage
from .radii import stage as stage
from .scatter import Cloud as Cloud
from .scatter import scatter as scatter
from .training import training as training

__all__ = [
    "ATTACKED",
    "CLASSES",
    "CLEAN",
    "CORRECT",
    "INTERVALS",
    "MOST_INTERVALS",
    "REFERENCE",
    "SERIES",
    "WRONG",
    "Bars",
    "Calibration",
    "Cloud",
    "Confidences",
    "Curve",
    "Detector",
    "Letter",
    "Line",
    "Points",
    "Sample",
    "Side",
    "bars",
    "by_radius",
    "confidence",
    "detection",
    "encoded",
    "heat",
    "histograms",
    "intervals",
    "lines",
    "radius_legend",
    "regions",
    "reliability",
    "risk_coverage",
    "scatter",
    "sequential_ramp",
    "some",
    "stage",
    "training",
]
