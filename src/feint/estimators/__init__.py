"""Estimators: from one or more networks to a Categorical."""

from .due import DUE as DUE
from .duq import DUQ as DUQ
from .ensemble import DeepEnsemble as DeepEnsemble
from .frozen import frozen as frozen
from .mc_dropout import MCDropout as MCDropout
from .predict import predict as predict
from .selective_loss import selective_loss as selective_loss
from .selective_net import SelectiveNet as SelectiveNet
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
