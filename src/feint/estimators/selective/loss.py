"""The loss that trains a classifier together with what selects its inputs."""

import torch
from jaxtyping import Float
from torch import Tensor


def selective_loss(
    losses: Float[Tensor, " N"],
    selection: Float[Tensor, " N"],
    *,
    coverage: float,
    penalty: float = 32.0,
    divided: bool = True,
) -> Float[Tensor, ""]:
    """The selective risk of a batch, and a penalty where less is selected than was asked for.

    ``mean(l g) / mean(g) + penalty max(0, coverage - mean(g))^2``, or without the division by mean(g).

    Divided is the default: it is the risk that the paper defines, the mean loss of what is selected, and selecting less
    of everything does not lower it. Not divided, as in the authors' code, whatever is left out lowers it, also an input
    no worse than the others, and nothing but the penalty keeps the coverage up.

    Args:
        losses: l, of each input, at least 0.
        selection: g, how much each input is selected, in [0, 1].
        coverage: the share to select, in (0, 1].
        penalty: lambda, at least 0.
        divided: whether the risk is divided by the batch's coverage.

    Returns:
        At least 0, lower is better.

    Reference: Geifman & El-Yaniv 2019, "SelectiveNet": the empirical selective risk, and L_(f,g).

    >>> selective_loss(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 0.0]), coverage=0.75, penalty=16.0)
    tensor(2.)
    """
    selected = selection.mean()
    risk = (losses * selection).mean()
    if divided:  # where every g has underflowed to 0 the risk is 0, not NaN
        risk = risk / selected.clamp_min(torch.finfo(selected.dtype).tiny)
    return risk + penalty * (coverage - selected).clamp_min(0).square()
