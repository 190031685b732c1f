"""Objectives with a target: bring each input's uncertainty to a value, rather than as high or low as it goes.

A single step runs past its target: use ``IterativeACE``, or ``Backtracking(accept="best")``.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.goal import Goal, logarithm
from feint.errors import AttackError
from feint.keyed import uniforms
from feint.protocols import Objective

CONFIDENCES = 2**20
"""The stream of random confidences: apart from those of random starts with the same seed."""


def approach(uncertainty: Objective, targets: Float[Tensor, " N"]) -> Goal:
    """Uncertainty as near as possible to a target: -|log(uncertainty) - log(target)|, at most 0.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``; below 0 the logarithm is mirrored, as ``logarithm`` says.
        targets: the uncertainty wanted for each input of the whole batch that is attacked.

    Raises:
        AttackError: targets that are NaN.

    >>> goal = approach(lambda inputs, rows: inputs[:, 0], torch.tensor([1.0]))
    >>> goal(torch.ones(1, 3).exp(), torch.arange(1)).round(decimals=3)
    tensor([-1.])
    """
    if targets.isnan().any():
        bad = int(targets.isnan().sum())
        raise AttackError(f"targets: expected uncertainties, got NaN for {bad} of {len(targets)}")
    wanted = logarithm(targets)

    def value(inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Float[Tensor, " N"]:
        return -(logarithm(uncertainty(inputs, rows)) - wanted[rows]).abs()

    return Goal(value)


def reversal_targets(uncertainty: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """The clean distribution, upside down: the most certain input gets the largest uncertainty, and so on.

    For losses other than 0/1, where an attacker wants the whole order reversed. Ranks are among all inputs of the
    first, clean pass, not of a batch.

    Args:
        uncertainty: of the clean inputs, any scale, shape ``(N,)``; equal values keep their order.

    Returns:
        For each input the value at its mirrored rank, shape ``(N,)``: the argument of ``approach``.

    >>> reversal_targets(torch.tensor([0.1, 0.5, 0.2]))
    tensor([0.5000, 0.1000, 0.2000])
    """
    order = uncertainty.argsort(stable=True)
    targets = torch.empty_like(uncertainty)
    targets[order] = uncertainty[order.flip(0)]
    return targets


def random_confidence_targets(samples: Int[Tensor, " N"], classes: int, *, seed: int) -> Float[Tensor, " N"]:
    """1 - confidence, with a confidence drawn uniformly from [1/C, 1] for each input.

    Args:
        samples: the inputs' indices in their data set, which key the draws along with the seed.
        classes: C, at least 2.
        seed: of the draws.

    Returns:
        Shape ``(N,)``, from 0 to 1 - 1/C: the argument of ``approach``.

    Raises:
        AttackError: fewer than two classes.

    Reference: Obadinma et al. 2024, "Calibration Attacks" (random confidence attack).
    """
    if classes < 2:
        raise AttackError(f"classes: expected at least 2, got {classes}")
    return uniforms(samples, 1, seed=seed, stream=CONFIDENCES).squeeze(1) * (1 - 1 / classes)
