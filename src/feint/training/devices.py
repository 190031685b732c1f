"""One device, or several through Lightning Fabric, behind the same few calls.

Importing Lightning costs more (7 s) than training a small network, so one device in one process does without it.
"""

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar, cast, final, runtime_checkable

import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import ProcessRaisedException
from torch.optim import Optimizer

from feint import errors
from feint.errors import InputError

Result = TypeVar("Result")


@runtime_checkable
class Devices(Protocol):
    """What the training loop needs to know of the devices it runs on."""

    @property
    def device(self) -> torch.device:
        """This process's own."""
        ...

    @property
    def rank(self) -> int:
        """This process's number, from 0."""
        ...

    @property
    def world(self) -> int:
        """How many processes there are."""
        ...

    def prepare(self, trainable: nn.Module, optimizer: Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
        """Get ready to step; returns the trainable's ``step``."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, averaged over the processes."""
        ...

    def total(self, values: Tensor) -> Tensor:
        """The sum over the processes."""
        ...


@final
class Single:
    """One device, in this process."""

    rank = 0
    world = 1

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def prepare(self, trainable: nn.Module, optimizer: Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
        """Nothing to get ready."""
        return cast(Any, trainable).step

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss."""
        loss.backward()  # pyright: ignore[reportUnknownMemberType]

    def total(self, values: Tensor) -> Tensor:
        """There is nothing to add."""
        return values


@final
class Several:
    """Several devices, one process each, through Lightning Fabric."""

    def __init__(self, fabric: Any) -> None:
        self.fabric = fabric
        self.device: torch.device = fabric.device
        self.rank: int = fabric.global_rank
        self.world: int = fabric.world_size

    def prepare(self, trainable: nn.Module, optimizer: Optimizer) -> Callable[[Tensor, Tensor], Tensor]:
        """Have gradients averaged over the processes in every ``step``."""
        module = self.fabric.setup_module(trainable)
        module.mark_forward_method("step")  # else the averaging would be bound to forward
        return module.step

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, averaged."""
        self.fabric.backward(loss)

    def total(self, values: Tensor) -> Tensor:
        """The sum over the processes."""
        return self.fabric.all_reduce(values.to(self.device), reduce_op="sum").cpu()


def run(device: str, devices: int, work: Callable[..., Result], *arguments: Any) -> Result:
    """Call ``work(devices, *arguments)`` on one device here, or in one process per device.

    Several processes are started afresh ("spawn"): the arguments must be picklable; the first one's result comes back.

    Raises:
        InputError: there is no such device.
    """
    if devices < 1:
        raise InputError(f"training expects at least 1 device, got devices={devices}")
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"training expects a device that this machine has, such as 'cpu', got {device!r}: {reason}"
        ) from None
    if devices == 1:
        return work(Single(place), *arguments)
    from lightning.fabric import Fabric  # 7 s

    fabric: Any = Fabric(accelerator=place.type, devices=devices, strategy="ddp_spawn")
    with TemporaryDirectory(prefix="feint-") as folder:
        result = Path(folder) / "result"
        try:
            # As a partial: Lightning looks into arguments, and refuses frozen dataclasses in them.
            fabric.launch(partial(_in_process, work, arguments, result))
        except ProcessRaisedException as error:
            kind, _, message = str(error).strip().splitlines()[-1].partition(": ")
            if kind.startswith("feint.errors."):
                raise getattr(errors, kind.rpartition(".")[2])(message) from None
            raise
        return pickle.loads(result.read_bytes())


def _in_process(work: Callable[..., object], arguments: tuple[Any, ...], result: Path, fabric: Any) -> None:
    returned = work(Several(fabric), *arguments)
    if fabric.global_rank == 0:  # through a file: pipes are small, and memory shared by a process ends with it
        result.write_bytes(pickle.dumps(returned))
