"""Two moons: how unsure DUQ and SNGP are near the data and far away from them, trained in seconds.

python two_moons.py    # also draws two-moons.png
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import make_moons
from torch import Tensor, nn

from feint.estimators import DUQ, SNGP, predict
from feint.reports import Figure, Mark, Panel, Ramp
from feint.reports.charts.colours import CLASSES, SEQUENTIAL
from feint.reports.pictures import render
from feint.training import Recipe, fit, seeded


class Moons:
    """Points in the plane, rescaled to [0, 1], labelled by the moon that they belong to."""

    shape = (2,)

    def __init__(self, count: int = 200, seed: int = 0) -> None:
        points, labels = make_moons(count, noise=0.1, random_state=seed)
        low, high = points.min(axis=0), points.max(axis=0)
        self.points, self.labels = torch.tensor((points - low) / (high - low)).float(), torch.tensor(labels)

    def __len__(self) -> int:
        return len(self.points)

    def gather(self, positions: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        rows = torch.tensor(positions)
        return self.points[rows], self.labels[rows], rows


class Residual(nn.Module):
    """x + relu(W x): with |W| below 1, points that are apart stay apart."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.relu(self.layer(x))


def features(width: int = 64) -> nn.Module:
    return nn.Sequential(nn.Linear(2, width), *(Residual(width) for _ in range(3)))


ESTIMATORS = {
    "DUQ": lambda: DUQ(features(), 2, (2,), length=32, sigma=0.3, gamma=0.98, penalty=0.3),
    "SNGP": lambda: SNGP(features(), 2, (2,), coefficient=0.95, random_features=256, length_scale=0.3),
}
RECIPE = Recipe(epochs=40, batch_size=25, learning_rate=0.02, schedule="cosine", validation_share=0.0)


def train(name: str, data: Moons) -> nn.Module:
    with seeded(0):
        estimator = ESTIMATORS[name]()
    fit(estimator, data, recipe=RECIPE, seed=0)
    return estimator


def grid(low: float, high: float, steps: int) -> Tensor:
    axis = torch.linspace(low, high, steps)
    return torch.cartesian_prod(axis, axis)


LOW, HIGH, STEPS = -1.0, 2.0, 61


def chart(native: Tensor, data: Moons) -> dict[str, Any]:
    """A chart of Vega-Lite: native uncertainty over the plane, 0 to 1, and the points above it."""
    half = 0.6 * (HIGH - LOW) / (STEPS - 1)  # a little more than half: no gaps are seen between the cells
    cells = [
        {"l": x - half, "r": x + half, "b": y - half, "t": y + half, "value": value}
        for (x, y), value in zip(grid(LOW, HIGH, STEPS).tolist(), native.tolist(), strict=True)
    ]
    points = [
        {"x": x, "y": y, "moon": f"moon {moon}"}
        for (x, y), moon in zip(data.points.tolist(), data.labels.tolist(), strict=True)
    ]

    def along(field: str) -> dict[str, Any]:
        return {
            "field": field,
            "type": "quantitative",
            "scale": {"domain": [LOW, HIGH], "nice": False},
            "axis": {"title": None, "grid": False, "tickCount": 4},
        }

    shade = {"field": "value", "type": "quantitative", "legend": None, "scale": {"domain": [0, 1], "range": SEQUENTIAL}}
    moons = {"field": "moon", "type": "nominal", "legend": None, "scale": {"range": CLASSES[:2]}}
    sides = {"x": along("l"), "x2": {"field": "r"}, "y": along("b"), "y2": {"field": "t"}}
    layers = [
        {
            "data": {"values": cells},
            "mark": {"type": "rect", "clip": True, "strokeWidth": 0},
            "encoding": {**sides, "color": shade},
        },
        {
            "data": {"values": points},
            "mark": {"type": "circle", "size": 10},
            "encoding": {"x": along("x"), "y": along("y"), "color": moons},
        },
    ]
    resolve = {"scale": {"color": "independent"}}
    return {"width": "container", "height": 300, "usermeta": {"aspect": 1}, "layer": layers, "resolve": resolve}


def figure(panels: Sequence[Panel]) -> Figure:
    legend = (
        Ramp("native uncertainty", SEQUENTIAL, "0", "1"),
        *(Mark(f"moon {at}", CLASSES[at], "point") for at in (0, 1)),
    )
    alt = "Native uncertainty over the plane around two moons: low near them, high away from them."
    return Figure("two-moons", "Two moons: where DUQ and SNGP are unsure", alt, tuple(panels), legend=legend)


def main() -> None:
    data, test = Moons(), Moons(seed=1)
    everywhere = grid(-2, 3, 41)
    distance = torch.cdist(everywhere, data.points).amin(dim=1)
    panels: list[Panel] = []
    print("estimator  accuracy  uncertainty at distance 0-0.1  0.5-1    1-2")
    for name in ESTIMATORS:
        estimator = train(name, data)
        right = (predict(estimator, test.points).prediction == test.labels).double().mean()
        native = predict(estimator, everywhere).native
        rings = [native[(distance >= a) & (distance < b)].mean() for a, b in ((0, 0.1), (0.5, 1), (1, 2))]
        assert min(rings[1:]) > rings[0] + 0.1
        panels.append(Panel(chart(predict(estimator, grid(LOW, HIGH, STEPS)).native, data), name))
        print(f"{name:9}  {right:8.3f}  {rings[0]:29.3f}  {rings[1]:5.3f}  {rings[2]:5.3f}")
    print("native uncertainty: DUQ 1 - max kernel, SNGP C / (C + sum exp logits), 1 / 2 where logits are 0")
    Path("two-moons.png").write_bytes(render(figure(panels)))


if __name__ == "__main__":
    main()
