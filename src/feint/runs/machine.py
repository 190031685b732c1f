"""What a run uses of the machine, and where it finds things there."""

import gc
import math
import os
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, final

import torch

from feint.errors import SpecError

from .settings import RunSettings

S = TypeVar("S", bound=RunSettings)
VICTIMS = Path("feint-victims")


@final
@dataclass(frozen=True)
class Machine:
    """The machine, as a run's settings ask for it.

    Attributes:
        device: where networks run.
        threads: CPU threads.
        victims: where trained victims lie.
        given: objects that were handed in, by the names that the settings have for them.
        progress: whether to show bars.
        fresh: whether what is there already is to be replaced.
        allow_code: whether programs may run that a victim's card names, and exported ones.
    """

    device: str
    threads: int
    victims: Path = VICTIMS
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    progress: bool = False
    fresh: bool = False
    allow_code: bool = False

    @classmethod
    def find(cls, settings: RunSettings, *, victims: Path = VICTIMS, **values: Any) -> "Machine":
        """This machine, as settings ask for it.

        The places of weights are part of a run's id: however the folder of victims is spelled that lies in the one
        that we work in, it is the same run.

        Raises:
            SpecError: there is no such device, or there are not so many threads.
        """
        if victims.is_relative_to(Path.cwd()):
            victims = victims.relative_to(Path.cwd())
        return cls(find_device(settings.device), find_threads(settings.threads), victims, **values)

    def settled(self, settings: S, shape: tuple[int, ...], count: int) -> S:
        """Settings with the device, threads and batch size that they come to.

        Args:
            settings: as asked.
            shape: of an input.
            count: how many inputs there are: a batch is always full, its last one padded, so no larger than that.
        """
        size = settings.batch_size or min(default_batch_size(shape, self.device), max(1, count))
        return settings.model_copy(update={"device": self.device, "threads": self.threads, "batch_size": size})

    @contextmanager
    def steady(self) -> Generator[None]:
        """Inside, numbers that come out the same again: so many CPU threads, and on GPUs float32 throughout.

        cuDNN would round the inputs of convolutions to 10 bits (TF32), where log-probabilities are to agree to 1e-4,
        and may pick other kernels, with other last bits, from one call to the next. All of it is as before afterwards.
        """
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
                yield
        finally:
            torch.set_num_threads(before)


def out_of_memory(error: BaseException) -> bool:
    """Whether this is what is raised when memory runs out, here or on an accelerator."""
    said = str(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and ("can't allocate memory" in said or "not enough memory" in said)
    )


def free_memory() -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


@final
class Passes:
    """Inputs that went through a network.

    Attributes:
        gradients: that a gradient was taken at, padding and all.
    """

    def __init__(self) -> None:
        self.gradients = 0
        self._layers: Counter[int] = Counter()

    @property
    def forwards(self) -> int:
        """That the busiest layer has seen: draws count, and of an ensemble one member."""
        return max(self._layers.values(), default=0)

    def saw(self, module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        """Count what goes into a layer with weights."""
        if inputs and isinstance(inputs[0], torch.Tensor) and any(True for _ in module.parameters(recurse=False)):
            self._layers[id(module)] += len(inputs[0])


@contextmanager
def counted() -> Generator[Passes]:
    """Inside, what goes through networks is counted."""
    passes, grad = Passes(), torch.autograd.grad

    def counting(outputs: Any, inputs: Any, *arguments: Any, **keywords: Any) -> Any:
        passes.gradients += len(inputs if isinstance(inputs, torch.Tensor) else inputs[0])
        return grad(outputs, inputs, *arguments, **keywords)

    hook = torch.nn.modules.module.register_module_forward_pre_hook(passes.saw)
    torch.autograd.grad = counting
    try:
        yield passes
    finally:
        torch.autograd.grad = grad
        hook.remove()


def find_device(name: str) -> str:
    """The device of this name, if it is there; "auto" takes a GPU where there is one.

    Raises:
        SpecError: there is no such device.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=name).item()  # which also shows that it computes: "meta" does not
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(f"device: expected cpu, or an accelerator that is there, got {name!r} ({reason})") from error
    return name


def check_there(name: str) -> None:
    """Raise a SpecError for a device of a worker's that is not there; nothing is put on it, that is the worker's."""
    if name == "auto":
        return
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SpecError(f"devices: expected names such as cpu or cuda:0, got {name!r}") from error
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        raise SpecError(f"devices: expected some of the GPUs that are there, which are {count}, got {name!r}")


def find_threads(count: int | None) -> int:
    """So many CPU threads, or as many as torch takes by itself.

    Raises:
        SpecError: more than four for every CPU there is.
    """
    most = 4 * (os.cpu_count() or 1)
    if count is not None and count > most:
        raise SpecError(f"threads: expected at most {most} on this machine, got {count}")
    return count or torch.get_num_threads()


def default_batch_size(shape: tuple[int, ...], device: str) -> int:
    """Inputs per call of a network, by their size: as many as fit a CPU's cache, or fill a GPU."""
    pixels = math.prod(shape[-2:])
    small, middle, large = (100, 32, 20) if device == "cpu" else (500, 250, 50)
    return small if pixels <= 28 * 28 else middle if pixels <= 64 * 64 else large
