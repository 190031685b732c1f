"""The uncertainty that an estimator brings along itself."""

from jaxtyping import Float
from torch import Tensor

from feint.errors import NotApplicable
from feint.predictive import Categorical


def native(categorical: Categorical) -> Float[Tensor, " N"]:
    """The estimator's own uncertainty: a selector, a distance, an evidence.

    Returns:
        Shape ``(N,)``, range as the estimator says; higher = more uncertain.

    Raises:
        NotApplicable: where the estimator has none.
    """
    if categorical.native is None:
        raise NotApplicable("native: this estimator has no uncertainty of its own")
    return categorical.native
