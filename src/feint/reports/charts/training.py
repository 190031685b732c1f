"""What happened in training: loss and accuracy by epoch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..formats import percent, significant
from ..report import Figure, Panel
from .colours import ATTACKED, CLEAN
from .lines import Line, lines

_SHADES = {"training": CLEAN, "validation": ATTACKED[1]}


def training(
    losses: dict[str, Sequence[float | None]],
    accuracies: dict[str, Sequence[float | None]],
    *,
    best: int | None = None,
    name: str = "training",
) -> Figure:
    """Loss, and accuracy where it is known, by epoch.

    Args:
        losses: "training" and "validation" -> one value per epoch, in nats; None where there is none.
        accuracies: likewise, in [0, 1].
        best: the number of the epoch that the weights are from.
        name: of the figure's file.
    """
    found = [
        ({kind: _known(values) for kind, values in losses.items()}, "loss (nats)", None),
        ({kind: 100 * _known(values) for kind, values in accuracies.items()}, "accuracy (%)", None),
    ]
    panels: list[Panel] = []
    legend: dict[str, Line] = {}
    for series, title, domain in found:
        drawn = [
            Line(kind, values, _SHADES.get(kind, ATTACKED[2]))
            for kind, values in series.items()
            if np.isfinite(values).any()
        ]
        if drawn:
            epochs = np.arange(1, len(drawn[0].y) + 1, dtype=np.float64)
            dots = len(epochs) <= 40
            panels.append(lines(epochs, drawn, x_title="epoch", y_title=title, y_domain=domain, dots=dots, height=280))
            legend |= {line.name: line for line in drawn}
    last = [f"{kind} loss {significant(3)(values[-1])}" for kind, values in losses.items() if values]
    last += [f"{kind} accuracy {percent(1)(values[-1])} %" for kind, values in accuracies.items() if values]
    caption = "" if best is None else f"The weights are those after epoch {best}."
    marks = tuple(line.mark for line in legend.values())
    return Figure(
        name, "Training, epoch by epoch", f"In the last epoch: {', '.join(last)}.", tuple(panels), caption, marks
    )


def _known(values: Sequence[float | None]) -> npt.NDArray[Any]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
