"""DUE: a spectral-normalised network in front of a sparse variational Gaussian process."""

from .estimator import DUE as DUE

__all__ = ["DUE"]
