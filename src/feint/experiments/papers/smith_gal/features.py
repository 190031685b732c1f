"""The features of images, computed once and kept; and an even choice among images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.batching import padded_batches
from feint.data import Batch, Dataset, Example, Images
from feint.data.kinds import Targets
from feint.errors import NetworkError
from feint.runs.run import Run


@final
@dataclass(frozen=True, eq=False)
class Thinned:
    """Some of the images of a data set, evenly spaced: sorted class folders keep their classes in balance."""

    dataset: Dataset
    count: int
    seekable: bool = True
    inputs: type[Images] = Images

    @property
    def targets(self) -> Targets:
        """Class names, by label."""
        return self.dataset.targets

    def __len__(self) -> int:
        return self.count

    def where(self, sample: int) -> str:
        """Which image."""
        return f"{self.dataset.name}, image {self._position(sample)}"

    def read(self, start: int, stop: int) -> Iterator[Example]:
        """Read a range."""
        for sample in range(start, stop):
            found = self.dataset.gather([self._position(sample)])
            yield Example(sample, found.inputs[0].permute(1, 2, 0).numpy(), int(found.targets[0]))

    def fingerprint(self) -> str:
        """Of the whole set, and which of it."""
        return f"{self.dataset.fingerprint()} {self.count} evenly"

    def _position(self, sample: int) -> int:
        return sample * len(self.dataset) // self.count


@final
@dataclass(frozen=True, eq=False)
class Features:
    """Cached features, as the images of one pixel that training gathers."""

    values: Float[Tensor, " N F"]
    labels: Int[Tensor, " N"]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """F channels of one pixel."""
        return self.values.shape[1], 1, 1

    def gather(self, positions: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Features, labels and indices at some positions."""
        rows = torch.as_tensor(positions)
        return self.values[rows, :, None, None], self.labels[rows], rows

    @classmethod
    def of(cls, run: Run, split: str) -> "Features":
        """Those of a split, from the pieces of a run.

        Args:
            run: whose first stage is whole.
            split: "train" or "test".
        """
        pieces = [run.arrays("features", piece) for piece in run.pieces("features") if piece.startswith(f"{split}-")]
        values, labels = (torch.cat([torch.as_tensor(each[name]) for each in pieces]) for name in ("values", "labels"))
        return cls(values, labels)


def features_of(features: nn.Module, batch: Batch, size: int, device: str) -> Float[Tensor, " N F"]:
    """Features of some images, on the CPU.

    Args:
        features: in eval mode.
        batch: the images.
        size: inputs per call, the last one padded.
        device: where the features are.
    """
    with torch.inference_mode():
        return torch.cat(
            [
                rows(features, inputs)[:count].float().cpu()
                for inputs, _, count in padded_batches(batch.inputs.to(device), batch.samples, size)
            ]
        )


def rows(features: nn.Module, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " N F"]:
    """Features of images.

    Raises:
        NetworkError: they are not one row per image.
    """
    found: object = features(images)
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != len(images):
        came = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise NetworkError(f"features: expected (N, F) for {len(images)} images, got {came}")
    return found
