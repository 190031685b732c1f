"""Training a victim: members are pieces, the checkpoint is scratch, epochs are the table, the card is delivered."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import pyarrow as pa
import torch
from safetensors.torch import save
from torch import nn
from torch.nn.parameter import is_lazy

from feint import catalog, networks, training
from feint.data import Dataset
from feint.errors import SpecError
from feint.estimators import predict
from feint.runs.folder.delivery import Delivery
from feint.runs.machine import Machine, default_batch_size
from feint.runs.programs import is_program, remember
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work
from feint.training import Recipe
from feint.victims.cards import CARD, network_on_card
from feint.victims.loading.fitting import fitted_to, load_fitting
from feint.victims.loading.networks import new_network
from feint.victims.settings import NetworkWord, VictimSettings
from feint.victims.victim import Victim, completed_estimator
from feint.victims.whole import is_whole, whole

from . import hardening
from .kept import EPOCHS, arrays_of, epochs_table, identity, joined, provenance, recipe_of
from .settings import TrainingSettings

TRIED = 16
"""Batches that a plan trains on."""
PREDICTIONS = pa.schema([pa.field(name, pa.int64()) for name in ("sample", "label", "prediction")])


def classifiers(settings: TrainingSettings, data: Dataset, test: Dataset, machine: Machine) -> Work:
    """What the training of a victim will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    if settings.network.name.endswith(".pt2"):
        raise SpecError(f"network: expected one that can be trained, got the exported program {settings.network.name}")
    test = test.matched(data.classes)  # a split that lacks a class numbers the others as the training images do
    network = _with_classes(settings.network, data)
    estimator = fitted_to(completed_estimator(settings.estimator), settings.data)
    fitting = load_fitting(estimator, test, machine)
    adversarial = settings.adversarial and hardening.settled(settings.adversarial, seed=settings.seed)
    settings = settings.but(network=network, estimator=estimator, adversarial=adversarial)
    test = test.matched(data.classes)
    first = new_member(settings, data, 0)
    arrays_of(first)  # what cannot be saved is said before the first epoch
    if not is_whole(estimator):
        count = networks.check(first, data.shape)
        if count < len(data.classes):
            raise SpecError(f"network: expected {len(data.classes)} classes or more, as the images have, got {count}")
    members = Members(settings, recipe_of(settings.recipe), data, test, machine)
    return Work(
        settings=settings,
        identity={
            **identity(data, test, first),
            **({} if fitting is None else {"fitted to": fitting.fingerprint()}),
        },
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
        if any(is_lazy(value) for value in (*network.parameters(), *network.buffers())):
            networks.check(network, data.shape)  # its weights take their shapes from the first images that it sees
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
            Stage(
                "members", pieces, self._member, {"epochs": EPOCHS}, ["weights"], unit="members", trial=self._in_short
            ),
            Stage.single("test", self._test, tables={"predictions": PREDICTIONS}),
        ]

    def _member(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        (index,) = piece.at
        seed, word = self.settings.seed + index, self.settings.adversarial
        member = new_member(self.settings, self.data, index)
        both, perturb = self.settings.adversarial_loss, None
        trained: nn.Module = member
        if word is not None and both != "attacked":
            trained = training.AdversarialClassifier(member, radius=hardening.radius_of(word), combine=both)
        elif word is not None:
            perturb = hardening.adversary(word, member, seed=seed)
        history = training.fit(
            trained,
            self.data,
            recipe=self.recipe,
            seed=seed,
            device=self.machine.device,
            perturb=perturb,
            checkpoint=scratch / "checkpoint",
            progress=self.machine.progress,
        )
        seconds = history.seconds / len(history.epochs)
        return Found(
            {"epochs": epochs_table(history, index)},
            {"weights": arrays_of(member)},
            skipped=self.data.skipped,
            notes={"seconds": seconds},
        )

    def _in_short(self, piece: Piece, earlier: Run, scratch: Path) -> tuple[Found, float]:
        """A member after one short epoch, and how many times that its training would be: without an early stop."""
        count = min(len(self.data), TRIED * self.recipe.batch_size)
        short = replace(self, data=self.data.take(0, count), recipe=replace(self.recipe, epochs=1, patience=None))
        return short._member(piece, earlier, scratch), self.recipe.epochs * len(self.data) / count

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
        fitting = load_fitting(settings.estimator, self.test, self.machine)
        return Victim(told, lambda: members, classes, settings.seed, self.data.shape, device, fitting=fitting)

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
        return Found({"predictions": joined(columns, PREDICTIONS)}, skipped=self.test.skipped)

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
            "network": network_on_card(settings.network, place),
            "members": files,
            "victim": {"estimator": settings.estimator.plain(), "average": settings.average},
            "classes": list(self.data.classes),
            "shape": list(self.data.shape),
            **quality(run),
            **provenance(settings, self.data, self.test, self.recipe),
            "adversarial": None if settings.adversarial is None else settings.adversarial.plain(),
            "adversarial_loss": settings.adversarial_loss,
            "run": run.id,
            "versions": dict(run.versions),
        }
        delivery.write_json(place / CARD, card)
        if is_program(settings.network.name):
            remember(settings.network.name)


def quality(run: Run) -> dict[str, Any]:
    """The share of right predictions on the test images."""
    table = run.table("predictions")
    return {"accuracy": float((table.column("prediction") == table.column("label")).mean())}
