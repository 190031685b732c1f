"""Networks of the catalog, with the sizes that a card may come with."""

import pytest
import torch

from feint.errors import SpecError
from feint.networks import LeNet
from feint.victims.loading.autoencoder import new_autoencoder
from feint.victims.loading.networks import new_network
from feint.victims.settings import NetworkWord


def test_a_network_is_as_its_seed_makes_it():
    torch.manual_seed(3)
    network = new_network(NetworkWord.of("lenet:classes=4"))
    torch.manual_seed(3)
    for ours, plain in zip(network.parameters(), LeNet(classes=4).parameters(), strict=True):
        assert torch.equal(ours, plain)


@pytest.mark.parametrize("size", [-1, 0, 10**30])
def test_sizes_that_no_network_has(size: int):
    with pytest.raises(SpecError, match=f"^lenet: expected sizes that a network can have, got classes={size}$"):
        new_network(NetworkWord(name="lenet", settings={"classes": size}))
    with pytest.raises(SpecError, match=f"^vae: expected sizes that a network can have, got width={size}$"):
        new_autoencoder(NetworkWord(name="vae", settings={"width": size}))


def test_sizes_that_would_take_all_memory():
    with pytest.raises(SpecError, match=r"^vae: expected at most 1,000,000,000 weights, got 22,"):
        new_autoencoder(NetworkWord(name="vae", settings={"width": 10**6}))
