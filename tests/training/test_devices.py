"""Training on several devices: one process each, through Lightning Fabric."""

import multiprocessing

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


@pytest.fixture
def _processes_are_forked(monkeypatch):
    """Off one that has imported Lightning, which takes ten seconds and each process that is started afresh anew.

    What they are told is pickled all the same, and they know nothing of this process.
    """
    from lightning.fabric.strategies import STRATEGY_REGISTRY

    monkeypatch.setitem(STRATEGY_REGISTRY["ddp_spawn"]["init_params"], "start_method", "forkserver")
    multiprocessing.set_forkserver_preload(["lightning.fabric", "feint.training"])


@pytest.mark.filterwarnings("ignore")  # Lightning's own
@pytest.mark.usefixtures("_processes_are_forked")
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
