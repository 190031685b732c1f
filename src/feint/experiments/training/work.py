"""A training's work: members are pieces, the checkpoint is scratch, epochs are the table, the card is delivered."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, final

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save
from torch import nn

from feint import catalog, networks, training
from feint.data import Dataset
from feint.errors import SpecError
from feint.estimators import predict
from feint.runs.delivery import Delivery
from feint.runs.ledger import run_id
from feint.runs.machine import Machine, default_batch_size
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work
from feint.training import History, Recipe
from feint.victims.cards import CARD, read_card
from feint.victims.data import load_data
from feint.victims.networks import new_network
from feint.victims.settings import DataSettings, NetworkWord, VictimSettings
from feint.victims.victim import Victim, completed_estimator
from feint.victims.whole import is_whole, whole

from . import hardening
from .autoencoder import Autoencoders
from .settings import RecipeSettings, TrainingSettings

EPOCHS = pa.schema(
    [
        pa.field("member", pa.int32()),
        pa.field("epoch", pa.int32()),
        pa.field("training_loss", pa.float64()),
        pa.field("validation_loss", pa.float64()),
        pa.field("validation_accuracy", pa.float64()),
        pa.field("best", pa.bool_()),
    ]
)
PREDICTIONS = pa.schema([pa.field(name, pa.int64()) for name in ("sample", "label", "prediction")])


def prepare(settings: TrainingSettings, machine: Machine) -> Work:
    """What a training will do.

    Raises:
        FeintError: whatever does not load or does not go together; a name that is taken.
    """
    data, test = load_apart(settings.data, settings.tested, machine)
    settings = machine.settled(settings, data.shape, len(test))
    if settings.network.name in catalog.AUTOENCODERS:
        work = Autoencoders(settings, data, test, machine).work()
    else:
        work = _classifiers(settings, data, test, machine)
    place = machine.victims / settings.name
    run = run_id("train", work.settings.plain(), work.identity)
    if (place / CARD).exists() and not machine.fresh and read_card(machine.victims, settings.name).get("run") != run:
        there = f"which is in {machine.victims} already (--fresh replaces it)"
        raise SpecError(f"name: expected a new one, got {settings.name!r}, {there}")
    return work


def load_apart(trained: DataSettings, tested: DataSettings, machine: Machine) -> tuple[Dataset, Dataset]:
    """The images to train on and those to test on, which must be others, whatever their settings say.

    Raises:
        DataError: they cannot be read.
        SpecError: images are in both.
    """
    data, test = load_data(trained, machine), load_data(tested, machine)
    if data.overlaps(test):
        raise SpecError(
            f"test-data: expected other images than those trained on, got some of {trained.source} for both:"
            " name a --test-data, or a --test-split that it has"
        )
    return data, test


def recipe_of(settings: RecipeSettings, **defaults: Any) -> Recipe:
    """The recipe that settings come to."""
    values = settings.model_dump(exclude_none=True)
    size = values.pop("training_batch")
    return Recipe(**{**defaults, **values, "batch_size": size})


def identity(data: Dataset, test: Dataset, network: nn.Module) -> dict[str, Any]:
    """What determines weights beside the settings: both sets, and the network that training begins with."""
    return {
        "images": [data.fingerprint(), test.fingerprint()],
        "begins as": networks.fingerprint(network) + networks.behaviour(network, data.shape, "cpu"),
    }


def _classifiers(settings: TrainingSettings, data: Dataset, test: Dataset, machine: Machine) -> Work:
    network = _with_classes(settings.network, data)
    estimator = completed_estimator(settings.estimator)
    adversarial = settings.adversarial and hardening.settled(settings.adversarial, seed=settings.seed)
    settings = settings.but(network=network, estimator=estimator, adversarial=adversarial)
    first = new_member(settings, data, 0)
    arrays_of(first)  # what cannot be saved is said before the first epoch
    if not is_whole(estimator):
        count = networks.check(first, data.shape)
        if count < len(data.classes):
            raise SpecError(f"network: expected {len(data.classes)} classes or more, as the images have, got {count}")
    members = Members(settings, recipe_of(settings.recipe), data, test, machine)
    return Work(
        settings=settings,
        identity=identity(data, test, first),
        about={
            "kind": "classifier",
            "data": data.name,
            "classes": list(data.classes),
            "shape": list(data.shape),
            "images": len(data),
            "test": test.name,
            "test_images": len(test),
        },
        stages=members.stages,
        deliver=members.deliver,
        places=[machine.victims / settings.name],
    )


def new_member(settings: TrainingSettings, data: Dataset, index: int) -> nn.Module:
    """What is trained as the so-manyth member, with the weights that its seed gives."""
    with training.seeded(settings.seed + index):
        network = new_network(settings.network)
        if is_whole(settings.estimator):
            return whole(settings.estimator, network, len(data.classes), data.shape)
    return network


def _with_classes(network: NetworkWord, data: Dataset) -> NetworkWord:
    """A built-in architecture gets as many classes as the data have, unless told otherwise."""
    if network.weights is not None:
        raise SpecError(f"network: expected one without weights, which training makes, got {network.weights}")
    if network.name not in catalog.ARCHITECTURES or "classes" in network.settings:
        return network
    return network.but(settings={"classes": len(data.classes), **network.settings})


def weights_file(index: int) -> str:
    """The name of a member's weights, beside the card."""
    return f"member-{index}.safetensors"


def arrays_of(module: nn.Module) -> dict[str, Array]:
    """All weights and buffers of a module, by name.

    Raises:
        SpecError: something in its state that is no tensor.
    """
    found: dict[str, Array] = {}
    for name, value in module.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise SpecError(f"network: expected weights and buffers alone to save, got {name} ({type(value).__name__})")
        found[name] = value.detach().cpu().contiguous().numpy()
    return found


