"""How attacks evaluate what they are given: an objective, its gradient and a condition, in batches of one size."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.batching import padded_batches
from feint.errors import AttackError
from feint.protocols import Condition, Objective


def gradient(
    objective: Objective, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"], batch_size: int | None
) -> Float[Tensor, " N ..."]:
    """The gradient of the objective in each input.

    Raises:
        AttackError: an objective that is not differentiable in the inputs, or a gradient that is not finite.
    """
    return value_and_gradient(objective, inputs, rows, batch_size)[1]


def value_and_gradient(
    objective: Objective, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"], batch_size: int | None
) -> tuple[Float[Tensor, " N"], Float[Tensor, " N ..."]]:
    """The objective, in float64, and its gradient in each input: one pass forward and one back.

    Raises:
        AttackError: an objective that is not differentiable in the inputs, or a gradient that is not finite.
    """
    levels: list[Tensor] = []
    slopes: list[Tensor] = []
    for batch, batch_rows, count in padded_batches(inputs, rows, batch_size):
        with torch.inference_mode(False), torch.enable_grad():  # also inside of a caller's inference mode
            point = batch.detach().clone().requires_grad_()
            reached = objective(point, batch_rows)
            check_differentiable(reached)
            # Of the sum, for with weights of our own torch would import sympy, which takes half a second.
            (slope,) = torch.autograd.grad(reached.sum(), point, materialize_grads=True)
        levels.append(reached.detach()[:count])
        slopes.append(slope[:count])
    level, result = _joined(levels, inputs.new_empty(0)).double(), _joined(slopes, inputs)
    # A sum is finite only where all its terms are, and is read in one pass; the terms themselves only if it is not.
    if not result.sum().isfinite() and not torch.isfinite(result).all():
        bad = int((~torch.isfinite(result.flatten(1))).any(dim=1).sum())
        raise AttackError(f"the objective's gradient is NaN or infinite for {bad} of {len(inputs)} inputs")
    return level, result


def check_differentiable(reached: Tensor) -> None:
    """Raise an AttackError for what came of inputs that ask for a gradient and has none to give."""
    if not reached.requires_grad:
        raise AttackError(
            "the objective is not differentiable in the inputs: is there a no_grad, a detach() or a numpy() "
            "in the network? square is an attack that needs no gradient"
        )


def values(
    objective: Objective, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"], batch_size: int | None
) -> Float[Tensor, " N"]:
    """The objective at each input, in float64, without a gradient."""
    return _each(objective, inputs, rows, batch_size).double()


def holds(
    condition: Condition, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"], batch_size: int | None
) -> Bool[Tensor, " N"]:
    """Whether the condition holds at each input."""
    return _each(condition, inputs, rows, batch_size).bool()


def directed(slope: Float[Tensor, " N ..."]) -> Bool[Tensor, " N"]:
    """Whether each input's gradient says where to go: whether it is not zero everywhere."""
    return (slope != 0).flatten(1).any(dim=1)


def _each(
    function: Callable[[Tensor, Tensor], Tensor],
    inputs: Float[Tensor, " N ..."],
    rows: Int[Tensor, " N"],
    batch_size: int | None,
) -> Tensor:
    """The function at each input, forward only."""
    with torch.inference_mode():
        parts = [function(batch, which)[:count] for batch, which, count in padded_batches(inputs, rows, batch_size)]
    # Cloned out here: a tensor that was made in inference mode could not be written to afterwards.
    return _joined(parts, inputs.new_empty(0)).clone()


def _joined(parts: list[Tensor], empty: Tensor) -> Tensor:
    """The parts as one tensor; a single one without a copy, which small networks would notice."""
    if len(parts) == 1:
        return parts[0]
    return torch.cat(parts) if parts else torch.empty_like(empty)
