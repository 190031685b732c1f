"""Training on several devices: one process each, through Lightning Fabric."""

import pytest
import torch
from torch import nn

from feint.errors import NetworkError
from feint.training import fit, seeded
from feint.training.devices import run


def plain():
    with seeded(0):
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 2))


def refused(devices, reason):
    raise NetworkError(f"{reason} on device {devices.rank} of {devices.world}")


@pytest.mark.filterwarnings("ignore")  # Lightning's own
def test_two_processes_come_to_what_one_does(blobs, recipe):
    """Each takes half of every batch, and the gradients' mean is that of the whole batch."""
    asked = recipe(epochs=2, batch_size=16, optimizer="sgd", learning_rate=0.1, validation_share=0.25)
    one, two = plain(), plain()
    alone = fit(one, blobs(), recipe=asked, seed=3)
    together = fit(two, blobs(), recipe=asked, seed=3, devices=2)
    for before, found, expected in zip(plain().parameters(), two.parameters(), one.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
        assert not torch.equal(found, before)
    assert [each.training_loss for each in together.epochs] == pytest.approx(
        [each.training_loss for each in alone.epochs], rel=1e-5
    )
    assert [each.validation_accuracy for each in together.epochs] == [each.validation_accuracy for each in alone.epochs]
    with pytest.raises(NetworkError, match=r"^no numbers on device [01] of 2$"):
        run("cpu", 2, refused, "no numbers")
