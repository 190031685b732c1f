"""Estimators: from one or more networks to a Categorical."""

from .dropout.mc_dropout import MCDropout as MCDropout
from .due.estimator import DUE as DUE
from .duq import DUQ as DUQ
from .ensemble import DeepEnsemble as DeepEnsemble
from .frozen import frozen as frozen
from .outputs import OUTPUTS as OUTPUTS
from .outputs import AsLogits as AsLogits
from .outputs import Outputs as Outputs
from .outputs import as_logits as as_logits
from .outputs import doubtful_outputs as doubtful_outputs
from .outputs import outputs_warning as outputs_warning
from .posthoc.energy import Energy as Energy
from .posthoc.knn import KNN as KNN
from .posthoc.mahalanobis import Mahalanobis as Mahalanobis
from .posthoc.max_logit import MaxLogit as MaxLogit
from .predict import predict as predict
from .selective.loss import selective_loss as selective_loss
from .selective.net import SelectiveNet as SelectiveNet
from .sngp.estimator import SNGP as SNGP
from .softmax import Softmax as Softmax
from .temperature import fit_temperature as fit_temperature

__all__ = [
    "DUE",
    "DUQ",
    "KNN",
    "OUTPUTS",
    "SNGP",
    "AsLogits",
    "DeepEnsemble",
    "Energy",
    "MCDropout",
    "Mahalanobis",
    "MaxLogit",
    "Outputs",
    "SelectiveNet",
    "Softmax",
    "as_logits",
    "doubtful_outputs",
    "fit_temperature",
    "frozen",
    "outputs_warning",
    "predict",
    "selective_loss",
]
