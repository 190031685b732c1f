"""The trainings and the attacks that a table of the paper is made of."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from feint.errors import SpecError
from feint.experiments.out_domain import OOD
from feint.experiments.out_domain.settings import ATTACK, OodSettings
from feint.experiments.out_domain.work import foreign_data, names_of
from feint.experiments.training import TRAINING
from feint.experiments.training.members import weights_file
from feint.experiments.training.settings import TrainingSettings
from feint.runs.machine import Machine
from feint.runs.work import Child, Children, Work
from feint.threats.settings import ThreatWord
from feint.victims.cards import read_card
from feint.victims.data import load_data, matched
from feint.victims.settings import EstimatorWord, VictimSettings
from feint.victims.victim import SOFTMAX, load_victim, resolved

from .recipes import named, trained_as, training
from .settings import OutDomainSettings, Row

JOINT: Final = ATTACK.but(called="ten steps")
ONE_STEP: Final = ATTACK.but(goal="accept", called="one step", settings={**ATTACK.settings, "steps": 1})
PER_MEMBER: Final = ONE_STEP.but(
    members="per-member", called="one step per member", settings={**ONE_STEP.settings, "keep": "last"}
)
"""What the release does to ensembles."""
ADVERSARIAL: Final[tuple[Row, Row]] = ("adversarial-1", "adversarial-2")
ENSEMBLES: Final[tuple[Row, ...]] = ("ensemble", *ADVERSARIAL)
RELEASED_FACTOR: Final = 25.0


def prepare(settings: OutDomainSettings, machine: Machine) -> Work:
    """What a table will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    name = {"MnistSettings": "out-domain-mnist", "CifarSettings": "out-domain-cifar"}[type(settings).__name__]
    settings = settings.filled()
    test = load_data(settings.data.but(split="test", limit=settings.images), machine)
    settings = machine.settled(settings, test.shape, len(test))
    given: dict[Row, str] = {_row_of(called, settings, machine): called for called in settings.trained}
    if len(given) < len(settings.trained):
        raise SpecError(f"victim: expected one for each row, got {', '.join(settings.trained)}")
    sources = _sources(settings, given)
    drafts = {row: training(settings, row, name) for row in dict.fromkeys(sources.values()) if row not in given}
    identities = {row: dict(TRAINING.prepare(each, machine).identity) for row, each in drafts.items()}
    trainings = {row: named(each, identities[row]) for row, each in drafts.items()}
    attacks: dict[Row, OodSettings] = {}
    for row in settings.rows:
        source = sources[row]
        victim = _victim(row, source, given.get(source), trainings.get(source), machine)
        attacks[row] = _attacks(settings, row, victim)
    runs = {f"attack-{row}": Child(OOD, asked) for row, asked in attacks.items()}
    known = {
        row: load_victim(found, matched(test, [found]), machine, seed=settings.seed).identity()
        for row, called in given.items()
        for found in [_read(called, machine)]
    }
    foreign = [foreign_data(each, settings.without, machine) for each in attacks[settings.rows[0]].filled]
    names = names_of([test.name, *(dataset.name for dataset in foreign)])
    stages = [Children("attacks", runs)]
    if trainings:
        stages = [
            Children("trainings", {f"train-{row}": Child(TRAINING, each) for row, each in trainings.items()}),
            *stages,
        ]
    return Work(
        settings=settings,
        identity={
            "images": [test.fingerprint(), *(dataset.fingerprint() for dataset in foreign)],
            "trainings": identities,
            "weights": known,
        },
        about={
            "data": names[0],
            "foreign": names[1:],
            "rows": [
                _about(row, sources[row], trainings.get(sources[row]), given, settings, machine)
                for row in settings.rows
            ],
        },
        stages=stages,
    )


def _read(name: str, machine: Machine) -> VictimSettings:
    """A trained victim, by its name."""
    return resolved(VictimSettings(card=name), machine)


