"""Recipe: how a network is trained, as one printable, hashable value."""

import math
from dataclasses import dataclass
from typing import Any, final

from feint.errors import SpecError

_CHOICES = {
    "optimizer": ("adam", "sgd"),
    "schedule": ("constant", "cosine", "one-cycle", "steps"),
    "augment": ("none", "crop-flip"),
}

DROPS = (3 / 8, 3 / 4)
"""The shares of all steps from which on the schedule "steps" goes on at a tenth."""


@final
@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the training data, at most.
        batch_size: images per step, summed over devices.
        optimizer: "adam" or "sgd".
        learning_rate: of the first step; with "one-cycle" the highest.
        weight_decay: strength of the L2 penalty.
        momentum: of "sgd"; "adam" has none of it.
        schedule: "constant"; "cosine": the rate falls to zero along half a cosine, step by step; "one-cycle": before
            that it rises from a 25th along half a cosine, over the first three tenths of the steps; "steps": a tenth
            from three eighths of the steps on, a hundredth from three quarters: of 80 epochs, at 30 and 60.
        patience: stop after this many epochs in a row without a lower validation loss; None to never stop early.
        validation_share: the share of the training data held out for validation where ``fit`` is given none, in [0, 1).
        share: the share of the remaining data to train on, drawn without replacement, in (0, 1].
        augment: "crop-flip" shifts images by up to an eighth of their side, zeros moving in, and mirrors half of them.

        channels_last: lay images out pixel by pixel: convolutions on a CPU train 1.2 to 1.5 times as fast, but networks
            that call ``view`` behind one (instead of ``flatten``) fail.

    Raises:
        SpecError: a value is out of its range.

    >>> Recipe(epochs=3).learning_rate
    0.001
    """

    epochs: int = 10
    batch_size: int = 128
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.9
    schedule: str = "constant"
    patience: int | None = None
    validation_share: float = 0.1
    share: float = 1.0
    augment: str = "none"
    channels_last: bool = False

    def __post_init__(self) -> None:
        self._expect(self.epochs >= 1, "epochs", "at least 1")
        self._expect(self.batch_size >= 1, "batch_size", "at least 1")
        self._expect(0 < self.learning_rate < math.inf, "learning_rate", "a finite number above 0")
        self._expect(0 <= self.weight_decay < math.inf, "weight_decay", "a finite number, 0 or more")
        self._expect(0 <= self.momentum < 1, "momentum", "a number in [0, 1)")
        self._expect(self.patience is None or self.patience >= 1, "patience", "None or at least 1")
        self._expect(0 <= self.validation_share < 1, "validation_share", "a number in [0, 1)")
        self._expect(0 < self.share <= 1, "share", "a number in (0, 1]")
        for name, values in _CHOICES.items():
            self._expect(getattr(self, name) in values, name, " or ".join(repr(value) for value in values))

    def rate(self, done: float) -> float:
        """The learning rate where this share of all steps is done, in [0, 1).

        Reference: Smith & Topin 2019, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning
        Rates", section 3 (one cycle; rising and falling along cosines is fastai's form of it).

        >>> recipe = Recipe(learning_rate=1.0, schedule="one-cycle")
        >>> [round(recipe.rate(done), 2) for done in (0.0, 0.15, 0.3, 0.65)]
        [0.04, 0.52, 1.0, 0.5]
        """
        if self.schedule == "constant":
            return self.learning_rate
        if self.schedule == "steps":
            return self.learning_rate * 0.1 ** sum(done >= share for share in DROPS)
        rise = 0.3 if self.schedule == "one-cycle" else 0.0
        if done < rise:
            return self.learning_rate * (1 - 0.96 * (1 + math.cos(math.pi * done / rise)) / 2)
        return self.learning_rate * (1 + math.cos(math.pi * (done - rise) / (1 - rise))) / 2

    def _expect(self, holds: bool, name: str, expected: str) -> None:
        if not holds:
            value: Any = getattr(self, name)
            raise SpecError(f"recipe expects {name} to be {expected}, got {value!r}")
