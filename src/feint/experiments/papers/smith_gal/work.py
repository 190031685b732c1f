"""The work of Smith & Gal's table: features, a head on top of them, and the attacks on both its victims."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import final

import torch
from torch import nn

from feint import networks, training
from feint.data import Dataset
from feint.errors import SpecError
from feint.experiments.detection.noise import RELEASED_BOUNDS
from feint.experiments.detection.part import Detection, Faced
from feint.experiments.detection.records import GREY, SCHEMA
from feint.experiments.detection.work import check_colour
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Found, Piece, Stage, Work
from feint.threats.ready import ready
from feint.threats.settings import ThreatWord
from feint.victims.data import load_data
from feint.victims.loading.networks import load_network
from feint.victims.settings import EstimatorWord, VictimSettings
from feint.victims.victim import Victim
from feint.victims.walk import Walk

from .features import Features, Thinned, features_of, rows
from .paper import DETERMINISTIC, GREY_LEVEL, MC, NOISE, RADII, STEPS
from .settings import SmithGalSettings

RECIPE = training.Recipe(epochs=60, batch_size=64, learning_rate=1e-3, weight_decay=1e-4)


def prepare(settings: SmithGalSettings, machine: Machine) -> Work:
    """What the experiment will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    train, test = (load_data(settings.data.but(split=split), machine) for split in ("train", "test"))
    if train.fingerprint() == test.fingerprint():
        raise SpecError(f"data: expected a source with a train and a test split, got {settings.data.source}")
    check_colour(GREY, test)
    attacked = test
    if settings.images is not None and settings.images < len(test):
        attacked = Dataset(test.name, Thinned(test, settings.images))
    settings = machine.settled(settings, attacked.shape, len(attacked))
    features = load_network(settings.features, machine).to(torch.device(machine.device)).eval()
    features.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    with torch.inference_mode():
        rows(features, torch.full((2, *train.shape), 0.5, device=machine.device))
    work = SmithGal(settings, features, train, test, attacked, machine)
    return Work(
        settings=settings,
        identity={
            "images": [train.fingerprint(), attacked.fingerprint()],
            "bounds": RELEASED_BOUNDS,
            "recipe": asdict(RECIPE),
            "weights": networks.fingerprint(features) + networks.behaviour(features, train.shape, machine.device),
        },
        about={
            "data": settings.data.source,
            "images": len(attacked),
            "accuracy_images": len(test),
            "shape": list(train.shape),
            "classes": list(train.classes),
            "victims": [DETERMINISTIC, MC],
        },
        stages=work.stages,
    )


def threats() -> list[ThreatWord]:
    """FGSM, BIM and MIM at both radii: by attack, then by radius, as figures show them."""
    found: list[ThreatWord] = []
    for name in ("bim", "fgsm", "mim"):
        for radius, step in RADII.items():
            own = {} if name == "fgsm" else {"steps": STEPS, "step": step / GREY_LEVEL}
            found.append(ThreatWord(name=name, radii=(radius / GREY_LEVEL,), settings=own))
    return found


@final
@dataclass(frozen=True, eq=False)
class SmithGal:
    """How each piece is computed.

    Attributes:
        settings: resolved.
        features: the pretrained network, which stays as it is.
        train: the images that the head is trained on.
        test: those that it is tested on.
        attacked: those of them that are attacked.
        machine: where all that happens.
    """

    settings: SmithGalSettings
    features: nn.Module
    train: Dataset
    test: Dataset
    attacked: Dataset
    machine: Machine

    @property
    def size(self) -> int:
        """Inputs per call."""
        assert self.settings.batch_size is not None
        return self.settings.batch_size

    @property
    def stages(self) -> Sequence[Stage]:
        """The features of both splits, the head, and the records of both victims."""
        walk = Walk(self.attacked, self.size, 2)
        return [
            Stage("features", self._pieces, self._features, arrays=["features"]),
            Stage.single("head", self._head, arrays=["head"]),
            Stage("detection", walk.pieces, self._detect, {"records": SCHEMA}, cut=walk.cut),
        ]

    @cached_property
    def _walks(self) -> tuple[Walk, Walk]:
        return Walk(self.train, self.size), Walk(self.test, self.size)

    @property
    def _pieces(self) -> list[Piece]:
        """Part after part of either split, which stands first in ``at``."""
        return [
            Piece(f"{split}-{piece.name}", piece.size, (which, *piece.at[1:]))
            for which, split in enumerate(("train", "test"))
            for piece in self._walks[which].pieces
        ]

    def _features(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        batch, skipped = self._walks[piece.at[0]].read(piece)
        values = features_of(self.features, batch, self.size, self.machine.device)
        arrays = {"values": values.numpy(), "labels": batch.targets.numpy()}
        return Found(arrays={"features": arrays}, skipped=skipped)

    def _head(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """Dropout and a linear layer, trained on features; and which test images they get right."""
        cached, seed = Features.of(earlier, "train"), self.settings.seed
        with training.seeded(seed):
            linear = nn.Linear(cached.shape[0], len(self.train.classes))
        head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), linear)
        training.fit(head, cached, recipe=RECIPE, seed=seed, checkpoint=scratch / "checkpoint", progress=False)
        test = Features.of(earlier, "test")
        with torch.inference_mode():
            right = linear.to(self.machine.device)(test.values.to(self.machine.device)).argmax(1).cpu() == test.labels
        state = {name: value.detach().cpu().numpy() for name, value in linear.state_dict().items()}
        return Found(arrays={"head": {**state, "right": right.numpy()}})

    def _detect(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        if "detection" not in self._held:
            self._held["detection"] = self._detection(earlier)
        return self._held["detection"].compute(piece, earlier, scratch)

    @cached_property
    def _held(self) -> dict[str, Detection]:
        return {}

    def _detection(self, earlier: Run) -> Detection:
        """Both victims, each with attackers of its own."""
        device, seed = self.machine.device, self.settings.seed
        arrays = earlier.arrays("head")
        linear = nn.Linear(arrays["weight"].shape[1], arrays["weight"].shape[0])
        linear.load_state_dict({name: torch.as_tensor(arrays[name]) for name in ("weight", "bias")})
        network = nn.Sequential(self.features, nn.Dropout(0.5), linear.to(torch.device(device))).eval()
        mc = EstimatorWord(name="mc-dropout", settings={"draws": self.settings.passes})
        faced: list[Faced] = []
        for told in (VictimSettings(name=DETERMINISTIC), VictimSettings(name=MC, estimator=mc)):
            victim = Victim(told, lambda: [network], tuple(self.train.classes), seed, self.train.shape, device)
            found = [ready(word, victim, self.machine, batch_size=self.size) for word in threats()]
            faced.append(Faced(victim, found))
        walk = Walk(self.attacked, self.size, len(faced))
        return Detection(faced, walk, tuple(NOISE.values()), 1, seed, self.size, device)
