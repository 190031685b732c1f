"""Temperature scaling: the one number that makes a network's confidence honest on held-out data."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor

from feint.errors import InputError

LOWEST, HIGHEST = 1e-2, 1e2


def fit_temperature(logits: Float[Tensor, " N C"], labels: Integer[Tensor, " N"] | Sequence[int]) -> float:
    """The temperature T of ``softmax(logits / T)`` with the lowest negative log-likelihood, between 0.01 and 100.

    The likelihood is unimodal in log T, so a bounded search (scipy's, to 1e-6) finds it.

    Args:
        logits: of held-out data, never of the data that is judged with it.
        labels: their true classes.

    Raises:
        InputError: no data, shapes that do not fit, logits that are not finite, or labels that are no classes.

    Reference: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.

    >>> logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    >>> round(fit_temperature(logits, torch.tensor([0, 0, 1, 1])), 3)  # right 3 times of 4: 2 / T = log 3
    1.82
    """
    labels = torch.as_tensor(labels, device=logits.device)
    if logits.ndim != 2 or len(logits) != len(labels) or not len(logits):
        raise InputError(
            f"fit_temperature: expected logits (N, C) and labels (N,), got {tuple(logits.shape)} and "
            f"{tuple(labels.shape)}"
        )
    if labels.is_floating_point() or labels.is_complex():
        raise InputError(f"fit_temperature: expected integers as labels, got {labels.dtype}")
    labels = labels.long()
    if not torch.isfinite(logits).all():
        raise InputError(f"fit_temperature: expected finite logits, got NaN or infinity in shape {tuple(logits.shape)}")
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= logits.shape[1]:
        raise InputError(f"fit_temperature: expected labels 0 to {logits.shape[1] - 1}, got {lowest} to {highest}")
    from scipy.optimize import minimize_scalar

    precise = logits.detach().double()

    def loss(log_temperature: float) -> float:
        return F.cross_entropy(precise / math.exp(log_temperature), labels).item()

    found = minimize_scalar(
        loss, bounds=(math.log(LOWEST), math.log(HIGHEST)), method="bounded", options={"xatol": 1e-6}
    )
    return math.exp(float(found.x))