def epochs_table(history: History, member: int) -> pa.Table:
    """What happened, epoch by epoch; seconds are none of it, for they are not the same twice."""
    rows = [
        {
            "member": member,
            "epoch": epoch.number,
            "training_loss": epoch.training_loss,
            "validation_loss": epoch.validation_loss,
            "validation_accuracy": epoch.validation_accuracy,
            "best": epoch.number == history.best_epoch,
        }
        for epoch in history.epochs
    ]
    return pa.Table.from_pylist(rows, schema=EPOCHS)


def joined(columns: Mapping[str, list[Array]], schema: pa.Schema) -> pa.Table:
    """Columns that came batch by batch, as a table."""
    names = cast(list[str], schema.names)
    arrays: list[Any] = [pa.array(np.concatenate(columns[name])) for name in names]
    return pa.Table.from_arrays(arrays, schema=schema)


@final
@dataclass(frozen=True, eq=False)
class Members:
    """How the networks of a victim are trained, and what they come to.

    Attributes:
        settings: resolved.
        recipe: how each is trained.
        data: the images to train on.
        test: those to test on.
        machine: where all that happens.
    """

    settings: TrainingSettings
    recipe: Recipe
    data: Dataset
    test: Dataset
    machine: Machine

    @property
    def stages(self) -> list[Stage]:
        """The members, one by one, and the test of all together."""
        pieces = [Piece(f"{index:02d}", at=(index,)) for index in range(self.settings.members)]
        return [
            Stage("members", pieces, self._member, {"epochs": EPOCHS}, ["weights"], unit="members"),
            Stage.single("test", self._test, tables={"predictions": PREDICTIONS}),
        ]

    def _member(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        (index,) = piece.at
        seed, word = self.settings.seed + index, self.settings.adversarial
        member = new_member(self.settings, self.data, index)
        history = training.fit(
            member,
            self.data,
            recipe=self.recipe,
            seed=seed,
            device=self.machine.device,
            perturb=None if word is None else hardening.adversary(word, member, seed=seed),
            checkpoint=scratch / "checkpoint",
            progress=self.machine.progress,
        )
        seconds = history.seconds / len(history.epochs)
        return Found(
            {"epochs": epochs_table(history, index)}, {"weights": arrays_of(member)}, notes={"seconds": seconds}
        )

    def victim(self, run: Run) -> Victim:
        """The victim that the members of a run are."""
        settings, members = self.settings, list[nn.Module]()
        for index, piece in enumerate(run.pieces("weights")):
            member = new_member(settings, self.data, index)
            member.load_state_dict(
                {name: torch.as_tensor(value) for name, value in run.arrays("weights", piece).items()}
            )
            members.append(member.to(torch.device(self.machine.device)).eval())
        words = tuple(settings.network.but(weights=weights_file(index)) for index in range(len(members)))
        told = VictimSettings(
            name=settings.name, networks=words, estimator=settings.estimator, average=settings.average
        )
        classes, device = tuple(self.data.classes), self.machine.device
        return Victim(told, lambda: members, classes, settings.seed, self.data.shape, device)

    def _test(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """What the victim says of the test images, as it predicts: with its draws and all its members."""
        size = default_batch_size(self.data.shape, self.machine.device)
        estimator = self.victim(earlier).estimator()
        columns: dict[str, list[Array]] = {name: [] for name in PREDICTIONS.names}
        for batch in self.test.batches(size):
            images, _, samples = (tensor.to(self.machine.device) for tensor in batch)
            predicted = predict(estimator, images, samples, batch_size=size).prediction.cpu().numpy()
            for name, values in zip(columns, (batch.samples.numpy(), batch.targets.numpy(), predicted), strict=True):
                columns[name].append(values)
        return Found({"predictions": joined(columns, PREDICTIONS)})

    def deliver(self, run: Run, delivery: Delivery) -> None:
        """Write the victim's folder: its weights, and last the card that makes it a victim."""
        settings, place = self.settings, self.machine.victims.absolute() / self.settings.name
        (place / CARD).unlink(missing_ok=True)
        files = [weights_file(index) for index in range(settings.members)]
        for file, piece in zip(files, run.pieces("weights"), strict=True):
            state = {name: torch.as_tensor(value) for name, value in run.arrays("weights", piece).items()}
            delivery.write_bytes(place / file, save(state))
        card = {
            "name": settings.name,
            "network": settings.network.plain(),
            "members": files,
            "victim": {"estimator": settings.estimator.plain(), "average": settings.average},
            "classes": list(self.data.classes),
            "shape": list(self.data.shape),
            **quality(run),
            **provenance(settings, self.data, self.test, self.recipe),
            "adversarial": None if settings.adversarial is None else settings.adversarial.plain(),
            "run": run.id,
            "versions": dict(run.versions),
        }
        delivery.write_json(place / CARD, card)


def quality(run: Run) -> dict[str, Any]:
    """The share of right predictions on the test images."""
    table = run.table("predictions")
    return {"accuracy": float((table.column("prediction") == table.column("label")).mean())}


def provenance(settings: TrainingSettings, data: Dataset, test: Dataset, recipe: Recipe) -> Mapping[str, Any]:
    """What a card says of where its weights come from."""
    return {
        "measured_on": {**settings.tested.plain(), "images": len(test)},
        "trained_on": {**settings.data.plain(), "images": len(data)},
        "recipe": asdict(recipe),
        "seed": settings.seed,
        "threads": settings.threads,
    }
