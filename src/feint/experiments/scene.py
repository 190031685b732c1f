"""Everything that looks at images in one run of feint latent or interpolate."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, final

import torch
from jaxtyping import Float, Int
from pydantic import AfterValidator
from torch import Tensor
from tqdm import tqdm

from feint import networks
from feint.data import Dataset
from feint.errors import NotApplicable
from feint.estimators import predict
from feint.experiments.autoencoder import AutoencoderSpec, load_autoencoder
from feint.experiments.catalog import MEASURES
from feint.experiments.run import Array, begun
from feint.experiments.spec import DataSpec, RunSpec, VictimSpec, checked_victims
from feint.experiments.victim import Victim, load_data
from feint.networks import VariationalAutoencoder

BATCHES_PER_CALL = 5


class SceneSpec(RunSpec):
    """Who looks at which images.

    Attributes:
        autoencoder: what encodes and decodes.
        victims: whose measures are taken.
        data: the images.
    """

    autoencoder: AutoencoderSpec
    victims: Annotated[tuple[VictimSpec, ...], AfterValidator(checked_victims)]
    data: DataSpec = DataSpec()


S = TypeVar("S", bound=SceneSpec)


@final
@dataclass(frozen=True, eq=False)
class Scene:
    """Everything that looks at images in one run.

    Attributes:
        dataset: the images.
        autoencoder: on its device.
        victims: on theirs.
        batch_size: inputs per call.
        device: where all of them are.
        progress: whether to show bars.
    """

    dataset: Dataset
    autoencoder: VariationalAutoencoder
    victims: Sequence[Victim]
    batch_size: int
    device: str
    progress: bool

    def decode(self, points: Float[Tensor, " N D"]) -> Float[Tensor, " N channels height width"]:
        """The images that latent points stand for, on the CPU."""
        return self._in_calls(self.autoencoder.decode, points)

    def encode(self, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " N D"]:
        """The mean of each image's posterior, on the CPU."""
        return self._in_calls(lambda batch: self.autoencoder.encode(batch).mean, images)

    def _in_calls(self, function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
        with torch.inference_mode():
            parts = [function(part.to(self.device)).cpu() for part in _cut(inputs, 1000)]
        return torch.cat(parts).clone()

    def measure(
        self, victim: Victim, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"], what: str
    ) -> dict[str, Array]:
        """Every measure that the victim's kind of prediction has, its prediction, and its probability."""
        estimator, size = victim.estimator(), BATCHES_PER_CALL * self.batch_size
        parts: list[dict[str, Tensor]] = []
        with tqdm(total=len(images), desc=f"{victim.name}: {what}", unit=" images", disable=not self.progress) as bar:
            for some, keys in zip(_cut(images, size), _cut(samples, size), strict=True):
                found = predict(estimator, some.to(self.device), keys.to(self.device), batch_size=self.batch_size)
                part = {"prediction": found.prediction, "confidence": found.mean_log_probs.exp().amax(dim=1)}
                for name, measure in MEASURES.items():
                    try:
                        part[name] = measure(found)
                    except NotApplicable:
                        continue
                parts.append({name: values.cpu() for name, values in part.items()})
                bar.update(len(some))
        return {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}


def _cut(tensor: Tensor, size: int) -> list[Tensor]:
    """Consecutive pieces of at most this size."""
    return [tensor[start : start + size] for start in range(0, len(tensor), size)]


@contextmanager
def open_scene(spec: S, *, progress: bool) -> Generator[tuple[S, Scene]]:
    """Inside, as in `begun`: the specification as settled, and what it speaks of, loaded.

    Raises:
        FeintError: something cannot be loaded, or they do not fit each other.
    """
    dataset = load_data(spec.data)
    with begun(spec, dataset, spec.victims, progress=progress) as (spec, victims, size):
        autoencoder = load_autoencoder(spec.autoencoder, dataset, device=spec.device)
        yield spec, Scene(dataset, autoencoder, victims, size, spec.device, progress)


def identity(spec: SceneSpec, scene: Scene) -> dict[str, Any]:
    """Everything that determines a run's numbers."""
    return {
        **spec.model_dump(mode="json"),
        "images": scene.dataset.fingerprint(),
        "weights": [victim.fingerprint() for victim in scene.victims],
        "decoder": networks.fingerprint(scene.autoencoder),
    }
