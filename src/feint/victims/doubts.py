"""What about a victim and its data looks wrong before anything is attacked."""

from collections.abc import Sequence
from typing import Any, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.data import Dataset
from feint.errors import NetworkError, NotFinite
from feint.estimators import AsLogits, MCDropout, Softmax, frozen, outputs_warning, predict
from feint.networks import depends_on_neighbours
from feint.reports.formats import percent

from .victim import SOFTMAX, Victim
from .whole import is_whole

LOOKED_AT = 64
"""Images that are looked at, evenly over the data."""
BETTER = 0.4
"""By how much accuracy must grow with standardised images, to say that they should have been."""


def check_alone(victim: Victim) -> None:
    """Raise a NetworkError for a network whose answer depends on the batch, or on noise of its own."""
    drawn = victim.stochastic
    predicts = victim.asked is not None or is_whole(victim.settings.estimator or SOFTMAX)
    for each in victim.members if victim.made_from is None else ():
        member = _Predicting(each) if predicts else each
        found = depends_on_neighbours(member, victim.shape, victim.device)
        if found is not None and not (drawn and found.on == "noise"):
            told = str(found).replace("its layer estimator.", "its layer ")
            raise NetworkError(f"{victim.name}: expected each image to be answered by itself, but {told}")


def doubts_of(victims: Sequence[Victim], dataset: Dataset) -> list[str]:
    """``doubts`` of each, which say whose they are where there are several."""
    found: list[str] = []
    for victim in victims:
        whose = f"{victim.name}: " if len(victims) > 1 else ""
        found += [told if told.startswith(victim.name) else whose + told for told in doubts(victim, dataset)]
    return found


def doubts(victim: Victim, dataset: Dataset) -> list[str]:
    """What a user should look at before believing a number; nothing of the embedded victim.

    Args:
        victim: whom.
        dataset: its data, as it sees them.
    """
    if victim.made_from is not None:
        return []
    found: list[str] = []
    if (more := len(victim.classes) - len(dataset.classes)) > 0 and not victim.settings.classes:
        found.append(
            f"{victim.name} has {len(victim.classes)} outputs and the data have {len(dataset.classes)} classes: the "
            f"{more} further outputs count as wrong answers; are these the classes that it was made for?"
        )
    step = max(1, len(dataset) // LOOKED_AT)
    images, labels, samples = (tensor.to(victim.device) for tensor in dataset.only(range(0, len(dataset), step)))
    images, labels, samples = _answered(victim, images, labels, samples)
    for member, declared in _declared(victim):
        if (told := outputs_warning(member, images[:LOOKED_AT], declared)) is not None:
            how = "--outputs" if victim.asked is None else "the estimator's outputs="
            found.append(f"{told} ({how} says otherwise)")
            break
    if (told := _standardised(victim, images[:LOOKED_AT], labels[:LOOKED_AT], samples[:LOOKED_AT])) is not None:
        found.append(told)
    return found


def _declared(victim: Victim) -> list[tuple[nn.Module, Any]]:
    """Its networks, each with what it was declared to return; of an estimator that was handed in, those inside."""
    if victim.asked is None:
        estimator = victim.settings.estimator
        return [(each, estimator.settings.get("outputs", "logits")) for each in victim.members] if estimator else []
    inside: list[Any] = [each for each in victim.asked.modules() if isinstance(each, Softmax | MCDropout)]
    networks = [each.network for each in inside]
    return [(each.network, each.outputs) if isinstance(each, AsLogits) else (each, "logits") for each in networks]


@final
class _Predicting(nn.Module):
    """What an estimator predicts, as one tensor: its draws, too, are those of the sample and not of its neighbours."""

    def __init__(self, estimator: nn.Module) -> None:
        super().__init__()
        self.estimator = estimator

    def forward(self, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " N C"]:
        return self.estimator(images, torch.arange(len(images), device=images.device)).mean_log_probs


def _answered(victim: Victim, images: Tensor, labels: Tensor, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of some images that a victim has numbers for; that it has none for others is noted where they are due.

    Raises:
        NotFinite: it has none for any of them.
    """
    try:
        predict(victim.estimator(), images, samples, batch_size=len(images))
    except NotFinite as error:
        kept = torch.tensor([int(each) not in error.samples for each in samples], device=images.device)
        if bool(kept.all()) or not bool(kept.any()):
            raise
        return _answered(victim, images[kept], labels[kept], samples[kept])
    return images, labels, samples


def _standardised(
    victim: Victim, images: Float[Tensor, " N channels height width"], labels: Int[Tensor, " N"], samples: Tensor
) -> str | None:
    """Whether images would be answered much better standardised, or the other way round: normalised never, or twice."""
    if len(images) < 16:
        return None
    mean, std = images.mean(dim=(0, 2, 3), keepdim=True), images.std(dim=(0, 2, 3), keepdim=True).clamp_min(1e-6)
    before = _accuracy(victim, images, labels, samples)
    told = f"{victim.name} answers {percent(0)(before)} % of {len(images)} images right, and "
    if (after := _right(victim, (images - mean) / std, labels)) - before >= BETTER:
        return (
            f"{told}{percent(0)(after)} % of them when they are standardised: is its normalisation missing? "
            "(networks.Normalize puts it inside)"
        )
    if (after := _right(victim, images * std + mean, labels)) - before >= BETTER:
        return f"{told}{percent(0)(after)} % of them when a standardisation is undone: are they normalised twice?"
    return None


def _right(victim: Victim, images: Tensor, labels: Tensor) -> float:
    """The share of images, not in [0, 1] any more, that the members answer right; 0 where they cannot be asked."""
    try:
        with torch.inference_mode():
            if victim.asked is not None:
                return _accuracy(victim, images, labels, torch.arange(len(images), device=images.device))
            logits = torch.stack([_logits(member, images) for member in victim.members]).mean(dim=0)
    except (RuntimeError, ValueError, TypeError):
        return 0.0
    return (logits.argmax(dim=1) == labels).double().mean().item()


def _logits(member: nn.Module, images: Tensor) -> Tensor:
    with frozen(member):
        found: object = member(images)
    if not isinstance(found, Tensor):
        raise TypeError("no logits")
    return found


def _accuracy(victim: Victim, images: Tensor, labels: Tensor, samples: Tensor) -> float:
    prediction = predict(victim.estimator(), images, samples, batch_size=len(images)).prediction
    return (prediction == labels).double().mean().item()
