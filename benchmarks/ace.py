"""ACE over the three CIFAR radii in one grid, against the same algorithm one image and one radius at a time.

    python benchmarks/ace.py

One thread; both take turns in one run, and what is compared are medians of processor time: other programs on the
machine then count for little. The network is a CIFAR-10 ResNet-20 on test images where FEINT_DATA names the folder of
real data, else feint's ResNet-18 with random weights on noise; its layout is channels_last on both sides. The grid runs
at the batch size that `feint audit` takes for such images.

The slow side is written down again, without any of feint's attacks. As published it asks three things for each image
and radius: the victim's label, a gradient, and the label at each radius tried; that is the ratio that is promised. In
white box a leaner loop can read the first label off the gradient's own pass: the second row, for information.

Exit code 1 if the grid is not at least 4 times faster than the published loop, or if the two disagree.
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
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.estimators import Softmax, predict
from feint.measures import label_doubt
from feint.networks import CifarResNet18, load
from feint.runs.machine import default_batch_size

RADII, REPEATS, LIMIT = (5e-5, 5e-4, 5e-3), 5, 4.0
BATCH = default_batch_size((3, 32, 32), "cpu")


def victim() -> tuple[str, nn.Module, Tensor, Tensor]:
    """A name, the network, images and labels."""
    folder = os.environ.get("FEINT_DATA")
    if folder:
        network = load(f"{Path(folder) / 'zoo.py'}:cifar10_resnet20")
        images, labels, _ = data.load(str(Path(folder, "data", "cifar10", "test1000.npz"))).gather(range(128))
        return "ResNet-20, test images", network, images, labels
    torch.manual_seed(0)
    return "ResNet-18, random weights", CifarResNet18(), torch.rand(32, 3, 32, 32), torch.randint(10, (32,))


def one_by_one(estimator: Softmax, images: Tensor, labels: Tensor, *, lean: bool = False) -> list[Tensor]:
    """Galil & El-Yaniv 2021, algorithm 1, for one image and one radius after the other."""
    attacked = [images.clone() for _ in RADII]
    for index in range(len(images)):
        image, label = images[index : index + 1], labels[index]
        for result, radius in zip(attacked, RADII, strict=True):
            own = None if lean else predict(estimator, image).prediction
            point = image.clone().requires_grad_()
            categorical = estimator(point)
            own = categorical.prediction if own is None else own
            doubt = label_doubt(categorical, own).log().sum()
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


def lean_one_by_one(estimator: Softmax, images: Tensor, labels: Tensor) -> list[Tensor]:
    return one_by_one(estimator, images, labels, lean=True)


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
    contestants = {"one by one, as published": one_by_one, "one by one, lean": lean_one_by_one, "one grid": grid}
    spent: dict[str, list[float]] = {title: [] for title in contestants}
    results: dict[str, list[Tensor]] = {}
    for _ in range(REPEATS):
        for title, attack in contestants.items():
            started = time.process_time()
            results[title] = attack(estimator, images, labels)
            spent[title].append(time.process_time() - started)
    medians = {title: statistics.median(values) for title, values in spent.items()}
    ratios = {
        title: statistics.median(slow / fast for slow, fast in zip(values, spent["one grid"], strict=True))
        for title, values in spent.items()
    }
    ratio = ratios["one by one, as published"]
    # The sign of a gradient near zero turns on the last bit, which depends on the batch: all but a few pixels agree.
    slow, fast = (torch.stack(results[title]) for title in ("one by one, as published", "one grid"))
    agreement = (slow - fast).abs().lt(1e-6).double().mean().item()
    print(f"{name}: {len(images)} images, radii {', '.join(f'{radius:g}' for radius in RADII)}")
    print(f"{'':24} {'s':>7} {'ms per image':>13} {'grid is faster':>15}")
    for title, seconds in medians.items():
        print(f"{title:24} {seconds:7.2f} {seconds / len(images) * 1e3:13.1f} {ratios[title]:15.2f}")
    missed = ratio < LIMIT or agreement < 0.99
    print(f"{agreement:.2%} of the pixels agree; {'missed' if missed else 'met'}: at least {LIMIT:g} times faster")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
