"""Estimators: from one or more networks to a Categorical."""

from .ensemble import DeepEnsemble as DeepEnsemble
from .frozen import frozen as frozen
from .mc_dropout import MCDropout as MCDropout
from .outputs import OUTPUTS as OUTPUTS
from .outputs import AsLogits as AsLogits
from .outputs import Outputs as Outputs
from .outputs import as_logits as as_logits
from .outputs import doubtful_outputs as doubtful_outputs
from .outputs import outputs_warning as outputs_warning
from .predict import predict as predict
from .softmax import Softmax as Softmax
from .temperature import fit_temperature as fit_temperature

__all__ = [
    "OUTPUTS",
    "AsLogits",
    "DeepEnsemble",
    "MCDropout",
    "Outputs",
    "Softmax",
    "as_logits",
    "doubtful_outputs",
    "fit_temperature",
    "frozen",
    "outputs_warning",
    "predict",
]
