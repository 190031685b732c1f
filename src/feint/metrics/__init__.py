"""Tensors to numbers and curves: how well an uncertainty ranks errors, detects, and means what it says.

Pure functions, computed in float64 on the CPU. Scores are uncertainties, higher = more uncertain; ``errors`` is True
where a prediction is wrong.
"""

from feint.metrics.aurc import augrc as augrc
from feint.metrics.aurc import aurc as aurc
from feint.metrics.aurc import best_aurc as best_aurc
from feint.metrics.aurc import e_aurc as e_aurc
from feint.metrics.aurc import worst_aurc as worst_aurc
from feint.metrics.bootstrap import Interval as Interval
from feint.metrics.bootstrap import bootstrap as bootstrap
from feint.metrics.brier import brier as brier
from feint.metrics.brier import brier_terms as brier_terms
from feint.metrics.calibration import Reliability as Reliability
from feint.metrics.calibration import ece as ece
from feint.metrics.calibration import ks_error as ks_error
from feint.metrics.calibration import reliability as reliability
from feint.metrics.detection import PrecisionRecall as PrecisionRecall
from feint.metrics.detection import Roc as Roc
from feint.metrics.detection import aupr as aupr
from feint.metrics.detection import auroc as auroc
from feint.metrics.detection import fpr_at_tpr as fpr_at_tpr
from feint.metrics.detection import precision_recall as precision_recall
from feint.metrics.detection import roc as roc
from feint.metrics.nll import nll as nll
from feint.metrics.ranks import kendall_tau as kendall_tau
from feint.metrics.ranks import spearman as spearman
from feint.metrics.risk_coverage import RiskCoverage as RiskCoverage
from feint.metrics.risk_coverage import best_risk_coverage as best_risk_coverage
from feint.metrics.risk_coverage import risk_coverage as risk_coverage
from feint.metrics.risk_coverage import worst_risk_coverage as worst_risk_coverage
from feint.metrics.selective import coverage_at_risk as coverage_at_risk
from feint.metrics.selective import selective_risk as selective_risk
from feint.metrics.threshold import Answered as Answered
from feint.metrics.threshold import at_threshold as at_threshold
from feint.metrics.threshold import threshold_at_coverage as threshold_at_coverage
from feint.metrics.threshold import threshold_at_risk as threshold_at_risk

__all__ = [
    "Answered",
    "Interval",
    "PrecisionRecall",
    "Reliability",
    "RiskCoverage",
    "Roc",
    "at_threshold",
    "augrc",
    "aupr",
    "aurc",
    "auroc",
    "best_aurc",
    "best_risk_coverage",
    "bootstrap",
    "brier",
    "brier_terms",
    "coverage_at_risk",
    "e_aurc",
    "ece",
    "fpr_at_tpr",
    "kendall_tau",
    "ks_error",
    "nll",
    "precision_recall",
    "reliability",
    "risk_coverage",
    "roc",
    "selective_risk",
    "spearman",
    "threshold_at_coverage",
    "threshold_at_risk",
    "worst_aurc",
    "worst_risk_coverage",
]
