"""Objectives of attacks on familiarity: foreign inputs made to be accepted, in-domain ones made to be rejected.

A ``level`` here is any callable ``(inputs, rows) -> (n,)``, higher = less familiar, differentiable in the inputs. The
label plays no part, so there is nothing to remember between steps: each is about what is predicted at that point.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from feint.attacks.goal import Goal
from feint.predictive import Categorical
from feint.protocols import Objective


def surprise(categorical: Categorical) -> Float[Tensor, " N"]:
    """-log max_c p_c in nats: the cross-entropy of a prediction to its own most probable class, of the mean over draws.

    In [0, log C]. By way of the odds, softplus(log((1 - p) / p)), so that its gradient is exact, relative to its size,
    also where p is nearly 1.

    Args:
        categorical: the prediction for N inputs.

    Reference: Zeng et al. 2022, "On Attacking Out-Domain Uncertainty Estimation in Deep Neural Networks".

    >>> import torch
    >>> surprise(Categorical.from_logits(torch.tensor([[0.0, 0.0], [100.0, 0.0]]))).log10().round()
    tensor([ -0., -43.], dtype=torch.float64)
    """
    log_probs = categorical.mean_log_probs
    top, index = log_probs.max(dim=-1, keepdim=True)
    others = log_probs.scatter(-1, index, -float("inf"))
    return F.softplus(others.logsumexp(dim=-1) - top.squeeze(-1), threshold=50)


def accept(level: Objective, at: float | None = None) -> Goal:
    """Down with the level: a foreign input is to look familiar.

    Args:
        level: ``(inputs, rows) -> (n,)``.
        at: the level below which the victim accepts, for attacks that look for the nearest such point: what is raised
            is above 0 there. None for attacks that go on.
    """
    if at is None:
        return Goal(lambda inputs, rows: -level(inputs, rows))
    return Goal(lambda inputs, rows: at - level(inputs, rows), success=0.0)


def reject(level: Objective, at: float | None = None) -> Goal:
    """Up with the level: an in-domain input is to look foreign; arguments as of ``accept``."""
    if at is None:
        return Goal(level)
    return Goal(lambda inputs, rows: level(inputs, rows) - at, success=0.0)
