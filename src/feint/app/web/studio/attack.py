"""One image attacked, as the command would attack it, and what the victim says of it before and after."""

import io
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint.attacks import L2, Adversarial, Linf
from feint.attacks.labels.iaa import perceptual, sensitivity
from feint.errors import SpecError
from feint.estimators import predict
from feint.experiments.pictures import before_and_after
from feint.predictive import Categorical
from feint.threats.ready import Threat, attacked, ready
from feint.threats.settings import ThreatWord
from feint.victims.victim import Victim, measure

from .pictures import channels_last, chosen
from .warm import Seat, Warm

SAMPLE: Final = torch.zeros(1, dtype=torch.int64)
"""Draws are keyed by sample index; a single image is the first."""


def attack(
    kept: Warm, victim: Mapping[str, Any], image: Mapping[str, Any], word: Mapping[str, Any], radius: float
) -> dict[str, Any]:
    """Attack one image.

    Args:
        kept: the victims that are loaded.
        victim: settings of whom.
        image: which; see `chosen`.
        word: the attack's.
        radius: how far, in the attack's own distance.

    Returns:
        Pictures as PNG, arrays, probabilities ``(C,)`` and their draws ``(S, C)``, measures, distances, and the cost.

    Raises:
        FeintError: whatever does not go together.
    """
    seat, started = kept.seat(victim), time.perf_counter()
    images, label = chosen(kept, seat, image)
    with kept.machine.steady():
        found, own, distance = _run(kept, seat, images, label, word, radius)
        inputs = found.inputs.detach()
        seconds = time.perf_counter() - started
        judge = _judge(seat.victim)
        before, after = _said(seat.victim, judge, images), _said(seat.victim, judge, inputs)
        rounded = _said(seat.victim, judge, (inputs * 255).round() / 255)
    goal = ThreatWord.of(word).target
    pictures, labels = before_and_after(channels_last(images[0]), channels_last(inputs[0]))
    return {
        "victim": seat.victim.name,
        "classes": list(seat.victim.classes),
        "draws": seat.victim.stochastic,
        "label": label,
        "own": own,
        "before": before,
        "after": after,
        "rounded": rounded,
        "changed": after["prediction"] != before["prediction"],
        "target": goal[0] if goal else None,
        "pictures": pictures,
        "labels": labels,
        "distance": distance,
        "distances": _distances(images, inputs),
        "accepted": float(found.accepted[0]),
        "feasible": bool(found.feasible[0]),
        "directionless": bool(found.directionless[0]),
        "gradients": int(found.gradients[0]),
        "queries": int(found.queries[0]),
        "seconds": seconds,
    }


def saved(
    kept: Warm, victim: Mapping[str, Any], image: Mapping[str, Any], word: Mapping[str, Any], radius: float
) -> bytes:
    """The same as an .npz: original, attacked, and what was said of them."""
    seat = kept.seat(victim)
    images, label = chosen(kept, seat, image)
    with kept.machine.steady():
        found, _, _ = _run(kept, seat, images, label, word, radius)
        judge = _judge(seat.victim)
        before, after = _said(seat.victim, judge, images), _said(seat.victim, judge, found.inputs.detach())
    file = io.BytesIO()
    arrays = {
        "images": channels_last(found.inputs[0])[None],
        "originals": channels_last(images[0])[None],
        "labels": np.array([before["prediction"] if label is None else label]),
        "probabilities_before": np.array(before["probabilities"]),
        "probabilities_after": np.array(after["probabilities"]),
    }
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _run(
    kept: Warm, seat: Seat, images: Tensor, label: int | None, word: Mapping[str, Any], radius: float
) -> tuple[Adversarial, int, str]:
    victim = seat.victim
    threat = _threat(kept, victim, word)
    own = predict(victim.estimator(), images, SAMPLE, batch_size=1).prediction
    labels = own if label is None else torch.tensor([label])
    if radius <= 0:
        raise SpecError(f"radius: expected one above 0, got {radius:g}")
    (found,) = attacked(threat, images, labels, SAMPLE, own, [radius], seed=0)
    return found, int(own[0]), threat.attack.distance


def _threat(kept: Warm, victim: Victim, word: Mapping[str, Any]) -> Threat:
    return ready(ThreatWord.of(word), victim, kept.machine, batch_size=1)


def _judge(victim: Victim) -> Any:
    """A stochastic victim is judged by fresh draws, which the attack has not seen."""
    return victim.estimator(1 if victim.stochastic else 0)


def _said(victim: Victim, judge: Any, images: Float[Tensor, " 1 channels height width"]) -> dict[str, Any]:
    """What the victim says of one image."""
    found: Categorical = predict(judge, images, SAMPLE, batch_size=1)
    names: Sequence[str] = victim.measures
    draws: Any = found.log_probs[:, 0].double().exp().numpy()
    mean: Any = found.mean_log_probs[0].double().exp().numpy()
    return {
        "prediction": int(found.prediction[0]),
        "probabilities": mean.tolist(),
        "draws": draws.tolist() if len(draws) > 1 else [],
        "measures": {name: float(measure(name)(found)[0]) for name in names},
    }


def _distances(images: Tensor, inputs: Tensor) -> dict[str, float]:
    """How far the attacked image is from the original, as norms and as the eye may see it."""
    change = inputs - images
    found = {"linf": float(Linf().size(change)[0]), "l2": float(L2().size(change)[0])}
    if min(images.shape[2:]) > 1:
        found["perceptual"] = float(perceptual(change.flatten(1), sensitivity(images).flatten(1))[0])
    return found
