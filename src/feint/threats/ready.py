"""From an attack's word to a threat to a victim: the one place that decides what it is about."""

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import Adversarial
from feint.errors import SpecError
from feint.runs.machine import Machine
from feint.victims.victim import Victim

from .confidence import ConfidenceThreat
from .familiarity import FamiliarityThreat
from .labels import LabelThreat
from .settings import FAMILIARITY, Knowledge, ThreatWord
from .things import class_of

Threat = LabelThreat | ConfidenceThreat | FamiliarityThreat


def on_confidence(word: ThreatWord) -> bool:
    """Whether an attack is about confidence: as its goal says, or without one as the attack is at home there."""
    if word.goal is not None:
        return word.goal != "labels"
    return str(getattr(class_of(word), "__module__", "")).startswith("feint.attacks.confidence.")


def ready(word: ThreatWord, victim: Victim, machine: Machine, *, batch_size: int) -> Threat:
    """An attack on a victim, ready to run: a white box that sees one part of the data at a time.

    Args:
        word: how to attack.
        victim: whom.
        machine: where networks run.
        batch_size: inputs per call.

    Raises:
        SpecError: settings that do not go together, or a goal that needs all data at once.
    """
    if word.goal in FAMILIARITY:
        if word.members != "joint":
            raise SpecError(f"{word.name}.members: expected joint, for there is one input; got {word.members}")
        return FamiliarityThreat.of(word, victim, batch_size)
    if not on_confidence(word):
        return LabelThreat.of(word.but(goal="labels"), victim, batch_size)
    if word.goal == "reverse":
        raise SpecError(f"{word.name}.goal: expected one that looks at an input by itself, got reverse")
    ranks = victim.default_measure
    return ConfidenceThreat.of(word, Knowledge(), victim, machine, ranks=ranks, batch_size=batch_size)


def attacked(
    threat: Threat,
    images: Float[Tensor, " N channels height width"],
    labels: Int[Tensor, " N"],
    samples: Int[Tensor, " N"],
    own: Int[Tensor, " N"],
    radii: Sequence[float],
    *,
    seed: int,
) -> list[Adversarial]:
    """Attack one part of the data at all radii.

    Args:
        threat: how, and whom.
        images: the originals.
        labels: the true classes, which attacks on confidence look at.
        samples: sample indices.
        own: the victim's own predictions.
        radii: in the attack's own distance.
        seed: of goals that draw.
    """
    if isinstance(threat, LabelThreat):
        return threat.run(images, samples, own, radii)
    if isinstance(threat, FamiliarityThreat):
        return threat.run(images, samples, radii)
    return threat.run(images, labels, samples, own, radii, seed=seed)
