"""One minus the probability of a class: the prediction's, or a given label's."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from feint.errors import InputError
from feint.measures.complement import finite
from feint.predictive import Categorical


def max_probability(categorical: Categorical) -> Float[Tensor, " N"]:
    """1 - max_c p_c: how little the most probable class got (the negative of the softmax response).

    Returns:
        Shape ``(N,)``, from 0 (certain) to 1 - 1/C; higher = more uncertain. Computed as the sum of the other classes'
        probabilities, so that confidences which would round to 1 keep their order.

    Reference: Hendrycks & Gimpel 2017, "A Baseline for Detecting Misclassified and Out-of-Distribution Examples".

    >>> logits = torch.tensor([[40.0, 0.0], [41.0, 0.0]])
    >>> max_probability(Categorical.from_logits(logits)).tolist()
    [4.248354255291589e-18, 1.5628821893349888e-18]
    """
    return label_doubt(categorical, categorical.prediction)


def label_doubt(categorical: Categorical, labels: Integer[Tensor, " N"] | Sequence[int]) -> Float[Tensor, " N"]:
    """1 - p of a given label: with the victim's own prediction as the label, what ACE attacks.

    Args:
        categorical: the prediction.
        labels: one class index per input, shape ``(N,)``.

    Raises:
        InputError: labels that are not one integer per input.

    Returns:
        Shape ``(N,)``, from 0 to 1; higher = more uncertain. The sum of the other classes' probabilities.

    Reference: Galil & El-Yaniv 2021, "Disrupting Deep Uncertainty Estimation Without Harming Accuracy", section 3.
    """
    log_probs = finite(categorical.mean_log_probs)
    own = torch.as_tensor(labels, device=log_probs.device)
    if own.is_floating_point() or own.shape != log_probs.shape[:1]:
        raise InputError(
            f"labels: expected integers of shape ({len(log_probs)},), got {own.dtype} of shape {tuple(own.shape)}"
        )
    own = own.long().unsqueeze(-1)
    return log_probs.scatter(-1, own, -float("inf")).logsumexp(dim=-1).exp()
