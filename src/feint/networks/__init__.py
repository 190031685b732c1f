"""Networks: anybody's, loaded from a file or a library, and the built-in architectures."""

from .architectures import ARCHITECTURES as ARCHITECTURES
from .check import check as check
from .digits import DigitNetwork as DigitNetwork
from .fingerprint import fingerprint as fingerprint
from .load import load as load
from .normalize import Normalize as Normalize
from .weights import load_weights as load_weights

__all__ = [
    "ARCHITECTURES",
    "DigitNetwork",
    "Normalize",
    "check",
    "fingerprint",
    "load",
    "load_weights",
]
