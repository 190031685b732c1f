"""Train and eval modes, put back as they were found."""

from collections.abc import Generator
from contextlib import contextmanager

from torch import nn


@contextmanager
def modes_restored(module: nn.Module) -> Generator[None]:
    """Put train and eval modes back as they were found, module by module."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
