"""The scene of latent and interpolate: images, an autoencoder, and victims that look at what it paints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, final

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint import catalog, networks
from feint.data import Dataset
from feint.estimators import predict
from feint.networks import VariationalAutoencoder
from feint.runs.machine import Machine
from feint.runs.work import Array
from feint.victims.data import load_data, matched
from feint.victims.doubts import check_alone, doubts_of
from feint.victims.loading.autoencoder import load_autoencoder, resolved_autoencoder
from feint.victims.records import MEASURE
from feint.victims.victim import Victim, load_victim, measure, resolved

from .scene_settings import SceneSettings

S = TypeVar("S", bound=SceneSettings)
CALL = 1000
"""Inputs per call of an autoencoder: the same whatever is asked for at once, so that the last bits are, too."""
BATCHES = 5
"""Of a victim, of which measures are taken at once: a mean over draws may have other last bits among other inputs."""


@final
@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that looks at images in one run.

    Attributes:
        dataset: the images.
        autoencoder: on its device.
        victims: on theirs.
        batch_size: inputs per call of a victim.
        device: where all of them are.
    """

    dataset: Dataset
    autoencoder: VariationalAutoencoder
    victims: Sequence[Victim]
    batch_size: int
    device: str

    @property
    def at_once(self) -> int:
        """Inputs of which measures are taken at once."""
        return BATCHES * self.batch_size

    @property
    def identity(self) -> dict[str, Any]:
        """What determines a run's numbers beside its settings."""
        return {
            "images": self.dataset.fingerprint(),
            "weights": [victim.identity() for victim in self.victims],
            "decoder": networks.fingerprint(self.autoencoder),
        }

    @property
    def about(self) -> dict[str, Any]:
        """What readers need of it."""
        return {
            "data": self.dataset.name,
            "images": len(self.dataset),
            "shape": list(self.dataset.shape),
            "classes": list(self.dataset.classes),
            "victims": [
                {
                    "name": victim.name,
                    "classes": list(victim.classes),
                    "stochastic": victim.stochastic,
                    "measures": list(victim.measures),
                }
                for victim in self.victims
            ],
            "warnings": doubts_of(self.victims, self.dataset),
        }

    def decode(self, points: Float[Tensor, " N D"]) -> Float[Tensor, " N channels height width"]:
        """The images that latent points stand for, on the CPU."""
        return self._in_calls(self.autoencoder.decode, points)

    def encode(self, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " N D"]:
        """The mean of each image's posterior, on the CPU."""
        return self._in_calls(lambda batch: self.autoencoder.encode(batch).mean, images)

    def _in_calls(self, function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
        with torch.inference_mode():
            starts = range(0, len(inputs), CALL)
            parts = [function(inputs[start : start + CALL].to(self.device)).cpu() for start in starts]
        return torch.cat(parts).clone()

    def look(
        self, victim: Victim, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"]
    ) -> dict[str, Array]:
        """Its prediction, its probability, and every measure that its kind of prediction has, by name."""
        estimator, parts = victim.estimator(), list[dict[str, Tensor]]()
        for start in range(0, len(images), self.at_once):
            stop = start + self.at_once
            some, keys = images[start:stop].to(self.device), samples[start:stop].to(self.device)
            found = predict(estimator, some, keys, batch_size=self.batch_size)
            columns = {"prediction": found.prediction, "confidence": found.mean_log_probs.exp().amax(dim=1)}
            columns |= {name: measure(name)(found) for name in victim.measures}
            parts.append({name: values.cpu() for name, values in columns.items()})
        return {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}

    def schema(self, *keys: str) -> pa.Schema:
        """Of a table of what victims see: whole numbers that say what is looked at, and a column for each measure."""
        names = [name for name in catalog.MEASURES if any(name in victim.measures for victim in self.victims)]
        return pa.schema(
            [
                pa.field("victim", pa.int16(), nullable=False),
                *(pa.field(key, pa.int64(), nullable=False) for key in keys),
                pa.field("prediction", pa.int32(), nullable=False),
                pa.field("confidence", pa.float64(), nullable=False),
                *(pa.field(MEASURE + name, pa.float64()) for name in names),
            ]
        )

    def seen(self, which: int, images: Tensor, samples: Tensor, **keys: Array) -> pa.Table:
        """A table of what a victim sees, in the order of the images; measures that it does not have are null."""
        found = self.look(self.victims[which], images, samples)
        columns: Mapping[str, Array] = {
            "victim": np.full(len(images), which),
            **keys,
            **{name if name in ("prediction", "confidence") else MEASURE + name: found[name] for name in found},
        }
        schema = self.schema(*keys)
        nothing = [None] * len(images)
        arrays: list[Any] = [
            pa.array(columns[name]).cast(kind) if name in columns else pa.array(nothing, kind)
            for name, kind in zip(schema.names, schema.types, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=schema)


def set_scene(settings: S, machine: Machine) -> tuple[S, Scene]:
    """The settings, resolved, and what they speak of, loaded.

    Raises:
        FeintError: something cannot be loaded, or they do not fit each other.
    """
    dataset = load_data(settings.data, machine)
    settings = settings.but(
        autoencoder=resolved_autoencoder(settings.autoencoder, machine),
        victims=tuple(resolved(victim, machine) for victim in settings.victims),
    )
    dataset = matched(dataset, settings.victims)
    settings = machine.settled(settings, dataset.shape, len(dataset))
    victims = [load_victim(victim, dataset, machine, seed=settings.seed) for victim in settings.victims]
    autoencoder = load_autoencoder(settings.autoencoder, dataset, machine)
    for victim in victims:
        check_alone(victim)
        _ = victim.measures  # asked once, so that what it cannot do is said before anything is computed
    return settings, Scene(dataset, autoencoder, victims, settings.size, machine.device)
