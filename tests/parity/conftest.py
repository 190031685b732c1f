"""Without the outside libraries parity is not tested here; in CI, that would be a failure."""

import os
import warnings
from importlib import import_module
from types import ModuleType

import pytest


def outside(name: str) -> ModuleType:
    """A module of an outside library. Where it is missing the test file is skipped, in CI it fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a library warns of while it is imported is its own
        return import_module(name) if os.environ.get("CI") else pytest.importorskip(name)
