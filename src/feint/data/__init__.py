"""Images in [0, 1] with labels, from the files a user has."""

from .batch import Batch as Batch
from .dataset import Dataset as Dataset
from .load import load as load
from .source import Example as Example
from .source import Flaw as Flaw
from .source import Source as Source

__all__ = ["Batch", "Dataset", "Example", "Flaw", "Source", "load"]
