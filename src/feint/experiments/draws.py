"""Figures of victims that draw: by fresh draws, with how far these differ and what the attack's own draws say."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor


def by_draws(own: dict[str, Any], fresh: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Figures as they are judged: the attack's own, or their mean over sets of fresh draws, where there are any.

    Beside the means stands then ``draws``: ``repeats``, how many sets of fresh draws there were; ``std``, the sample's
    standard deviation of the same figures over these; and ``own``, what they are under the draws that the attack has
    seen. A figure is a number, None where there is nothing to count, or rows of these.

    Args:
        own: under the draws that the attack has seen.
        fresh: under each set of fresh draws; none for a victim that draws nothing.
    """
    if not fresh:
        return own
    return {**_over(fresh, _mean), "draws": {"repeats": len(fresh), "std": _over(fresh, _deviation), "own": own}}


def _over(repeats: Sequence[Any], reduce: Callable[[Tensor], Tensor]) -> Any:
    """Each figure over repeats, None where it is None in all of them; the coverage that a risk was read at stays."""
    first = repeats[0]
    if isinstance(first, dict):
        names = cast(dict[str, Any], first)
        return {at: of if at == "value" else _over([row[at] for row in repeats], reduce) for at, of in names.items()}
    if isinstance(first, list):
        return [_over(each, reduce) for each in zip(*repeats, strict=True)]
    found = torch.tensor([value for value in repeats if value is not None], dtype=torch.float64)
    return reduce(found).item() if len(found) else None


def _mean(found: Tensor) -> Tensor:
    return found.mean()


def _deviation(found: Tensor) -> Tensor:
    """0 of a single figure."""
    return found.std() if len(found) > 1 else torch.zeros(())
