"""Bootstrap intervals: how far a metric may be off because the inputs are a sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from feint.errors import InputError
from feint.metrics.inputs import Events, Labels, as_tensor, described


@final
@dataclass(frozen=True)
class Interval:
    """A value and the interval around it.

    Attributes:
        low: lower end.
        estimate: the metric of all inputs as they are.
        high: upper end.
    """

    low: float
    estimate: float
    high: float


def bootstrap(
    metric: Callable[..., float],
    *tensors: Tensor | np.ndarray | Sequence[object],
    resamples: int = 1000,
    level: float = 0.95,
    strata: Events | Labels | None = None,
    generator: torch.Generator | None = None,
) -> Interval:
    """The percentile interval of a metric over inputs drawn with replacement.

    Args:
        metric: takes the tensors, returns a number.
        tensors: or arrays or lists, each with one row per input: the same inputs are drawn from all of them.
        resamples: how often to draw N inputs, at least 1.
        level: share of the resampled values that the interval holds, in (0, 1).
        strata: a group per input, shape ``(N,)``, to draw from each group as many as it has: for a detector its
            positives, so that no resample is without them.
        generator: where the draws come from; None for a new one of seed 0. The same state gives the same interval.

    Returns:
        The interval; its ends are resampled values, the outer ones where the level falls between two.

    Raises:
        InputError: tensors of different length, no inputs, a level outside (0, 1), no resamples, or the metric's own,
            also where only a resample is not enough for it.

    References:
        Efron 1979; Efron & Tibshirani 1993.

    >>> from feint.metrics import nll
    >>> bootstrap(nll, torch.tensor([-1.0, -1.0, -1.0]))
    Interval(low=1.0, estimate=1.0, high=1.0)
    """
    rows_of = [as_tensor(each) for each in tensors]
    count, given = _checked(rows_of, resamples, level)
    generator = generator or torch.Generator().manual_seed(0)
    groups = [torch.arange(count)] if strata is None else _groups(as_tensor(strata), count)
    estimate = metric(*given)
    values = torch.empty(resamples, dtype=torch.float64)
    for resample in range(resamples):
        rows = torch.cat([group[_draw(len(group), generator)] for group in groups])
        try:
            values[resample] = metric(*(tensor[rows.to(tensor.device)] for tensor in given))
        except InputError as error:
            raise InputError(f"bootstrap: resample {resample}: {error}; strata keep the groups' sizes") from error
    outside = (1 - level) / 2
    return Interval(
        float(values.quantile(outside, interpolation="lower")),
        estimate,
        float(values.quantile(1 - outside, interpolation="higher")),
    )


def _checked(tensors: Sequence[object], resamples: int, level: float) -> tuple[int, list[Tensor]]:
    if not 0 < level < 1:
        raise InputError(f"level: expected a number in (0, 1), got {level}")
    if resamples < 1:
        raise InputError(f"resamples: expected at least 1, got {resamples}")
    found: list[Tensor] = []
    for tensor in tensors:
        if not isinstance(tensor, Tensor):
            raise InputError(f"bootstrap: expected tensors with one row per input, got {described(tensor)}")
        found.append(tensor)
    lengths = [tensor.shape[0] if tensor.ndim else 0 for tensor in found]
    if len(set(lengths)) != 1 or not lengths[0]:
        raise InputError(f"bootstrap: expected tensors with one row per input, got {lengths} rows")
    return lengths[0], found


def _groups(strata: object, count: int) -> list[Int[Tensor, " M"]]:
    came = tuple(strata.shape) if isinstance(strata, Tensor) else described(strata)
    if not isinstance(strata, Tensor) or strata.ndim != 1 or len(strata) != count:
        raise InputError(f"strata: expected one per input, shape ({count},), got {came}")
    strata = strata.cpu()
    return [(strata == int(group)).nonzero().squeeze(dim=1) for group in np.unique(strata.numpy())]


def _draw(count: int, generator: torch.Generator) -> Int[Tensor, " N"]:
    return torch.randint(count, (count,), generator=generator, device=generator.device).cpu()
