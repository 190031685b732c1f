"""What there is, by name: plain dict literals that feed the command line, the report and the contract tests."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from feint import attacks, estimators, measures, metrics
from feint.attacks import Attack
from feint.predictive import Categorical
from feint.protocols import Measure

MEASURES: dict[str, Measure] = {
    "max_probability": measures.max_probability,
    "predictive_entropy": measures.predictive_entropy,
    "margin": measures.margin,
    "expected_entropy": measures.expected_entropy,
    "mutual_information": measures.mutual_information,
    "softmax_variance": measures.softmax_variance,
    "variation_ratio": measures.variation_ratio,
    "native": measures.native,
}

LABEL_MEASURES: dict[str, Callable[[Categorical, Tensor], Tensor]] = {"label_doubt": measures.label_doubt}
"""Measures of the uncertainty about a given label."""

METRICS: dict[str, Callable[..., Any]] = {
    "aurc": metrics.aurc,
    "e_aurc": metrics.e_aurc,
    "augrc": metrics.augrc,
    "best_aurc": metrics.best_aurc,
    "worst_aurc": metrics.worst_aurc,
    "risk_coverage": metrics.risk_coverage,
    "best_risk_coverage": metrics.best_risk_coverage,
    "worst_risk_coverage": metrics.worst_risk_coverage,
    "selective_risk": metrics.selective_risk,
    "coverage_at_risk": metrics.coverage_at_risk,
    "threshold_at_coverage": metrics.threshold_at_coverage,
    "threshold_at_risk": metrics.threshold_at_risk,
    "at_threshold": metrics.at_threshold,
    "nll": metrics.nll,
    "brier": metrics.brier,
    "brier_terms": metrics.brier_terms,
    "ece": metrics.ece,
    "reliability": metrics.reliability,
    "ks_error": metrics.ks_error,
    "roc": metrics.roc,
    "precision_recall": metrics.precision_recall,
    "auroc": metrics.auroc,
    "aupr": metrics.aupr,
    "fpr_at_tpr": metrics.fpr_at_tpr,
    "kendall_tau": metrics.kendall_tau,
    "spearman": metrics.spearman,
    "bootstrap": metrics.bootstrap,
}

ESTIMATORS: dict[str, type[torch.nn.Module]] = {
    "softmax": estimators.Softmax,
    "mc-dropout": estimators.MCDropout,
    "ensemble": estimators.DeepEnsemble,
    "selective-net": estimators.SelectiveNet,
}

ATTACKS: dict[str, type[Attack]] = {
    "ace": attacks.ACE,
    "iterative-ace": attacks.IterativeACE,
    "fgsm": attacks.FGSM,
    "bim": attacks.BIM,
    "pgd": attacks.PGD,
    "mim": attacks.MIM,
    "carlini-wagner": attacks.CarliniWagner,
    "lbfgs": attacks.LBFGS,
    "iaa": attacks.IAA,
}

DATA: dict[str, str] = {
    "digits": "scikit-learn's 1,797 handwritten digits, 8x8; nothing to download",
    "FILE.npz": "arrays images (N, H, W[, C]), uint8 or float in [0, 1], and labels (N,)",
    "idx file or folder": "MNIST's format and its family's, gzipped or not",
    "FILE.parquet": "Hugging Face's image layout, or a folder of such files by split",
    "class folders": "one folder of pictures per class",
    "folder with a CSV": "pictures, and a CSV with the columns file and label",
    "CIFAR-10 folder": "the published binary version",
    "STL-10 folder": "the published binary version",
    "SVHN folder": "the published cropped digits, train_32x32.mat and so on",
    "torchvision:NAME": "torchvision's data sets, downloaded and checked",
}
