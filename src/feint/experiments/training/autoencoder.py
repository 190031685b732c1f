"""Training an autoencoder: without labels to validate on, nothing is held out and the last epoch's weights stay."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save

from feint import networks, training
from feint.data import Dataset
from feint.errors import SpecError
from feint.networks import VariationalAutoencoder
from feint.runs.folder.delivery import Delivery
from feint.runs.machine import Machine, default_batch_size
from feint.runs.run import Run
from feint.runs.work import Array, Found, Piece, Stage, Work
from feint.victims.cards import AUTOENCODER, CARD
from feint.victims.loading.autoencoder import new_autoencoder, standard_normal

from . import kept
from .settings import TrainingSettings

BOUNDS = pa.schema([pa.field("sample", pa.int64()), pa.field("elbo", pa.float32()), pa.field("kl", pa.float32())])
WEIGHTS = "member-0.safetensors"


@final
@dataclass(frozen=True, eq=False)
class Autoencoders:
    """How an autoencoder is trained, and what it comes to.

    Attributes:
        settings: as asked.
        data: the images to train on.
        test: those to test on.
        machine: where all that happens.
    """

    settings: TrainingSettings
    data: Dataset
    test: Dataset
    machine: Machine

    def work(self) -> Work:
        """What the training will do.

        Raises:
            SpecError: settings that an autoencoder does not have.
        """
        settings, share = self.settings, self.settings.recipe.validation_share
        if share:
            raise SpecError(f"validation-share: expected 0 for an autoencoder, got {share}")
        plain = TrainingSettings(name=settings.name, network=settings.network)
        for name in ("members", "estimator", "average", "adversarial"):
            if getattr(settings, name) != getattr(plain, name):
                raise SpecError(f"{name}: expected none for an autoencoder, got {getattr(settings, name)}")
        shape = dict(zip(("channels", "height", "width"), self.data.shape, strict=True))
        network = settings.network.but(settings={**shape, **settings.network.settings})
        settings = settings.but(network=network)
        job = Autoencoders(settings, self.data, self.test, self.machine)
        return Work(
            settings=settings,
            identity={
                "images": [self.data.fingerprint(), self.test.fingerprint()],
                "begins as": networks.fingerprint(job.fresh()),
            },
            about={
                "kind": AUTOENCODER,
                "data": self.data.name,
                "classes": list(self.data.classes),
                "shape": list(self.data.shape),
                "images": len(self.data),
                "test": self.test.name,
                "test_images": len(self.test),
            },
            stages=[
                Stage("members", [Piece("00", at=(0,))], job.train, {"epochs": kept.EPOCHS}, ["weights"]),
                Stage.single("test", job.bounds, tables={"bounds": BOUNDS}),
            ],
            deliver=job.deliver,
            places=[self.machine.victims / settings.name],
        )

    def fresh(self) -> VariationalAutoencoder:
        """The autoencoder with the weights that its seed gives."""
        with training.seeded(self.settings.seed):
            return new_autoencoder(self.settings.network)

    def train(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """Its only member."""
        autoencoder = self.fresh()
        history = training.fit(
            autoencoder,
            self.data,
            recipe=kept.recipe_of(self.settings.recipe, validation_share=0.0),
            seed=self.settings.seed,
            device=self.machine.device,
            checkpoint=scratch / "checkpoint",
            progress=self.machine.progress,
        )
        seconds = history.seconds / len(history.epochs)
        return Found(
            {"epochs": kept.epochs_table(history, 0)},
            {"weights": kept.arrays_of(autoencoder)},
            skipped=self.data.skipped,
            notes={"seconds": seconds},
        )

    def bounds(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """The evidence lower bound of each test image and its KL part, in nats, at one point of its posterior."""
        autoencoder, device = self.fresh(), self.machine.device
        weights = earlier.arrays("weights")
        autoencoder.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
        autoencoder.to(torch.device(device)).eval()
        columns: dict[str, list[Array]] = {name: [] for name in BOUNDS.names}
        for images, _, samples in self.test.batches(default_batch_size(self.data.shape, device)):
            noise = standard_normal(samples, autoencoder.latent, seed=self.settings.seed)
            with torch.inference_mode():
                images = images.to(device)
                elbo = autoencoder.elbo(images, noise.to(device))
                kl = autoencoder.encode(images).kl()
            for name, values in zip(columns, (samples, elbo, kl), strict=True):
                columns[name].append(values.cpu().numpy())
        return Found({"bounds": kept.joined(columns, BOUNDS)}, skipped=self.test.skipped)

    def deliver(self, run: Run, delivery: Delivery) -> None:
        """Write its folder: the weights, and last the card."""
        settings, place = self.settings, self.machine.victims.absolute() / self.settings.name
        (place / CARD).unlink(missing_ok=True)
        state = {name: torch.as_tensor(value) for name, value in run.arrays("weights").items()}
        delivery.write_bytes(place / WEIGHTS, save(state))
        card = {
            "name": settings.name,
            "kind": AUTOENCODER,
            "network": settings.network.plain(),
            "members": [WEIGHTS],
            "shape": list(self.data.shape),
            **mean_bounds(run),
            **kept.provenance(settings, self.data, self.test, kept.recipe_of(settings.recipe, validation_share=0.0)),
            "run": run.id,
            "versions": dict(run.versions),
        }
        delivery.write_json(place / CARD, card)


def mean_bounds(run: Run) -> dict[str, float]:
    """The mean evidence lower bound and its two parts, in nats per image."""
    table = run.table("bounds")
    # Summed batch by batch in the order of the images, in float64.
    elbo, kl = (float(table.column(name).astype(np.float64).sum()) / len(table) for name in ("elbo", "kl"))
    return {"elbo": elbo, "log_likelihood": elbo + kl, "kl": kl}
