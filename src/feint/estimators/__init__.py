"""Estimators: from one or more networks to a Categorical."""

from .dropout.mc_dropout import MCDropout as MCDropout
from .due import DUE as DUE
from .duq import DUQ as DUQ
from .ensemble import DeepEnsemble as DeepEnsemble
from .frozen import frozen as frozen
from .predict import predict as predict
from .selective.loss import selective_loss as selective_loss
from .selective.net import SelectiveNet as SelectiveNet
from .sngp import SNGP as SNGP
from .softmax import Softmax as Softmax
from .temperature import fit_temperature as fit_temperature

__all__ = [
    "DUE",
    "DUQ",
    "SNGP",
    "DeepEnsemble",
    "MCDropout",
    "SelectiveNet",
    "Softmax",
    "fit_temperature",
    "frozen",
    "predict",
    "selective_loss",
]
