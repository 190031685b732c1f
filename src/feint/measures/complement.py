"""Log-probabilities where they are awkward: near 0, from the other classes, and where a probability is 0."""

from jaxtyping import Float
from torch import Tensor

from feint.predictive import LOWEST


def finite(log_probs: Float[Tensor, "*S N C"]) -> Float[Tensor, "*S N C"]:
    """The same log-probabilities, a very low number for minus infinity: 0 ln 0 = 0, and its gradient is 0."""
    return log_probs.clamp_min(LOWEST)


def complemented(log_probs: Float[Tensor, "*S N C"]) -> Float[Tensor, "*S N C"]:
    """The same finite log-probabilities, the largest of each row computed as log(1 - sum of the others).

    log-softmax rounds it to a multiple of 1e-16, or to 0: differences between confident predictions drown in that.

    >>> import torch
    >>> complemented(torch.tensor([[0.0, -46.0]], dtype=torch.float64))[0, 0].item()
    -1.0530617357553812e-20
    """
    top = log_probs.argmax(dim=-1, keepdim=True)
    others = log_probs.scatter(-1, top, -float("inf")).logsumexp(dim=-1, keepdim=True)
    return log_probs.scatter(-1, top, (-others.exp()).log1p())
