"""What estimators with a head of their own ask of the network in front of it, and of the data that it is trained on."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm  # pyright: ignore[reportPrivateUsage]

from feint.errors import DataError, NetworkError
from feint.estimators.frozen import frozen
from feint.protocols import LabelledImages


def width_of(features: nn.Module, shape: Sequence[int]) -> int:
    """D, how many features an input has, found on two inputs of zeros.

    Args:
        features: maps inputs ``(N, *shape)`` to features ``(N, D)``.
        shape: of one input: channels, height, width; or the number of columns alone.

    Raises:
        NetworkError: it does not take such inputs, or returns something else.
    """
    parameter = next(features.parameters(), torch.zeros(()))
    inputs = torch.zeros(2, *shape, dtype=parameter.dtype, device=parameter.device)
    with frozen(features), torch.no_grad():
        try:
            outputs: object = features(inputs)
        except (RuntimeError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise NetworkError(f"features: expected a network for inputs of shape {tuple(shape)}: {reason}") from error
    return checked_features(outputs, 2).shape[1]


def checked_features(outputs: object, count: int) -> Float[Tensor, " N D"]:
    """The network's output for so many inputs, if it is finite features ``(N, D)``.

    Raises:
        NetworkError: otherwise, with what came.
    """
    if not isinstance(outputs, Tensor) or not outputs.is_floating_point():
        raise NetworkError(f"features: expected a float tensor of shape (N, D), got {type(outputs).__name__}")
    if outputs.ndim != 2 or len(outputs) != count:
        raise NetworkError(f"features: expected shape (N, D), got {tuple(outputs.shape)} for {count} inputs")
    if not torch.isfinite(outputs).all():
        bad = int((~torch.isfinite(outputs)).any(dim=1).sum())
        raise NetworkError(f"features: expected finite numbers, got NaN or infinity for {bad} of {count} inputs")
    return outputs


def sampled_features(features: nn.Module, data: LabelledImages, count: int, batch: int = 256) -> Float[Tensor, " n D"]:
    """Features of n inputs of the data, drawn without replacement from torch's global stream.

    They are those that training begins with: in eval mode, but that batch normalisation goes by each batch, as it does
    in training, and not by its running statistics, which know nothing yet. In a new ResNet-18 the two differ a
    hundredfold, and a kernel that was set by the one is 0, with no slope, everywhere on the other.

    Args:
        features: maps inputs to features ``(N, D)``.
        data: what to draw from.
        count: n, at most; there may be fewer data.
        batch: inputs per call, at most.
    """
    positions = [int(position) for position in torch.randperm(len(data))[:count]]
    device = next((parameter.device for parameter in features.parameters()), torch.device("cpu"))
    parts: list[Tensor] = []
    cuts = -(-len(positions) // batch)
    with frozen(features), normalising_by_batch(features), torch.no_grad():
        for which in range(cuts):  # of about one size: what a batch of one is normalised by says nothing
            inputs = data.gather(positions[which::cuts])[0].to(device)
            parts.append(checked_features(features(inputs), len(inputs)))
    return torch.cat(parts)


@contextmanager
def normalising_by_batch(features: nn.Module) -> Generator[None]:
    """Batch normalisation by the statistics of each batch, inside; its running ones are as they were, after."""
    layers = [module for module in features.modules() if isinstance(module, _BatchNorm)]
    before = [(layer.training, {name: value.clone() for name, value in layer.named_buffers()}) for layer in layers]
    try:
        for layer in layers:
            layer.training = True
        yield
    finally:
        for layer, (training, buffers) in zip(layers, before, strict=True):
            layer.training = training
            for name, value in layer.named_buffers():
                value.copy_(buffers[name])


def checked_labels(labels: Int[Tensor, " N"], classes: int) -> Int[Tensor, " N"]:
    """The labels, if all are classes.

    Raises:
        DataError: one is not.
    """
    lowest, highest = (int(bound) for bound in labels.aminmax())
    if lowest < 0 or highest >= classes:
        raise DataError(
            f"labels: expected 0 to {classes - 1}, as there are {classes} classes, got {lowest} to {highest}"
        )
    return labels


def mean_distance(features: Float[Tensor, " n D"]) -> float:
    """The mean Euclidean distance of two different rows: the length scale that a kernel on them starts from.

    Raises:
        NetworkError: the rows are all the same, or there are fewer than two.
    """
    distance = float(torch.pdist(features.cpu().double()).mean()) if len(features) > 1 else 0.0
    if not distance > 0:
        raise NetworkError(f"features: expected some that differ between inputs, got {len(features)} that are the same")
    return distance
