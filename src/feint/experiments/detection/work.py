"""A detection run's work: who faces whom, and what it takes."""

from feint.data import Dataset
from feint.errors import SpecError
from feint.runs.machine import Machine
from feint.runs.work import Work
from feint.threats.ready import on_confidence, ready
from feint.threats.settings import ThreatWord
from feint.threats.things import code_of, completed
from feint.victims.data import load_data, matched
from feint.victims.doubts import check_alone, doubts_of
from feint.victims.settings import AS_ON_CARD, EstimatorWord, VictimSettings
from feint.victims.victim import SOFTMAX, Victim, load_victim, outputs_of, resolved
from feint.victims.walk import Walk

from .noise import RELEASED_BOUNDS
from .part import Detection, Faced
from .records import GREY, Noise
from .settings import DetectSettings

MC = "mc-dropout"
PASSES = 20
"""Draws of the MC dropout that `compare` builds: the paper's."""


def prepare(settings: DetectSettings, machine: Machine) -> Work:
    """What a detection run will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    dataset = load_data(settings.data, machine)
    if settings.compare:
        four = compared(settings.victims[0], machine)
    else:
        four = tuple(resolved(each, machine) for each in settings.victims)
    words = tuple(complete(word, settings) for word in settings.attacks)
    settings = settings.but(victims=four, compare=False, attacks=words)
    dataset = matched(dataset, settings.victims)
    settings = machine.settled(settings, dataset.shape, len(dataset))
    size = settings.size
    noise: Noise = GREY if settings.protocol == "as-released" else "noise"
    check_colour(noise, dataset)
    victims = [load_victim(each, dataset, machine, seed=settings.seed) for each in settings.victims]
    for victim in victims:
        check_alone(victim)
    settings = settings.but(repeats=judged(settings.repeats, victims))
    faced = [
        Faced(victim, [ready(word, victim, machine, batch_size=size) for word in settings.attacks])
        for victim in victims
    ]
    walk = Walk(dataset, size, len(victims))
    work = Detection(faced, walk, (noise,), settings.repeats or 0, settings.seed, size, settings.device)
    return Work(
        settings=settings,
        identity={
            "images": dataset.fingerprint(),
            "weights": [victim.identity() for victim in victims],
            "code": [code_of(word) for word in settings.attacks],
            **({"bounds": RELEASED_BOUNDS} if noise == GREY else {}),
        },
        about={
            "data": dataset.name,
            "images": len(dataset),
            "shape": list(dataset.shape),
            "classes": list(victims[0].classes),
            "noise": noise,
            "warnings": doubts_of(victims, dataset),
            "victims": [about(each) for each in faced],
        },
        stages=[work.stage],
    )


def complete(word: ThreatWord, settings: DetectSettings) -> ThreatWord:
    """An attack with all its settings, its radii, and what it is about."""
    goal = word.goal or ("disrupt" if on_confidence(word) else "labels")
    return completed(word, seed=settings.seed).but(radii=word.radii or settings.radii, goal=goal)


def compared(victim: VictimSettings, machine: Machine) -> tuple[VictimSettings, ...]:
    """The paper's four from one victim of dropout networks.

    Deterministic, MC dropout with the same weights, and both of all its members, where it has several.

    Raises:
        SpecError: no networks.
    """
    # The draws are the comparison's own, whatever the victim is otherwise.
    said = victim.estimator.settings if victim.estimator and victim.estimator.name in (MC, AS_ON_CARD) else {}
    base = resolved(victim, machine)
    if not base.networks:
        raise SpecError("compare: expected a victim with networks of its own (--victim or --network), got none")
    known = base.estimator or SOFTMAX
    own = known.settings if known.name == MC else {}
    outputs = outputs_of(known)
    softmax = known if known.name == SOFTMAX.name else SOFTMAX.but(settings=outputs)
    mc = EstimatorWord(name=MC, settings={**outputs, **own, "draws": said.get("draws", PASSES)})
    one = {"networks": base.networks[:1], "average": None}
    found = [
        base.but(**one, estimator=softmax, name="deterministic"),
        base.but(**one, estimator=mc, name="MC dropout"),
    ]
    if len(base.networks) > 1:
        found += [
            base.but(estimator=softmax, name="ensemble"),
            base.but(estimator=mc, name="ensemble of MC dropout"),
        ]
    return tuple(resolved(each, machine) for each in found)


def judged(repeats: int | None, victims: list[Victim]) -> int:
    """How many fresh draws judge: none where no victim draws.

    Raises:
        SpecError: repeats where no victim draws, or none where one does.
    """
    if not any(victim.stochastic for victim in victims):
        if repeats:
            names = ", ".join(victim.name for victim in victims)
            raise SpecError(f"repeats: expected a victim that draws, got {names}, which predicts without")
        return 0
    if repeats == 0:
        raise SpecError("repeats: expected at least 1, for a victim that draws is judged by fresh draws; got 0")
    return 1 if repeats is None else repeats


def check_colour(noise: Noise, dataset: Dataset) -> None:
    """Raise a SpecError for noise that the images cannot have."""
    if noise == GREY and dataset.shape[0] != 3:
        raise SpecError(f"protocol: as-released expects images in colour, got {dataset.shape[0]} channel")


def about(faced: Faced) -> dict[str, object]:
    """What readers need of a victim and its attackers."""
    attacks = [
        {"name": threat.word.title, "word": str(threat.word), "evades": threat.word.evade} for threat in faced.threats
    ]
    victim = faced.victim
    return {
        "name": victim.name,
        "classes": len(victim.classes),
        "stochastic": victim.stochastic,
        "measures": list(victim.measures),
        "attacks": attacks,
    }
