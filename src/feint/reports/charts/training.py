"""What happened in training: loss and accuracy by epoch."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..formats import percent, significant
from ..report import Figure, Panel
from .colours import ATTACKED, CLEAN
from .lines import Line, lines

_SHADES = {"training": CLEAN, "validation": ATTACKED[1]}
By = Mapping[str, Sequence[float | None]]
"""One value per epoch of "training" and "validation"; None where there is none."""


def training(losses: By, accuracies: By, *, best: int | None = None, name: str = "training") -> Figure:
    """Loss in nats, and accuracy where it is known, by epoch; ``best`` is the one that the weights are from."""
    panels: list[Panel] = []
    for found, times, title in ((losses, 1, "loss (nats)"), (accuracies, 100, "accuracy (%)")):
        series = {kind: times * np.array(values, dtype=np.float64) for kind, values in found.items()}
        drawn = [Line(kind, by, _SHADES.get(kind, ATTACKED[2])) for kind, by in series.items() if np.isfinite(by).any()]
        if drawn:
            epochs = np.arange(1, len(drawn[0].y) + 1, dtype=np.float64)
            panels.append(lines(epochs, drawn, x_title="epoch", y_title=title, dots=len(epochs) <= 40, height=280))
    last = [f"{kind} loss {significant(3)(values[-1])}" for kind, values in losses.items() if values]
    last += [f"{kind} accuracy {percent(1)(values[-1])} %" for kind, values in accuracies.items() if values]
    caption = "" if best is None else f"The weights are those after epoch {best}."
    return Figure.of(name, "Training, epoch by epoch", f"In the last epoch: {', '.join(last)}.", panels, caption)
