"""What happened in training, epoch by epoch."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        number: 1 for the first.
        training_loss: mean over the images, each taken just before its step.
        validation_loss: mean over the validation images after the epoch, in nats; None without validation.
        validation_accuracy: in [0, 1]; None without validation.
        seconds: wall-clock time, validation included.
    """

    number: int
    training_loss: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@final
@dataclass(frozen=True)
class History:
    """All epochs, and which of them the weights are from.

    Attributes:
        epochs: in order.
        best_epoch: number of the epoch of lowest validation loss, the first of equals; without validation, the last.
    """

    epochs: tuple[Epoch, ...]
    best_epoch: int

    @property
    def best(self) -> Epoch:
        """The epoch that the weights are from."""
        return self.epochs[self.best_epoch - 1]

    @property
    def seconds(self) -> float:
        """Wall-clock time of all epochs together."""
        return sum(epoch.seconds for epoch in self.epochs)
