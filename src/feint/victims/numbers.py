"""What a victim says, where it says numbers: inputs that it returns NaN for are left out and noted, never averaged."""

from typing import TypeVar, cast

from jaxtyping import Int
from torch import Tensor

from feint.predictive import Categorical
from feint.runs.work import NotNumbers

Found = TypeVar("Found", Categorical, Tensor)


def numbers(found: Found, samples: Int[Tensor, " N"]) -> Found:
    """The same prediction, or the same values, shape ``(N,)``.

    Args:
        found: what a victim says of N inputs.
        samples: their indices.

    Raises:
        NotNumbers: it holds NaN.
    """
    bad = found.isnan() if isinstance(found, Tensor) else found.log_probs.isnan().any(-1).any(0)
    if bool(bad.any()):
        raise NotNumbers(cast(list[int], samples[bad.to(samples.device)].cpu().numpy().tolist()))
    return found
