"""Measures as the released experiment of Smith & Gal computes them: in float32, with 1e-6 inside the logarithm.

Near certainty they are made of rounding: of a probability of 1 the entropy is -1e-6, and of draws that all say so the
mutual information is 0 whatever they disagree on. Ours keep all digits there; these show what that changes.
"""

from collections.abc import Callable, Mapping

from jaxtyping import Float
from torch import Tensor

from feint.predictive import Categorical, draws_last

INSIDE = 1e-6


def _entropy(probabilities: Float[Tensor, "*S N C"]) -> Float[Tensor, "*S N"]:
    return -(probabilities * (probabilities + INSIDE).log()).sum(dim=-1)


def released_entropy(categorical: Categorical) -> Float[Tensor, " N"]:
    """-sum_c p_c log(p_c + 1e-6) of the mean over draws."""
    return _entropy(draws_last(categorical.log_probs.exp().float()).mean(dim=-1)).double()


def released_mutual_information(categorical: Categorical) -> Float[Tensor, " N"]:
    """The entropy of the mean less the mean entropy, each as above: with one draw, 0."""
    draws = categorical.log_probs.exp().float()
    return (_entropy(draws_last(draws).mean(dim=-1)) - draws_last(_entropy(draws)).mean(dim=-1)).double()


MEASURES: Mapping[str, Callable[[Categorical], Tensor]] = {
    "predictive_entropy": released_entropy,
    "mutual_information": released_mutual_information,
}
