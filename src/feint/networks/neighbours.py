"""Whether what a network returns for an image is that image's own."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .check import as_found

TOLERANCE = 1e-4
"""What an image's outputs may move by, as a share of the largest: rounding is far below, neighbours far above."""


@final
@dataclass(frozen=True)
class Dependence:
    """What a network's outputs depend on beside the image.

    Attributes:
        on: the "neighbours" in its batch, or "noise" that the network draws by itself.
        layer: where that begins, such as "3 (BatchNorm2d)"; None where no layer shows it.
    """

    on: Literal["neighbours", "noise"]
    layer: str | None

    def __str__(self) -> str:
        """One line for the user."""
        where = "" if self.layer is None else f", from its layer {self.layer} on"
        if self.on == "noise":
            return f"the network draws noise of its own: it gives the same image other outputs when asked again{where}"
        return f"the network gives an image other outputs when other images are in its batch{where}"


def depends_on_neighbours(
    network: nn.Module, shape: tuple[int, int, int], device: torch.device | str = "cpu"
) -> Dependence | None:
    """Ask a network about an image twice, and once beside another one.

    In eval mode, on images of noise that are always the same. Networks with functional dropout draw noise here, also
    those that are meant for MC dropout, which takes the place of it.

    Args:
        network: a module on ``device`` that takes such images; modes and torch's random state are left as found.
        shape: an image's channels, height and width.
        device: where the images are put.

    Returns:
        What its outputs depend on beside the image; None where that is nothing.

    >>> str(depends_on_neighbours(nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False), nn.Flatten()), (1, 2, 2)))
    'the network gives an image other outputs when other images are in its batch, from its layer 0 (BatchNorm2d) on'
    """
    images = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0)).to(device)
    # one of the middle, beside a dark and beside a bright one: also the largest and the smallest pixel are others' then
    for image, (contrast, floor) in zip(images, ((0.5, 0.25), (0.25, 0.0), (0.25, 0.75)), strict=True):
        image.mul_(contrast).add_(floor)
    devices = [images.device] if images.device.type == "cuda" else []
    fork: Any = torch.random.fork_rng  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    with as_found(network), torch.no_grad(), fork(devices):
        network.eval()
        first = _asked(network, images[[0, 1]])
        again = _asked(network, images[[0, 1]])
        beside = _asked(network, images[[0, 2]])
    if not _same(first[0], again[0]):
        return Dependence("noise", _where(first[1], again[1]))
    if not _same(first[0], beside[0]):
        return Dependence("neighbours", _where(first[1], beside[1]))
    return None


Trace = list[tuple[str, Tensor, Tensor]]
"""Layers in the order in which they ran: a name, and the first image's share of what went in and came out."""


def _asked(network: nn.Module, images: Float[Tensor, " n channels height width"]) -> tuple[Tensor, Trace]:
    """What a network returns for the first of some images, and the layers on the way."""
    trace: Trace = []
    with _traced(network, len(images), trace):
        found: Any = network(images.clone())
    return found[0].detach().clone(), trace


@contextmanager
def _traced(network: nn.Module, count: int, trace: Trace) -> Generator[None]:
    """Keep what goes through the layers that have no layers of their own."""
    handles: list[Any] = []
    for name, module in cast(Iterator[tuple[str, nn.Module]], network.named_modules()):
        if any(True for _ in module.children()):
            continue
        title = f"{name} ({type(module).__name__})" if name else type(module).__name__

        def keep(_: nn.Module, inputs: tuple[Any, ...], outputs: Any, title: str = title) -> None:
            given = inputs[0] if inputs else None
            if isinstance(given, Tensor) and isinstance(outputs, Tensor) and len(given) == len(outputs) == count:
                trace.append((title, given[0].clone(), outputs[0].clone()))

        handles.append(module.register_forward_hook(keep))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _where(first: Trace, other: Trace) -> str | None:
    """The first layer that made something else of the same."""
    for (title, given, made), (same, also_given, also_made) in zip(first, other, strict=False):
        if title != same or not _same(given, also_given):
            return None
        if not _same(made, also_made):
            return title
    return None


def _same(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    finite = one.isfinite() & other.isfinite()
    scale = 1e-30 + float(one[finite].abs().max()) if bool(finite.any()) else 1.0
    close = (one - other).abs() <= TOLERANCE * scale
    return bool(torch.where(finite, close, (one == other) | (one.isnan() & other.isnan())).all())