def _row_of(name: str, settings: OutDomainSettings, machine: Machine) -> Row:
    """Which row a trained victim is, by its card.

    Raises:
        SpecError: none of the table's.
    """
    card = read_card(machine.victims, name, classifiers=True)
    estimator = (_read(name, machine).estimator or SOFTMAX).name
    if estimator in ("duq", "due", "sngp"):
        found: Any = estimator
        return found
    if estimator != "softmax":
        raise SpecError(f"victim: expected softmax, duq, due or sngp, got {name}, which is {estimator}")
    members, word = len(card["members"]), card.get("adversarial")
    if word is None:
        return "ensemble" if members > 1 else "single"
    (radius,) = ThreatWord.of(word).radii or (0.0,)
    for row, far in zip(ADVERSARIAL, settings.adversarial_radii, strict=True):
        if math.isclose(radius, far, rel_tol=1e-6):
            return row
    expected = " or ".join(f"{far:g}" for far in settings.adversarial_radii)
    raise SpecError(f"victim: expected one trained at {expected}, got {name}, at {radius:g}")


def _sources(settings: OutDomainSettings, given: Mapping[Row, str]) -> dict[Row, Row]:
    """By row, whose weights it takes: its own where that victim is there, else those that it is trained as."""
    return {row: row if row in given else trained_as(row) for row in settings.rows}


def _victim(
    row: Row, source: Row, given: str | None, trained: TrainingSettings | None, machine: Machine
) -> VictimSettings:
    """A row's victim, which need not be there yet."""
    told: dict[str, Any] = {"name": title(row)}
    if row in ENSEMBLES:
        told["average"] = "logit"
    if row == "sngp-25":
        told["estimator"] = {"mean_field": RELEASED_FACTOR}
    if row == "single" and source == "ensemble":
        return VictimSettings.parse({**told, "networks": (_first_member(given, trained, machine),)})
    if given is not None:
        return VictimSettings.parse({"card": given, **told})
    assert trained is not None
    return VictimSettings.parse({"card": trained.name, **told})


def _first_member(given: str | None, trained: TrainingSettings | None, machine: Machine) -> Any:
    """The first network of an ensemble, which is or will be there."""
    if given is not None:
        return _read(given, machine).networks[0]
    assert trained is not None
    place: Path = machine.victims / trained.name / weights_file(0)
    return trained.network.but(weights=str(place))


def title(row: Row) -> str:
    """What a row is called."""
    return {"adversarial-1": "adversarial 1", "adversarial-2": "adversarial 2", "sngp-25": "SNGP, factor 25"}.get(
        row, row if row in ("single", "ensemble") else row.upper()
    )


def _attacks(settings: OutDomainSettings, row: Row, victim: VictimSettings) -> OodSettings:
    words = (JOINT, ONE_STEP, *((PER_MEMBER,) if row in ENSEMBLES else ()))
    source = settings.data.model_dump(exclude_unset=True)
    return OodSettings.parse(
        {
            "data": {**source, "split": "test", "limit": settings.images},
            "foreign": settings.foreign,
            "without": settings.without,
            "victims": (victim,),
            "attacks": words,
            "radii": settings.radii,
            **{name: getattr(settings, name) for name in ("seed", "batch_size", "threads", "device")},
        }
    )


def _about(
    row: Row,
    source: Row,
    trained: TrainingSettings | None,
    given: Mapping[Row, str],
    settings: OutDomainSettings,
    machine: Machine,
) -> dict[str, Any]:
    """What readers need of a row: who it is, how it was trained, and its accuracy where a card has it already."""
    found: dict[str, Any] = {"row": row, "title": title(row), "trained": f"train-{source}" if trained else None}
    if row.startswith("adversarial"):
        found["title"] = f"adversarially trained, {settings.adversarial_radii[int(row[-1]) - 1]:g}"
    if trained is not None:
        members, epochs, accuracy = trained.members, trained.recipe.epochs, None
    else:
        card = read_card(machine.victims, given[source], classifiers=True)
        members, epochs, accuracy = len(card["members"]), card.get("recipe", {}).get("epochs"), card.get("accuracy")
    if row == "single" and source == "ensemble":
        members, accuracy = 1, None
    factor = None
    if row == "sngp":
        word = EstimatorWord(name="sngp") if trained else _read(given[source], machine).estimator
        factor = float((word.settings if word else {}).get("mean_field", math.pi / 8))
    factor = RELEASED_FACTOR if row == "sngp-25" else factor
    return {**found, "members": members, "epochs": epochs, "card_accuracy": accuracy, "mean_field": factor}
