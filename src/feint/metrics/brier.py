"""The Brier score: squared distance between the predicted distribution and the label."""

from typing import Literal

from jaxtyping import Float
from torch import Tensor

from feint.errors import InputError
from feint.metrics.inputs import Labels, Rows, as_tensor, checked_labels, described


def brier_terms(log_probs: Rows, labels: Labels, reduction: Literal["sum", "mean"] = "sum") -> Float[Tensor, " N"]:
    """The Brier score of each input.

    ``sum_c (p_c - [c = y])^2``, with ``1 - p_y`` taken as the sum of the others: a network that is all but sure of the
    right class still has its own, tiny, term.

    Args:
        log_probs: log-probabilities in nats, shape ``(N, C)``; of probabilities, their ``log()``.
        labels: true classes, 0 to C - 1, shape ``(N,)``.
        reduction: over classes: ``"sum"``, Brier's own, in [0, 2], or ``"mean"``, that divided by C.

    Returns:
        One term per input, float64, lower is better; differentiable.

    Raises:
        InputError: shapes that differ, no inputs, NaN, labels out of range, or rows that do not sum to one.

    References:
        Brier 1950. torch-uncertainty's ``BrierScore`` is the sum, scikit-learn's ``brier_score_loss`` the sum for
        several classes and half of it for two; papers on foreign inputs print the mean.

    >>> import torch
    >>> brier_terms(torch.tensor([[0.5, 0.25, 0.25]]).log(), torch.tensor([0]))
    tensor([0.3750], dtype=torch.float64)
    """
    if reduction not in ("sum", "mean"):
        raise InputError(f"reduction: expected 'sum' or 'mean', got {reduction!r}")
    rows = as_tensor(log_probs)
    if not isinstance(rows, Tensor) or rows.ndim != 2 or not rows.is_floating_point():
        raise InputError(f"log_probs: expected floats of shape (N, C), got {described(rows)}")
    if not rows.numel():
        raise InputError(f"log_probs: expected at least one input and class, got shape {tuple(rows.shape)}")
    if rows.device.type == "mps":  # Apple's GPUs have no float64
        rows = rows.cpu()
    chosen = checked_labels(labels, *rows.shape).to(rows.device).unsqueeze(dim=1)
    probs = rows.double().exp()
    others = probs.scatter(1, chosen, 0.0)
    missing = others.sum(dim=1)
    total = missing.detach() + probs.detach().gather(1, chosen).squeeze(dim=1)
    if not bool(((total - 1).abs() <= 1e-3).all()):
        raise InputError(
            "log_probs: expected log-probabilities whose exponentials sum to 1 in each row, "
            f"got sums from {float(total.min()):.4g} to {float(total.max()):.4g}"
        )
    terms = missing.square() + others.square().sum(dim=1)
    return terms / rows.shape[1] if reduction == "mean" else terms


def brier(log_probs: Rows, labels: Labels, reduction: Literal["sum", "mean"] = "sum") -> float:
    """The Brier score: the mean of ``brier_terms`` over inputs. Arguments, range and errors are theirs.

    >>> import torch
    >>> brier(torch.full((2, 2), 0.5, dtype=torch.float64).log(), torch.tensor([0, 1]))
    0.5
    """
    return float(brier_terms(log_probs, labels, reduction).detach().mean())
