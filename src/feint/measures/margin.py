"""The lead of the most probable class over the runner-up."""

from jaxtyping import Float
from torch import Tensor

from feint.measures.max_probability import max_probability
from feint.predictive import Categorical


def margin(categorical: Categorical) -> Float[Tensor, " N"]:
    """1 - (p_first - p_second) of the mean over draws.

    Returns:
        Shape ``(N,)``, from 0 (certain) to 1 (a tie); higher = more uncertain.

    Reference: Scheffer et al. 2001, "Active Hidden Markov Models for Information Extraction".
    """
    second = categorical.mean_log_probs.topk(2, dim=-1).values[:, 1]
    return max_probability(categorical) + second.exp()
