"""SNGP: a spectral-normalised network in front of an approximate Gaussian process."""

from .estimator import SNGP as SNGP

__all__ = ["SNGP"]
