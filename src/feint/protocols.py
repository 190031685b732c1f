"""The small interfaces by which the rooms know each other. Anything of the right shape will do: no base classes.

Letters: S draws, N inputs, C classes. Images are float tensors in [0, 1], shape ``(N, channels, height, width)``.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.predictive import Categorical


@runtime_checkable
class Estimator(Protocol):
    """Networks turned into a predictive distribution, differentiable in the inputs."""

    def __call__(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict.

        Args:
            inputs: images in [0, 1].
            samples: the inputs' indices in their data set, for estimators whose draws are keyed by them.
        """
        ...


@runtime_checkable
class Measure(Protocol):
    """A measure of uncertainty: a pure function of the prediction, higher = more uncertain."""

    def __call__(self, categorical: Categorical, /) -> Float[Tensor, " N"]:
        """The uncertainty of each input."""
        ...


@runtime_checkable
class Objective(Protocol):
    """What an attack raises, per input."""

    def __call__(self, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"], /) -> Float[Tensor, " N"]:
        """The value of each input; rows are these inputs' positions in the batch that is attacked."""
        ...


@runtime_checkable
class Condition(Protocol):
    """What must hold at the point that an attack returns, per input."""

    def __call__(self, inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"], /) -> Bool[Tensor, " N"]:
        """Whether it holds; rows are these inputs' positions in the batch that is attacked."""
        ...


@runtime_checkable
class LabelledImages(Protocol):
    """What training reads: images that can be gathered in any order."""

    def __len__(self) -> int:
        """N, the number of images."""
        ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width, the same for every image."""
        ...

    def gather(
        self, positions: Sequence[int]
    ) -> tuple[Float[Tensor, " N channels height width"], Int[Tensor, " N"], Int[Tensor, " N"]]:
        """Images in [0, 1], labels, and sample indices (the key of all randomness) at these positions, 0 to N - 1."""
        ...


@runtime_checkable
class Trainable(Protocol):
    """What ``training.fit`` can fit: it calls these four, in this order, and steps the optimizer in between."""

    def begin(self, data: LabelledImages) -> None:
        """Called once, before the first step, with the training data."""
        ...

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The loss of a batch, to be lowered."""
        ...

    def after_step(self) -> None:
        """Called after each step of the optimizer."""
        ...

    def end_epoch(self) -> None:
        """Called after each pass over the training data."""
        ...


@runtime_checkable
class Fitted(Protocol):
    """An estimator that is fitted to images once, around a network that is trained already and stays as it is."""

    def fit(self, data: LabelledImages) -> None:
        """Remember of these images what predicting needs; what an earlier fit left is forgotten."""
        ...
