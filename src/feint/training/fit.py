"""fit: train a network, or anything Trainable.

The order of images, augmentation and dropout masks of each epoch are derived from the seed and the epoch's number, so
training that was interrupted goes on to the same bits.
"""

import hashlib
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, cast, final, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.optim import Optimizer

from feint.batching import padded_batches
from feint.errors import DataError, FeintError, InputError, NetworkError, SpecError
from feint.protocols import LabelledImages, Trainable
from feint.training import checkpoint as files
from feint.training.augment import CropFlip
from feint.training.checkpoint import Standing, State, snapshot
from feint.training.classifier import Classifier, scores
from feint.training.devices import Devices, run
from feint.training.history import Epoch, History
from feint.training.layout import arranged
from feint.training.modes import modes_restored
from feint.training.optimizers import optimizer_of
from feint.training.progress import Bar, Listener
from feint.training.randomness import derived, seeded, stream
from feint.training.recipe import Recipe
from feint.training.split import numbers, split


@runtime_checkable
class Perturb(Protocol):
    """What is done to each training batch before the step, such as an attack for adversarial training."""

    def __call__(
        self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"], samples: Int[Tensor, " N"], /
    ) -> Float[Tensor, " N ..."]:
        """The inputs to train on, in place of these; samples are their indices in their data set.

        The network is in train mode meanwhile; whoever wants another mode sets it and puts it back.
        """
        ...


def fit(
    trainable: nn.Module | Trainable,
    data: LabelledImages,
    *,
    recipe: Recipe,
    seed: int = 0,
    device: str = "cpu",
    devices: int = 1,
    perturb: Perturb | None = None,
    validation: LabelledImages | None = None,
    checkpoint: Path | None = None,
    progress: bool | Listener = False,
) -> History:
    """Train in place; the weights of the lowest validation loss stay, or without validation the last.

    Args:
        trainable: a network that returns logits (cross-entropy is put around it), or a Trainable ``nn.Module``. It is
            moved to the device and stays there. Its initial weights are the caller's; ``seeded`` makes them repeatable.
        data: what to train on; never the data that results are reported on.
        recipe: how.
        seed: of everything random. The same seed, batch size, threads, device and torch build give the same bits.
        device: "cpu", "cuda", "cuda:1", ...
        devices: how many of that kind; more than one trains in as many processes, through Lightning Fabric.
        perturb: applied to each training batch after augmentation.
        validation: images to validate on; None to hold out ``recipe.validation_share`` of the data.
        checkpoint: a file, written after each epoch. Where it exists training goes on from it, to the same weights.
        progress: True for a line on standard error, or a function called with each finished ``Epoch``.

    Returns:
        What happened, epoch by epoch.

    Raises:
        InputError: arguments that do not fit each other (``SpecError``: a checkpoint of other arguments among them).
        FeintError: the loss was not finite; the best weights so far stay.
    """
    if not isinstance(trainable, nn.Module):
        raise InputError(f"training expects an nn.Module, got {type(trainable).__name__}")
    if len(data) == 0:
        raise DataError("training expects at least one image, got none")
    if recipe.patience is not None and validation is None and recipe.validation_share == 0:
        raise SpecError(f"patience={recipe.patience} expects validation images, but validation_share is 0")
    module: nn.Module = trainable if isinstance(trainable, Trainable) else Classifier(trainable)
    training, held_out = split(data, validation, recipe, seed)
    arguments: dict[str, Any] = {
        **asdict(recipe),
        "seed": seed,
        "devices": devices,
        "images": len(data),
        "image_shape": list(data.shape),
        "validation_images": None if validation is None else len(validation),
        "perturb": perturb is not None,
    }
    job = _Job(module, training, held_out, recipe, seed, perturb, checkpoint, arguments, progress)
    with modes_restored(module):
        weights, history, failure = run(device, devices, _work, job)
        if devices > 1:  # trained in other processes
            module.load_state_dict(weights)
    if failure is not None:
        raise FeintError(failure)
    return history


@final
@dataclass(frozen=True)
class _Job:
    """The arguments of ``fit``, sorted out; picklable if they are."""

    module: nn.Module
    training: LabelledImages
    validation: LabelledImages | None
    recipe: Recipe
    seed: int
    perturb: Perturb | None
    checkpoint: Path | None
    arguments: dict[str, Any]
    progress: bool | Listener


