"""Two moons: how unsure DUQ and SNGP are near the data and far away from them, trained in seconds.

python two_moons.py
"""

from collections.abc import Sequence

import torch
from sklearn.datasets import make_moons
from torch import Tensor, nn

from feint.estimators import DUQ, SNGP, predict
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
    "DUQ": lambda: DUQ(features(), 2, (2,), length=32, sigma=0.3, gamma=0.98, penalty=0.5),
    "SNGP": lambda: SNGP(features(), 2, (2,), coefficient=0.95, random_features=256, length_scale=0.3),
}
RECIPE = Recipe(epochs=20, batch_size=25, learning_rate=0.05, schedule="cosine", validation_share=0.0)


def train(name: str, data: Moons) -> nn.Module:
    with seeded(0):
        estimator = ESTIMATORS[name]()
    fit(estimator, data, recipe=RECIPE, seed=0)
    return estimator


def grid(low: float, high: float, steps: int) -> Tensor:
    axis = torch.linspace(low, high, steps)
    return torch.cartesian_prod(axis, axis)


def main() -> None:
    data, test = Moons(), Moons(seed=1)
    everywhere = grid(-2, 3, 41)
    distance = torch.cdist(everywhere, data.points).amin(dim=1)
    print("estimator  accuracy  uncertainty at distance 0-0.1  0.5-1    1-2")
    for name in ESTIMATORS:
        estimator = train(name, data)
        right = (predict(estimator, test.points).prediction == test.labels).double().mean()
        native = predict(estimator, everywhere).native
        rings = [native[(distance >= a) & (distance < b)].mean() for a, b in ((0, 0.1), (0.5, 1), (1, 2))]
        assert min(rings[1:]) > rings[0] + 0.1
        print(f"{name:9}  {right:8.3f}  {rings[0]:29.3f}  {rings[1]:5.3f}  {rings[2]:5.3f}")
    print("native uncertainty: DUQ 1 - max kernel, SNGP C / (C + sum exp logits), 1 / 2 where logits are 0")


if __name__ == "__main__":
    main()
