"""Who trains and who validates: rows of a data set, drawn by seed."""

from collections.abc import Sequence
from typing import Any, cast, final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.errors import DataError
from feint.protocols import LabelledImages
from feint.training.randomness import stream
from feint.training.recipe import Recipe


def numbers(positions: Int[Tensor, " N"]) -> list[int]:
    """Positions as plain numbers."""
    return cast(Any, positions).tolist()


@final
class Rows:
    """Some of the images of a data set, in the order given. Nothing is copied."""

    def __init__(self, data: LabelledImages, positions: Int[Tensor, " N"]) -> None:
        self.data = data
        self.positions = positions

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return self.data.shape

    def gather(
        self, positions: Sequence[int]
    ) -> tuple[Float[Tensor, " N channels height width"], Int[Tensor, " N"], Int[Tensor, " N"]]:
        """Images, labels and sample indices at these positions of the selection."""
        return self.data.gather(numbers(self.positions[torch.tensor(positions, dtype=torch.int64)]))


def split(
    data: LabelledImages, validation: LabelledImages | None, recipe: Recipe, seed: int
) -> tuple[LabelledImages, LabelledImages | None]:
    """The images to train on, and those to validate on.

    Where no validation data is given, ``recipe.validation_share`` of the data is drawn for it. What remains is cut to
    ``recipe.share``, without replacement. Both draws follow from the seed.

    Raises:
        DataError: nothing is left for one of the two.
    """
    held_out = 0
    if validation is None and recipe.validation_share > 0:
        held_out = max(1, round(recipe.validation_share * len(data)))
    kept = round(recipe.share * (len(data) - held_out))
    if kept < 1:
        raise DataError(
            f"training expects at least one image after validation_share={recipe.validation_share} "
            f"and share={recipe.share}, got {len(data)} images in all"
        )
    if validation is not None and len(validation) == 0:
        raise DataError("validation expects at least one image, got none")
    if kept == len(data):
        return data, validation
    order = torch.randperm(len(data), generator=stream(seed, "split"))
    if held_out:
        validation = Rows(data, order[:held_out].sort().values)
    return Rows(data, order[held_out : held_out + kept].sort().values), validation
