"""Sums that belong to a whole batch, where training runs in several processes that have a part of it each."""

import torch
from torch import Tensor, distributed


def over_processes(values: Tensor) -> Tensor:
    """The sum over the processes that train together; the values themselves where there is one only."""
    if distributed.is_available() and distributed.is_initialized():
        values = values.clone()
        with torch.no_grad():
            distributed.all_reduce(values)  # pyright: ignore[reportUnknownMemberType]
    return values
