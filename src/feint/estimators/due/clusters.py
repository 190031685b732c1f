"""k-means: the points that stand for all others."""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import NetworkError

MOST = 100
"""Rounds after which Lloyd's algorithm stops; it has usually come to rest before."""


def k_means(points: Float[Tensor, " n D"], count: int) -> Float[Tensor, " count D"]:
    """The centres that Lloyd's algorithm comes to rest at, from a k-means++ start out of torch's global stream.

    Args:
        points: n >= count of them, at least count of them different.
        count: how many centres.

    Raises:
        NetworkError: too few different points.

    Reference: Arthur & Vassilvitskii 2007, "k-means++: The Advantages of Careful Seeding", section 2.2.
    """
    exact = points.double().cpu()
    different = len(cast(Tensor, exact.unique(dim=0)))  # pyright: ignore[reportUnknownMemberType]
    if different < count:
        raise NetworkError(f"features: expected at least {count} different ones for as many centres, got {different}")
    centres = exact[torch.randint(len(exact), (1,))]
    while len(centres) < count:
        nearest = torch.cdist(exact, centres).square().amin(dim=1)
        centres = torch.cat([centres, exact[torch.multinomial(nearest, 1)]])
    for _ in range(MOST):
        owner = torch.cdist(exact, centres).argmin(dim=1)
        belongs = torch.nn.functional.one_hot(owner, count).double()
        sizes = belongs.sum(dim=0).unsqueeze(1)
        # A centre that nothing belongs to stays where it is.
        moved = torch.where(sizes > 0, belongs.T @ exact / sizes.clamp(min=1), centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres.to(points)
