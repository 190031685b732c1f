"""The built-in architectures by name."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from torch import nn

from .digits import DigitNetwork

ARCHITECTURES: Final = MappingProxyType[str, tuple[Callable[..., nn.Module], str]](
    {
        "digits": (DigitNetwork, "two convolutions and a hidden layer, for 1x8x8 digits"),
    }
)
"""Name -> (factory, one line). Every factory has defaults for all its arguments and takes ``classes``."""
