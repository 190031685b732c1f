"""Estimators: from one or more networks to a Categorical."""

from .due.estimator import DUE as DUE
from .duq import DUQ as DUQ
from .ensemble import DeepEnsemble as DeepEnsemble
from .frozen import frozen as frozen
from .mc_dropout import MCDropout as MCDropout
from .predict import predict as predict
from .sngp.estimator import SNGP as SNGP
from .softmax import Softmax as Softmax
from .temperature import fit_temperature as fit_temperature

__all__ = [
    "DUE",
    "DUQ",
    "SNGP",
    "DeepEnsemble",
    "MCDropout",
    "Softmax",
    "fit_temperature",
    "frozen",
    "predict",
]
