"""What a run takes of the machine: device, threads, batch sizes, memory, and passes that are counted."""

import contextlib
import os

import pytest
import torch
from torch import nn

from feint.errors import SpecError
from feint.runs.machine import Machine, counted, default_batch_size, find_device, find_threads, out_of_memory
from feint.runs.settings import RunSettings

SIZES = [((1, 28, 28), 100, 500), ((3, 28, 29), 32, 250), ((3, 64, 64), 32, 250), ((3, 64, 65), 20, 50)]


@pytest.mark.parametrize(("shape", "here", "accelerated"), SIZES)
def test_batches_are_as_large_as_inputs_are_small(shape, here, accelerated):
    assert default_batch_size(shape, "cpu") == here
    assert default_batch_size(shape, "cuda") == accelerated


def test_settings_come_to_what_there_is():
    machine = Machine("cpu", 3)
    found = machine.settled(RunSettings(), (1, 8, 8), 1000)
    assert (found.device, found.threads, found.batch_size) == ("cpu", 3, 100)
    assert machine.settled(RunSettings(), (1, 8, 8), 7).batch_size == 7
    assert machine.settled(RunSettings(), (1, 8, 8), 0).batch_size == 1
    assert machine.settled(RunSettings(batch_size=9), (1, 8, 8), 7).batch_size == 9
    assert not machine.fresh
    assert not machine.allow_code


def test_devices_and_threads_that_are_not_there():
    assert find_device("cpu") == "cpu"
    for name in ("meta", "toaster"):
        with pytest.raises(SpecError, match=f"device: expected cpu, or an accelerator that is there, got '{name}'"):
            find_device(name)
    most = 4 * (os.cpu_count() or 1)
    assert find_threads(most) == most
    assert find_threads(None) == torch.get_num_threads()
    with pytest.raises(SpecError, match=f"threads: expected at most {most} on this machine, got {most + 1}"):
        find_threads(most + 1)


def test_threads_are_as_they_were_afterwards():
    before = torch.get_num_threads()
    with contextlib.suppress(KeyError), Machine("cpu", before + 1).steady():
        assert torch.get_num_threads() == before + 1
        assert torch.backends.cudnn.deterministic
        assert not torch.backends.cudnn.allow_tf32
        raise KeyError
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError(), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("[enforce fail] not enough memory: you tried"), True),
        (RuntimeError("shapes do not match"), False),
        (ValueError("not enough memory"), False),
    ],
)
def test_what_is_raised_where_memory_runs_out(error, is_it):
    assert out_of_memory(error) == is_it


def test_passes_are_counted_by_the_layer_that_sees_most():
    network, grad = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), torch.autograd.grad
    with counted() as passes:
        network(torch.zeros(5, 2))
        inputs = torch.zeros(4, 2, requires_grad=True)
        torch.autograd.grad(network(inputs).sum(), inputs)
        torch.autograd.grad(network[2](torch.zeros(1, 3)).sum() + inputs.sum(), [inputs])
    network(torch.zeros(50, 2))
    assert (passes.forwards, passes.gradients) == (10, 8)
    assert torch.autograd.grad is grad