class _Diverged(Exception):
    """The loss is not finite; the message says where."""


def _work(devices: Devices, job: _Job) -> tuple[State, History, str | None]:
    """Train, in each process; the weights, what happened, and what went wrong."""
    module, recipe = job.module.to(devices.device), job.recipe
    if devices.world > 1:  # weights arrive in memory that the processes share
        for tensor in [*module.parameters(), *module.buffers()]:
            tensor.data = tensor.data.clone()
    trainable = cast(Trainable, module)
    with seeded(derived(job.seed, "begin"), devices.device):
        trainable.begin(job.training)
    module.to(devices.device)  # what begin has added
    optimizer = optimizer_of(module, recipe)
    arguments = job.arguments | {"network": _outline(module)}
    standing = None if job.checkpoint is None else files.load(job.checkpoint, arguments)
    if standing is None:
        weights = snapshot(module.state_dict())
        standing = Standing(weights, optimizer.state_dict(), weights, best_epoch=0, epochs=[])
    else:
        module.load_state_dict(standing.weights)
        optimizer.load_state_dict(standing.optimizer)
    step = devices.prepare(module, optimizer)

    speaks = devices.rank == 0
    bar = Bar(recipe, len(job.training), len(standing.epochs)) if job.progress is True and speaks else None
    failure = None
    try:
        while not _finished(standing, recipe):
            start = time.perf_counter()
            number = len(standing.epochs) + 1
            module.train()
            loss = _epoch(devices, job, step, optimizer, number, bar)
            validated = _validate(devices, job, number)
            seconds = time.perf_counter() - start
            epoch = Epoch(number, loss, *(validated or (None, None)), seconds)
            _advance(standing, epoch, module, optimizer)
            if speaks:
                if job.checkpoint is not None:
                    files.save(job.checkpoint, standing, arguments)
                if bar is not None:
                    bar.tell(epoch)
                elif callable(job.progress):
                    job.progress(epoch)
    except _Diverged as diverged:
        failure = str(diverged)
    finally:
        optimizer.zero_grad()
        if bar is not None:
            bar.close()
    module.load_state_dict(standing.best_weights)
    weights = {} if devices.world == 1 else {name: value.cpu() for name, value in standing.best_weights.items()}
    return weights, History(tuple(standing.epochs), standing.best_epoch), failure


