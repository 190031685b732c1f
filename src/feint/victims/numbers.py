"""What a victim says, where it says numbers: runs note inputs that it has none for, and never average them."""

from typing import TypeVar, cast

from jaxtyping import Int
from torch import Tensor

from feint.errors import NotFinite
from feint.predictive import Categorical

Found = TypeVar("Found", Categorical, Tensor)


def numbers(found: Found, samples: Int[Tensor, " N"]) -> Found:
    """The same prediction, or the same values, shape ``(N,)``.

    Args:
        found: what a victim says of N inputs.
        samples: their indices.

    Raises:
        NotFinite: it holds NaN.
    """
    bad = found.isnan() if isinstance(found, Tensor) else found.log_probs.isnan().any(-1).any(0)
    if bool(bad.any()):
        error = NotFinite(f"a victim returns numbers: {int(bad.sum())} of {len(samples)} inputs gave NaN")
        error.samples = frozenset(cast(list[int], samples[bad.to(samples.device)].cpu().numpy().tolist()))
        raise error
    return found
