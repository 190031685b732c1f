"""How each row's victim is trained."""

from collections.abc import Mapping
from typing import Any, Final

from feint.experiments.training.settings import RecipeSettings, TrainingSettings
from feint.runs.folder import files
from feint.threats.settings import ThreatWord
from feint.victims.settings import DataSettings, EstimatorWord

from .settings import OutDomainSettings, Row

OURS: Final[Mapping[str, Mapping[str, Any]]] = {
    "softmax": {"optimizer": "sgd", "learning_rate": 0.1},
    "duq": {"optimizer": "sgd", "learning_rate": 0.5},
    "due": {"optimizer": "sgd", "learning_rate": 0.05},
    "sngp": {"optimizer": "adam", "learning_rate": 0.003},
}
"""By estimator, one cycle each in batches of 128."""
QUICK: Final[Mapping[str, Mapping[str, Any]]] = {"duq": {"learning_rate": 0.15}, "due": {"learning_rate": 0.1}}
"""What is other where there are few steps: a rate that rises to 0.5 in a hundred of them leaves DUQ at chance."""
PAPER: Final[Mapping[str, Any]] = {
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "weight_decay": 1e-4,
    "training_batch": 256,
    "schedule": "steps",
}
QUICK_TEST: Final = 2000
"""Test images that a victim's accuracy is measured on where it is to be quick."""
TRAINED_AS: Final[Mapping[Row, Row]] = {"single": "ensemble", "sngp-25": "sngp"}
"""Rows whose weights are those of another: the first member of the ensemble, the same SNGP."""


def trained_as(row: Row) -> Row:
    """The row whose training a row's weights are from."""
    return TRAINED_AS[row] if row in TRAINED_AS else row  # noqa: SIM401  (get would make it any text)


def estimator_of(row: Row) -> EstimatorWord:
    """The estimator that a row's victim is trained as."""
    return EstimatorWord(name=row if row in ("duq", "due", "sngp") else "softmax")


def training(settings: OutDomainSettings, row: Row, experiment: str) -> TrainingSettings:
    """The training of a row's victim, under a name that is not its last: see ``named``.

    Args:
        settings: of the table, filled.
        row: which; one that is trained for itself.
        experiment: of which table.
    """
    word = estimator_of(row)
    own = PAPER if settings.recipe == "paper" else {**OURS[word.name], "schedule": "one-cycle"}
    own = {**own, **(QUICK.get(word.name, {}) if settings.quick else {})}
    if word.name == "duq" and settings.network is not None and settings.network.name.startswith("cifar-resnet"):
        word = word.but(settings={"length": 512})
    source = settings.data.model_dump(exclude_unset=True)
    values: dict[str, Any] = {
        "name": f"{experiment}-{row}-draft",
        "data": DataSettings.parse({**source, "split": "train", "limit": settings.training_images}),
        "test": DataSettings.parse({**source, "split": "test", "limit": QUICK_TEST if settings.quick else None}),
        "network": settings.network,
        "members": settings.members if word.name == "softmax" else 1,
        "estimator": word,
        "average": "logit",
        "recipe": RecipeSettings.parse({**own, "epochs": settings.epochs, "channels_last": True}),
        **{name: getattr(settings, name) for name in ("seed", "threads", "device")},
    }
    if row.startswith("adversarial"):
        far = settings.adversarial_radii[int(row[-1]) - 1]
        values |= {"adversarial": ThreatWord(name="fgsm", radii=(far,)), "adversarial_loss": "mean"}
    return TrainingSettings.parse(values)


def named(found: TrainingSettings, identity: Mapping[str, Any]) -> TrainingSettings:
    """The same under a name that goes by everything that the victim is made from: other images are another victim.

    Args:
        found: the training, as ``training`` has it.
        identity: what determines the weights beside its settings.
    """
    said = files.canonical({"settings": found.plain(), "identity": dict(identity)})
    return found.but(name=f"{found.name.removesuffix('draft')}{files.digest(said.encode())[:8]}")
