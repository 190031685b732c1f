"""What a network returns, as declared: logits, probabilities, their logarithms, sigmoids; and whether it looks so."""

from typing import Final, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import InputError, NetworkError, foreign
from feint.estimators.frozen import frozen

Outputs = Literal["logits", "probabilities", "log-probabilities", "sigmoid"]
"""What a network may return. "sigmoid": each class's own probability, whose sum need not be 1, or, in a single column,
that of the second of two classes."""

OUTPUTS: Final[tuple[Outputs, ...]] = ("logits", "probabilities", "log-probabilities", "sigmoid")

TOLERANCE = 1e-3
"""How far rows of probabilities may be from 1 in sum, and single ones outside [0, 1]: half precision is that coarse."""


@final
class AsLogits(nn.Module):
    """A network of any outputs as one of logits: unnormalised log-probabilities, one column for each class.

    Probabilities become their logarithms (0 the smallest normal number's, with no gradient there), so that their
    softmax gives them back. Sigmoids of several classes are divided by their sum.

    Args:
        network: maps inputs to what is declared.
        outputs: what that is.

    Raises:
        InputError: an unknown declaration.
        NetworkError: (when called) values that cannot be what was declared.
    """

    def __init__(self, network: nn.Module, outputs: Outputs) -> None:
        super().__init__()
        if outputs not in OUTPUTS:
            raise InputError(f"outputs: expected one of {', '.join(OUTPUTS)}, got {outputs!r}")
        self.network, self.outputs = network, outputs

    def forward(self, inputs: Float[Tensor, " N ..."]) -> object:
        """Logits, or what is no float tensor at all as it comes, for others to refuse."""
        found: object = self.network(inputs)
        if not isinstance(found, Tensor) or not found.is_floating_point() or self.outputs == "logits":
            return found
        if self.outputs == "log-probabilities":
            return found
        if found.numel() and not (found.min() >= -TOLERANCE and found.max() <= 1 + TOLERANCE):
            low, high = found.min().item(), found.max().item()
            raise NetworkError(
                f"outputs: expected {self.outputs} in [0, 1], got values from {low:.4g} to {high:.4g}"
                f"{': are they logits?' if low == low and high == high else ''}"
            )
        if self.outputs == "sigmoid" and (found.ndim == 1 or found.shape[1:] == (1,)):
            second = found.reshape(-1)
            return torch.stack([_log(1 - second), _log(second)], dim=1)
        return _log(found)

    def extra_repr(self) -> str:
        """The declaration, which so becomes part of a fingerprint."""
        return f"outputs={self.outputs!r}"


def as_logits(network: nn.Module, outputs: Outputs) -> nn.Module:
    """The network itself where it returns logits, else behind ``AsLogits``."""
    return network if outputs == "logits" else AsLogits(network, outputs)


def doubtful_outputs(found: Float[Tensor, " N ..."], outputs: Outputs = "logits") -> str | None:
    """Whether a network's outputs look like something else than what they were declared to be.

    Args:
        found: what the network itself returned for some inputs, a few at least.
        outputs: what that was declared to be.

    Returns:
        One line that says what they look like; None where nothing is odd, or where it makes no difference, as between
        log-probabilities and logits, whose softmax is the same.

    >>> doubtful_outputs(torch.tensor([[0.2, 0.8], [0.5, 0.5]]))
    'outputs: declared as logits, but look like probabilities: all 2 rows are non-negative and sum to 1'
    """
    if not found.numel() or not torch.isfinite(found).all():
        return None
    inside = bool((found >= -1e-6).all()) and bool((found <= 1 + 1e-6).all())
    column = found.ndim == 1 or found.shape[1:] == (1,)
    shares = not column and inside and _close(found.sum(dim=1), 1.0)
    logs = not column and bool((found <= 1e-6).all()) and _close(found.logsumexp(dim=1), 0.0)
    said, rows = f"outputs: declared as {outputs}, but ", f"all {len(found)} rows"
    varied = len(found) >= 8 and bool((found != found.flatten()[0]).any())
    unbounded = outputs in ("logits", "log-probabilities")
    like: str | None = None
    if unbounded and shares:
        like = f"look like probabilities: {rows} are non-negative and sum to 1"
    elif unbounded and inside and varied:
        like = f"look like sigmoids: {rows} lie in [0, 1]"
    elif not unbounded and logs:
        like = f"look like log-probabilities: {rows} are at most 0, and their exponentials sum to 1"
    elif outputs == "probabilities" and not shares:
        like = f"look like {'sigmoids' if inside else 'logits'}: not {rows} are non-negative and sum to 1"
    elif outputs == "sigmoid" and not inside:
        like = f"look like logits: not {rows} lie in [0, 1]"
    return None if like is None else said + like


def outputs_warning(network: nn.Module, inputs: Float[Tensor, " N ..."], outputs: Outputs = "logits") -> str | None:
    """``doubtful_outputs`` of a network, asked about some inputs; None where it returns no float tensor, or raises.

    Args:
        network: the network itself, not behind ``AsLogits``.
        inputs: some, real ones best: at random weights or on grey images, little is odd.
        outputs: what it was declared to return.
    """
    try:
        with frozen(network), torch.no_grad(), foreign():
            found: object = network(inputs.clone())
    except NetworkError:  # whoever predicts says so, and for which input
        return None
    if not isinstance(found, Tensor) or not found.is_floating_point():
        return None
    return doubtful_outputs(found, outputs)


def _log(probabilities: Tensor) -> Tensor:
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()


def _close(values: Tensor, expected: float) -> bool:
    return bool(((values - expected).abs() <= TOLERANCE).all())
