"""ACE over the three CIFAR radii in one grid, against the same algorithm one image and one radius at a time.

    python benchmarks/ace.py

One thread; both take turns in one run, and what is compared are medians of processor time: other programs on the
machine then count for little. The network is a CIFAR-10 ResNet-20 on test images where FEINT_DATA names the folder of
real data, else feint's ResNet-18 with random weights on noise; its layout is channels_last on both sides. The slow side
is the published algorithm written down again, without any of feint's attacks, called for each image and radius: a
prediction, a gradient, and a query for each radius that is tried.

Exit code 1 if the grid is not at least 4 times faster, or if the two disagree.
"""

import os
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor, nn

from feint import data
from feint.attacks import ACE, Budget
from feint.attacks.objectives import disrupt_confidence, keeps_label
from feint.estimators import Softmax, predict
from feint.measures import label_doubt
from feint.networks import CifarResNet18, load

RADII, BATCH, REPEATS, LIMIT = (5e-5, 5e-4, 5e-3), 32, 5, 4.0


def victim() -> tuple[str, nn.Module, Tensor, Tensor]:
    """A name, the network, images and labels."""
    folder = os.environ.get("FEINT_DATA")
    if folder:
        network = load(f"{Path(folder) / 'zoo.py'}:cifar10_resnet20")
        images, labels, _ = data.load(str(Path(folder, "data", "cifar10", "test1000.npz"))).gather(range(128))
        return "ResNet-20, test images", network, images, labels
    torch.manual_seed(0)
    return "ResNet-18, random weights", CifarResNet18(), torch.rand(32, 3, 32, 32), torch.randint(10, (32,))


def one_by_one(estimator: Softmax, images: Tensor, labels: Tensor) -> list[Tensor]:
    """Galil & El-Yaniv 2021, algorithm 1, for one image and one radius after the other."""
    attacked = [images.clone() for _ in RADII]
    for index in range(len(images)):
        image, label = images[index : index + 1], labels[index]
        for result, radius in zip(attacked, RADII, strict=True):
            own = predict(estimator, image).prediction
            point = image.clone().requires_grad_()
            doubt = label_doubt(estimator(point), own).log().sum()
            (slope,) = torch.autograd.grad(doubt if own == label else -doubt, point)
            for _ in range(15):
                candidate = (image + radius * slope.sign()).clamp(0, 1)
                with torch.inference_mode():
                    kept = estimator(candidate).prediction == own
                if kept:
                    result[index] = candidate[0]
                    break
                radius *= 0.5
    return attacked


def grid(estimator: Softmax, images: Tensor, labels: Tensor) -> list[Tensor]:
    own = predict(estimator, images, batch_size=BATCH).prediction
    objective = disrupt_confidence(lambda inputs, rows: label_doubt(estimator(inputs), own[rows]), own == labels)
    condition = keeps_label(lambda inputs, rows: estimator(inputs), own)
    results = ACE().grid(objective, images, [Budget(radius) for radius in RADII], condition, batch_size=BATCH)
    return [result.inputs for result in results]


def main() -> int:
    torch.set_num_threads(1)
    name, network, images, labels = victim()
    estimator = Softmax(network.eval().to(memory_format=torch.channels_last))
    images = images.to(memory_format=torch.channels_last)
    grid(estimator, images[:4], labels[:4])  # warms up
    spent: dict[str, list[float]] = {"one by one": [], "one grid": []}
    for _ in range(REPEATS):
        results: list[list[Tensor]] = []
        for title, attack in (("one by one", one_by_one), ("one grid", grid)):
            started = time.process_time()
            results.append(attack(estimator, images, labels))
            spent[title].append(time.process_time() - started)
    medians = {title: statistics.median(values) for title, values in spent.items()}
    ratio = statistics.median(slow / fast for slow, fast in zip(*spent.values(), strict=True))
    # The sign of a gradient near zero turns on the last bit, which depends on the batch: all but a few pixels agree.
    slow, fast = (torch.stack(result) for result in results)
    agreement = (slow - fast).abs().lt(1e-6).double().mean().item()
    print(f"{name}: {len(images)} images, radii {', '.join(f'{radius:g}' for radius in RADII)}")
    print(f"{'':12} {'s':>7} {'ms per image':>13} {'times faster':>13}")
    for title, seconds in medians.items():
        faster = ratio if title == "one grid" else 1.0
        print(f"{title:12} {seconds:7.2f} {seconds / len(images) * 1e3:13.1f} {faster:13.2f}")
    missed = ratio < LIMIT or agreement < 0.99
    print(f"{agreement:.2%} of the pixels agree; {'missed' if missed else 'met'}: at least {LIMIT:g} times faster")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
