"""Entropies of the predictive distribution, and the part of them that the draws disagree on."""

from jaxtyping import Float
from torch import Tensor

from feint.measures.complement import complemented, finite
from feint.measures.draws import require_draws
from feint.predictive import Categorical, draws_last


def predictive_entropy(categorical: Categorical) -> Float[Tensor, " N"]:
    """H[mean_s p_s] = -sum_c p_c log p_c of the mean over draws: the total uncertainty.

    Returns:
        Shape ``(N,)``, nats, from 0 to log C; higher = more uncertain.

    Reference: Smith & Gal 2018, "Understanding Measures of Uncertainty for Adversarial Example Detection", equation 2.

    >>> import torch
    >>> predictive_entropy(Categorical.from_logits(torch.zeros(1, 4)))
    tensor([1.3863], dtype=torch.float64)
    """
    mean = finite(categorical.mean_log_probs)
    return -(mean.exp() * complemented(mean)).sum(dim=-1)


def expected_entropy(categorical: Categorical) -> Float[Tensor, " N"]:
    """E_s H[p_s]: the mean entropy of a draw, the aleatoric part of the predictive entropy.

    Returns:
        Shape ``(N,)``, nats, from 0 to log C; higher = more uncertain. With one draw it is the predictive entropy.

    Reference: Smith & Gal 2018, equation 4 (its second term).
    """
    draws = finite(categorical.log_probs)
    return draws_last(-(draws.exp() * complemented(draws)).sum(dim=-1)).mean(dim=-1)


def mutual_information(categorical: Categorical) -> Float[Tensor, " N"]:
    """I = H[mean_s p_s] - E_s H[p_s]: what the draws disagree on, the epistemic part.

    Computed as the mean over draws of KL(p_s || mean), which equals the difference and does not cancel.

    Returns:
        Shape ``(N,)``, nats, from 0 to log min(S, C); higher = more uncertain.

    Raises:
        NotApplicable: with a single draw.

    Reference: Houlsby et al. 2011 (BALD), equation 2; Smith & Gal 2018, equation 4.
    """
    require_draws(categorical, "mutual_information")
    draws = finite(categorical.log_probs)
    surplus = complemented(draws) - complemented(finite(categorical.mean_log_probs))
    return draws_last((draws.exp() * surplus).sum(dim=-1)).mean(dim=-1)
