"""Two expansions of mutual information: about certainty, and about draws that agree."""

from typing import Final

from jaxtyping import Float
from torch import Tensor

from feint import measures
from feint.measures.complement import complemented
from feint.predictive import Categorical, draws_last


def sum_of_variances(categorical: Categorical) -> Float[Tensor, " N"]:
    """sum_c Var_s p_sc: what is left of mutual information where log p is expanded about p = 1.

    Returns:
        Shape ``(N,)``, from 0 to 1: C times the softmax variance. As the draws come together it tends to mutual
        information times a number that depends on the prediction (2 / C where that is uniform), not to it.

    Raises:
        NotApplicable: with a single draw.

    Reference: Smith & Gal 2018, section 3.2.
    """
    return categorical.log_probs.shape[-1] * measures.softmax_variance(categorical)


def small_spread_information(categorical: Categorical) -> Float[Tensor, " N"]:
    """1/2 sum_c Var_s p_sc / mean_s p_sc: what mutual information tends to as the draws come together.

    Mutual information is ``mean_s sum_c p_sc log(p_sc / m_c)`` with the mean m. With ``p = m (1 + e)``, where e has
    mean 0, a summand is ``m (e + e^2 / 2 - e^3 / 6 + ...)``: the ratio of the two tends to 1, linearly in the spread.

    Returns:
        Shape ``(N,)``, nats, 0 or more.

    Raises:
        NotApplicable: with a single draw.
    """
    measures.mutual_information(categorical[:0])  # refuses a single draw
    surplus = complemented(categorical.log_probs) - complemented(categorical.mean_log_probs)
    return draws_last((categorical.mean_log_probs.exp() * surplus.expm1().square()).sum(dim=-1)).mean(dim=-1) / 2


def drawn_together(categorical: Categorical, factor: float) -> Categorical:
    """The same mean, and draws at this share of their distance from it: ``m + factor (p_s - m)``.

    Args:
        categorical: with several draws.
        factor: in (0, 1].
    """
    mean = categorical.mean_log_probs
    return Categorical(mean + (factor * (categorical.log_probs - mean).expm1()).log1p())


APPROXIMATIONS: Final = {"variance": sum_of_variances, "limit": small_spread_information}
FACTORS: Final = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Shares of their distance from the mean to which real draws are drawn together, to see the approximations' limits."""
