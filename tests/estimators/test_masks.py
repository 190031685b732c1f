"""The masks of dropout: how often they keep, and that they do not correlate."""

import pytest
import torch

from feint.estimators.dropout.masks import keep_mask


@pytest.mark.parametrize("drop", [0.05, 0.3, 0.5, 0.9])
def test_masks_keep_with_probability_1_minus_p_and_do_not_correlate(drop):
    mask = keep_mask(torch.arange(40), torch.arange(40), seed=0, layer=1, elements=100, drop=drop).double()
    spread = (drop * (1 - drop)) ** 0.5
    normal = (mask - (1 - drop)) / spread
    assert abs(normal.mean()) < 4 / normal.numel() ** 0.5
    for along in range(3):  # a mean over one dimension is as wide as that of independent numbers
        size = mask.shape[along]
        assert (normal.mean(along) * size**0.5).var().item() == pytest.approx(1, abs=0.12)
        neighbours = (normal.narrow(along, 0, size - 1) * normal.narrow(along, 1, size - 1)).mean()
        assert abs(neighbours) < 4 / mask.numel() ** 0.5
    one, two = (
        keep_mask(torch.arange(40), torch.arange(40), seed=seed, layer=layer, elements=100, drop=drop).double()
        for seed, layer in ((1, 1), (0, 2))
    )
    for other in (one, two):
        assert abs((normal * (other - (1 - drop)) / spread).mean()) < 4 / mask.numel() ** 0.5


def test_masks_at_the_ends():
    keys = torch.arange(5)
    assert keep_mask(keys, keys, seed=0, layer=0, elements=50, drop=0.0).all()
    assert not keep_mask(keys, keys, seed=0, layer=0, elements=50, drop=1.0).any()
