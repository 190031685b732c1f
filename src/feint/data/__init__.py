"""Inputs with their targets, from the files a user has: images in [0, 1], or standardised columns."""

from .batch import Batch as Batch
from .dataset import Dataset as Dataset
from .kinds import Classes as Classes
from .kinds import Columns as Columns
from .kinds import Images as Images
from .kinds import Mask as Mask
from .kinds import Values as Values
from .load import load as load
from .source import Example as Example
from .source import Flaw as Flaw
from .source import Source as Source

__all__ = [
    "Batch",
    "Classes",
    "Columns",
    "Dataset",
    "Example",
    "Flaw",
    "Images",
    "Mask",
    "Source",
    "Values",
    "load",
]