def _epoch(devices: Devices, job: _Job, step: Any, optimizer: Optimizer, number: int, bar: Bar | None) -> float:
    """One pass over the training data; the mean loss."""
    recipe, count, device = job.recipe, len(job.training), devices.device
    trainable = cast(Trainable, job.module)
    order = torch.randperm(count, generator=stream(job.seed, "order", number))
    if devices.world > 1:  # as many for each process
        order = order[: max(count // devices.world, 1) * devices.world][devices.rank :: devices.world]
    batches = _batches(order, max(1, recipe.batch_size // devices.world))
    crop_flip = None
    if recipe.augment == "crop-flip":
        crop_flip = CropFlip(count, job.training.shape, stream(job.seed, "augment", number))
    total, seen = 0.0, 0
    with seeded(derived(job.seed, "steps", number, devices.rank), device):
        for index, positions in enumerate(batches):
            inputs, labels, samples = job.training.gather(numbers(positions))
            if len(labels) < len(positions):  # some cannot be read, and are left out
                positions = _readable(job.training, positions)
                if len(positions) == 0:
                    continue
            inputs, labels, samples = inputs.to(device), labels.to(device), samples.to(device)
            if crop_flip is not None:
                inputs = crop_flip(inputs, positions)
            inputs = arranged(inputs, recipe.channels_last)
            if job.perturb is not None:
                inputs = _perturbed(job.perturb, inputs, labels, samples)
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate((number - 1 + index / len(batches)) / recipe.epochs)
            optimizer.zero_grad()
            loss = step(inputs, labels)
            if not loss.requires_grad:
                raise NetworkError(
                    "training expects a loss that gradients flow from to the weights, got none: "
                    "does forward run without them (torch.no_grad, detach)?"
                )
            value = float(loss.detach())
            if not math.isfinite(value):
                raise _Diverged(
                    f"training diverged: the loss was {value} at epoch {number}, step {index + 1}; "
                    f"a learning_rate below {recipe.learning_rate:g} may help"
                )
            devices.backward(loss)
            optimizer.step()  # pyright: ignore[reportUnknownMemberType]
            trainable.after_step()
            total += value * len(positions)
            if bar is not None:
                bar.advance(len(positions) * devices.world)
            seen += len(positions)
        trainable.end_epoch()
    sums = devices.total(torch.tensor([total, seen], dtype=torch.float64))
    if sums[1] == 0:
        raise DataError(f"training expects images that can be read, got none of {count}")
    return float(sums[0] / sums[1])


def _batches(order: Int[Tensor, " N"], size: int) -> list[Int[Tensor, " B"]]:
    """Cut the order into batches; a last one of a single image joins the one before (batch norm cannot train on it)."""
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    if size > 1 and len(batches) > 1 and len(batches[-1]) == 1:
        last = batches.pop()
        batches[-1] = torch.cat([batches[-1], last])
    return batches


def _readable(training: LabelledImages, positions: Int[Tensor, " B"]) -> Int[Tensor, " readable"]:
    """Those of the positions whose images can be read."""
    return torch.tensor([at for at in numbers(positions) if len(training.gather([at])[1])], dtype=torch.int64)


def _perturbed(
    perturb: Perturb, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"], samples: Int[Tensor, " N"]
) -> Float[Tensor, " N ..."]:
    outputs = perturb(inputs, labels, samples).detach()
    if outputs.shape != inputs.shape:
        raise InputError(
            f"training expects perturb to keep the shape {tuple(inputs.shape)}, got {tuple(outputs.shape)}"
        )
    return outputs


def _validate(devices: Devices, job: _Job, number: int) -> tuple[float, float] | None:
    """Mean loss in nats and accuracy on the validation images, in eval mode, at the recipe's batch size."""
    if job.validation is None:
        return None
    size = min(job.recipe.batch_size, len(job.validation))
    rows = range(devices.rank, len(job.validation), devices.world)
    sums = torch.zeros(3, dtype=torch.float64)
    job.module.eval()
    with torch.inference_mode(), seeded(derived(job.seed, "validation", number), devices.device):
        for start in range(0, len(rows), size):
            inputs, labels, _ = job.validation.gather(list(rows[start : start + size]))
            inputs, labels = inputs.to(devices.device), labels.to(devices.device)
            inputs = arranged(inputs, job.recipe.channels_last)
            if len(labels) == 0:  # none of them can be read
                continue
            for batch, batch_labels, count in padded_batches(inputs, labels, size):
                nll, right = scores(job.module, batch, batch_labels)
                sums += torch.tensor([float(nll[:count].sum()), float(right[:count].sum()), count], dtype=torch.float64)
    sums = devices.total(sums)
    if sums[2] == 0:
        raise DataError(f"validation expects images that can be read, got none of {len(job.validation)}")
    loss, accuracy = float(sums[0] / sums[2]), float(sums[1] / sums[2])
    if not math.isfinite(loss):
        raise _Diverged(
            f"training diverged: the validation loss was {loss} after epoch {number}; "
            f"a learning_rate below {job.recipe.learning_rate:g} may help"
        )
    return loss, accuracy


def _advance(standing: Standing, epoch: Epoch, module: nn.Module, optimizer: Optimizer) -> None:
    """Take an epoch down."""
    best = standing.epochs[standing.best_epoch - 1].validation_loss if standing.best_epoch else None
    standing.epochs.append(epoch)
    standing.weights = snapshot(module.state_dict())
    standing.optimizer = optimizer.state_dict()
    if best is None or epoch.validation_loss is None or epoch.validation_loss < best:
        standing.best_epoch, standing.best_weights = epoch.number, standing.weights


def _finished(standing: Standing, recipe: Recipe) -> bool:
    done = len(standing.epochs)
    return done >= recipe.epochs or (recipe.patience is not None and done - standing.best_epoch >= recipe.patience)


def _outline(module: nn.Module) -> str:
    """A short fingerprint of the names and shapes of the weights."""
    shapes = [(name, tuple(getattr(value, "shape", ()))) for name, value in module.state_dict().items()]
    return hashlib.blake2b(repr(shapes).encode(), digest_size=6).hexdigest()
