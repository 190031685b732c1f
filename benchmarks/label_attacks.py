"""PGD-10 beside torchattacks and foolbox on the same network, and through MC dropout.

    python benchmarks/label_attacks.py

One thread, 200 images, untrained weights (speed does not depend on them). Exit code 1 where one of these rows is over
its limit, for either network:

- "torchattacks" and "foolbox", given all images in one call, as they come, while our default, which keeps the best
  iterate, cuts them into batches of 50: ours may take no longer;
- "torchattacks, cut" and "foolbox, cut", given batches of 50 too, against ours with keep="last". That is like with
  like, ten gradients and the last iterate: ours may take no longer, with 5 % for noise;
- "feint, MC dropout", with 20 draws: at most twice as long as ours without.

The row "feint, best" says what keeping the best costs over keep="last": two passes forward, for the values of the
original and of the last iterate.

The attacks take turns, and ratios of the turns' processor times are summed up by their median: other programs on the
machine then count for less. Processor time holds the system's share, which grows with the memory that the C library
hands back and fetches again page by page: large batches suffer from it more.
"""

import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Literal

import torch
from torch import nn

from feint.attacks import PGD, Budget
from feint.attacks.labels.objectives import cross_entropy
from feint.estimators import MCDropout, Softmax

COUNT, STEPS, RADIUS, STEP, BATCH, TURNS, DRAWS = 200, 10, 8 / 255, 2 / 255, 50, 7, 20
LIMIT_PEERS, LIMIT_CUT, LIMIT_DRAWS = 1.0, 1.05, 2.0


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first, self.first_norm = nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after)
        self.second, self.second_norm = nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)
        self.shortcut = nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.first_norm(self.first(inputs)))
        return torch.relu(self.second_norm(self.second(hidden)) + self.shortcut(inputs))


def networks() -> dict[str, tuple[nn.Module, tuple[int, int, int]]]:
    """Two small networks; dropout acts in both before the last layer only, and only through MCDropout."""
    lenet = nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        nn.Sequential(nn.Linear(400, 84), nn.ReLU(), nn.Dropout(0.5), nn.Linear(84, 10)),
    )
    resnet = nn.Sequential(
        Block(3, 16, 1), Block(16, 32, 2), Block(32, 64, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(64, 10),
    )  # fmt: skip
    return {"LeNet, 28x28": (lenet.eval(), (1, 28, 28)), "ResNet-8, 32x32": (resnet.eval(), (3, 32, 32))}


def attacks(network: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> dict[str, Callable[[], object]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of while they are imported is theirs
        import foolbox
        import torchattacks

    def ours(estimator: Softmax | MCDropout, keep: Literal["best", "last"] = "best") -> Callable[[], object]:
        objective = cross_entropy(lambda inputs, rows: estimator(inputs), labels)
        attack = PGD(STEPS, STEP, keep=keep)
        return lambda: attack(objective, images, Budget(RADIUS), batch_size=BATCH)

    batches = list(zip(images.split(BATCH), labels.split(BATCH), strict=True))
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device="cpu")
    foolbox_pgd = foolbox.attacks.LinfPGD(steps=STEPS, abs_stepsize=STEP, random_start=True)
    torchattacks_pgd = torchattacks.PGD(network, eps=RADIUS, alpha=STEP, steps=STEPS, random_start=True)
    return {
        "feint, best": ours(Softmax(network)),
        "feint, last": ours(Softmax(network), "last"),
        "torchattacks": lambda: torchattacks_pgd(images, labels),
        "foolbox": lambda: foolbox_pgd(model, images, labels, epsilons=RADIUS),
        "torchattacks, cut": lambda: [torchattacks_pgd(x, y) for x, y in batches],
        "foolbox, cut": lambda: [foolbox_pgd(model, x, y, epsilons=RADIUS) for x, y in batches],
        "feint, MC dropout": ours(MCDropout(network, draws=DRAWS)),
    }


COMPARED = {
    "feint, best": ("feint, best", "feint, last", "of feint, last", math.inf),
    "torchattacks": ("feint, best", "torchattacks", "feint, best takes, of this", LIMIT_PEERS),
    "foolbox": ("feint, best", "foolbox", "feint, best takes, of this", LIMIT_PEERS),
    "torchattacks, cut": ("feint, last", "torchattacks, cut", "feint, last takes, of this", LIMIT_CUT),
    "foolbox, cut": ("feint, last", "foolbox, cut", "feint, last takes, of this", LIMIT_CUT),
    "feint, MC dropout": ("feint, MC dropout", "feint, best", "of feint, best", LIMIT_DRAWS),
}
"""Row -> whose time, over whose, in words, and how much it may be."""


def measured(cases: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Processor seconds per turn; the first turn warms up and is left out."""
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(TURNS + 1):
        for name, case in cases.items():
            started = time.process_time()
            case()
            seconds[name].append(time.process_time() - started)
    return {name: turns[1:] for name, turns in seconds.items()}


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    missed = 0
    print(f"{'network':16} {'PGD-10 by':18} {'processor ms':>12}  ratio")
    for title, (network, shape) in networks().items():
        images, labels = torch.rand(COUNT, *shape), torch.randint(10, (COUNT,))
        seconds = measured(attacks(network, images, labels))
        for name, turns in seconds.items():
            note = ""
            if name in COMPARED:
                above, below, what, limit = COMPARED[name]
                ratio = statistics.median(a / b for a, b in zip(seconds[above], seconds[below], strict=True))
                missed += ratio > limit
                over = f"(limit {limit:.2f}){', missed' if ratio > limit else ''}" if limit < math.inf else ""
                note = f"{ratio:5.2f} {what} {over}"
            print(f"{title:16} {name:18} {statistics.median(turns) * 1e3:12.0f}  {note}", flush=True)
    print(f"{missed} missed; {COUNT} images, batches of {BATCH}, {DRAWS} draws, one thread")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
