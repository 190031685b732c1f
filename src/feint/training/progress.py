"""What training tells while it runs."""

import sys
from collections.abc import Callable
from typing import Any, final

from tqdm import tqdm

from feint.training.history import Epoch
from feint.training.recipe import Recipe

Listener = Callable[[Epoch], Any]


@final
class Bar:
    """One line on standard error: images per second, and the last epoch's numbers."""

    def __init__(self, recipe: Recipe, images: int, done: int) -> None:
        self.epochs = recipe.epochs
        self.bar: Any = tqdm(
            total=recipe.epochs * images, initial=done * images, unit=" images", unit_scale=True, file=sys.stderr
        )
        self.bar.set_description(f"epoch {min(done + 1, self.epochs)}/{self.epochs}")

    def advance(self, images: int) -> None:
        """So many images have been trained on."""
        self.bar.update(images)

    def tell(self, epoch: Epoch) -> None:
        """An epoch is over."""
        numbers = {"loss": f"{epoch.training_loss:.4f}"}
        if epoch.validation_loss is not None and epoch.validation_accuracy is not None:
            numbers |= {
                "validation loss": f"{epoch.validation_loss:.4f}",
                "accuracy": f"{100 * epoch.validation_accuracy:.2f} %",
            }
        self.bar.set_description(f"epoch {min(epoch.number + 1, self.epochs)}/{self.epochs}", refresh=False)
        self.bar.set_postfix(numbers)

    def close(self) -> None:
        """Leave the line as it is."""
        self.bar.close()
