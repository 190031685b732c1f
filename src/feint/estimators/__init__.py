"""Estimators: from one or more networks to a Categorical."""

from .frozen import frozen as frozen
from .predict import predict as predict
from .softmax import Softmax as Softmax

__all__ = ["Softmax", "frozen", "predict"]
