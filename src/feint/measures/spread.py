"""How far the draws lie apart, without entropies."""

from jaxtyping import Float
from torch import Tensor

from feint.measures.complement import finite
from feint.measures.draws import require_draws
from feint.predictive import Categorical, draws_last


def softmax_variance(categorical: Categorical) -> Float[Tensor, " N"]:
    """Mean over classes of the variance over draws of the class's probability, divisor S.

    Returns:
        Shape ``(N,)``, from 0 to 1/4; higher = more uncertain.

    Raises:
        NotApplicable: with a single draw.

    Reference: Smith & Gal 2018, section 3.2.
    """
    require_draws(categorical, "softmax_variance")
    own = categorical.prediction.expand(categorical.draws, -1).unsqueeze(-1)
    draws = finite(categorical.log_probs)
    others = draws.scatter(-1, own, -float("inf")).logsumexp(dim=-1, keepdim=True)
    # p and 1 - p vary by the same amount, and near p = 1 the latter has all its digits.
    probabilities = draws_last(draws.scatter(-1, own, others).exp())
    return (probabilities - probabilities.mean(dim=-1, keepdim=True)).square().flatten(1).mean(dim=-1)


def variation_ratio(categorical: Categorical) -> Float[Tensor, " N"]:
    """1 - the share of draws that vote for the class most draws vote for.

    Returns:
        Shape ``(N,)``, a multiple of 1/S from 0 to 1 - 1/C; higher = more uncertain. A count: it has no gradient.

    Raises:
        NotApplicable: with a single draw.

    Reference: Freeman 1965, "Elementary Applied Statistics"; Gal 2016, thesis, section 3.3.1.
    """
    require_draws(categorical, "variation_ratio")
    votes = categorical.log_probs.argmax(dim=-1)
    agreeing = votes == votes.mode(dim=0).values
    return 1 - agreeing.to(categorical.log_probs.dtype).mean(dim=0)
