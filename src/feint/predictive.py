"""The predictive distribution over classes: what estimators return and everything else reads."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.errors import InputError

LOWEST = -1e30
"""Stands for the logarithm of 0 where minus infinity has no gradient: its exponential is 0 too, but times 0 it is 0."""


@final
@dataclass(frozen=True, eq=False)
class Categorical:
    """A categorical distribution per input, as one or more draws from the predictive distribution.

    Attributes:
        log_probs: log-probabilities in nats, shape ``(S, N, C)``: S draws, N inputs, C classes.
        native: the estimator's own uncertainty, shape ``(N,)``, higher = more uncertain; None where it has none.

    Everything stays differentiable in the inputs that the log-probabilities came from.
    """

    log_probs: Float[Tensor, " S N C"]
    native: Float[Tensor, " N"] | None = None

    @classmethod
    def from_logits(cls, logits: Float[Tensor, " N C"] | Float[Tensor, " S N C"]) -> "Categorical":
        """Normalise logits, in float64: a third of a good network's confidences are exactly 1 in float32.

        Args:
            logits: unnormalised log-probabilities, one draw ``(N, C)`` or several ``(S, N, C)``.

        >>> Categorical.from_logits(torch.zeros(3, 2)).log_probs.exp()[0, 0]
        tensor([0.5000, 0.5000], dtype=torch.float64)
        """
        if logits.device.type != "mps":  # Apple's GPUs have no float64
            logits = logits.double()
        log_probs = logits.log_softmax(dim=-1)
        return cls(log_probs if log_probs.ndim == 3 else log_probs.unsqueeze(0))

    @property
    def draws(self) -> int:
        """S, the number of draws."""
        return self.log_probs.shape[0]

    def __len__(self) -> int:
        """N, the number of inputs."""
        return self.log_probs.shape[1]

    def __getitem__(self, rows: slice | Tensor) -> "Categorical":
        """The same distribution for some of the inputs."""
        return Categorical(self.log_probs[:, rows], None if self.native is None else self.native[rows])

    @cached_property
    def mean_log_probs(self) -> Float[Tensor, " N C"]:
        """Log of the mean probability over draws, by logsumexp, in nats."""
        if self.draws == 1:
            return self.log_probs[0]
        # Where no draw gives a class any probability, logsumexp of minus infinities has no gradient: it gets none.
        mean = draws_last(self.log_probs.clamp_min(LOWEST)).logsumexp(dim=-1) - math.log(self.draws)
        return mean.masked_fill(mean <= LOWEST / 2, -math.inf)

    @property
    def prediction(self) -> Int[Tensor, " N"]:
        """The class of largest mean probability; of several equal ones, the first."""
        return self.mean_log_probs.argmax(dim=-1)


def draws_last(values: Float[Tensor, " S *rest"]) -> Float[Tensor, "*rest S"]:
    """What there is of each draw, with the draws side by side in memory: the way to reduce over them.

    A sum over a first dimension adds in an order that depends on how many inputs stand beside; over the last, each
    input's own terms come in one order, so that its last bit does not depend on the batch or the shard it came in.

    >>> draws_last(torch.zeros(2, 5, 3)).shape
    torch.Size([5, 3, 2])
    """
    return values.movedim(0, -1).contiguous()


def pool(categoricals: Sequence[Categorical]) -> Categorical:
    """Join the draws of several predictions for the same inputs; their native uncertainties do not carry over.

    >>> one = Categorical.from_logits(torch.zeros(3, 2))
    >>> pool([one, one]).log_probs.shape
    torch.Size([2, 3, 2])
    """
    if not categoricals:
        raise InputError("pool expects at least one prediction, got none")
    return Categorical(torch.cat([categorical.log_probs for categorical in categoricals]))


def concatenate(categoricals: Sequence[Categorical]) -> Categorical:
    """Join predictions of the same number of draws for different inputs, in order.

    >>> one = Categorical.from_logits(torch.zeros(3, 2))
    >>> concatenate([one, one]).log_probs.shape
    torch.Size([1, 6, 2])
    """
    if not categoricals:
        raise InputError("concatenate expects at least one prediction, got none")
    natives = [categorical.native for categorical in categoricals if categorical.native is not None]
    native = torch.cat(natives) if len(natives) == len(categoricals) else None
    return Categorical(torch.cat([categorical.log_probs for categorical in categoricals], dim=1), native)
