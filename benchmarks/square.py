"""Square on CIFAR-10 test images and a ResNet-20: labels, beside torchattacks; confidence, beside attacks by gradient.

    FEINT_DATA=... python benchmarks/square.py labels        two to three minutes
    FEINT_DATA=... python benchmarks/square.py confidence    three to four

All with at most 500 queries an image. Labels: the victim's own are to be changed on 200 images, at 8/255, where nearly
all give way, and at 4/255, where a weaker search would show; torchattacks counts the original apart. Confidence: the
AURC of 100 images with labels kept, beside ACE and PGD, which take gradients, and random signs.

Exit code 1 if the success of the two differs by more than two points at 8/255.
"""

import os
import sys
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from feint import data, networks
from feint.attacks import ACE, PGD, Attack, Budget, RandomSigns, Square
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.attacks.labels.objectives import margin
from feint.estimators import Softmax, predict
from feint.measures import label_doubt, max_probability
from feint.metrics import aurc
from feint.predictive import Categorical

COUNT, QUERIES, BATCH = 200, 500, 50
RADII = {"8/255": 8 / 255, "4/255": 4 / 255}


def share(changed: Tensor) -> float:
    return 100 * changed.double().mean().item()


def victim(count: int) -> tuple[nn.Module, Tensor, Tensor, Tensor]:
    """The network, images, labels and sample indices."""
    folder = Path(os.environ["FEINT_DATA"])
    network = networks.load(f"{folder / 'zoo.py'}:cifar10_resnet20").eval()
    return network, *data.load(str(folder / "data" / "cifar10" / "test1000.npz")).gather(range(count))


def labels() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torchattacks warns of while it is imported is its own
        import torchattacks
    network, images, _, samples = victim(200)
    estimator = Softmax(network)
    own = predict(estimator, images, batch_size=BATCH).prediction
    goal = margin(lambda inputs, rows: estimator(inputs), own)
    gaps: list[float] = []
    print(f"200 images, at most {QUERIES} queries: labels changed, in %")
    print(f"{'radius':8} {'ours':>6} {'queries':>8} {'torchattacks':>13}")
    for name, radius in RADII.items():
        found = Square(QUERIES)(goal, images, Budget(radius), batch_size=BATCH, samples=samples)
        ours = share(predict(estimator, found.inputs, batch_size=BATCH).prediction != own)
        made = torchattacks.Square(network, norm="Linf", eps=radius, n_queries=QUERIES)(images, own)
        theirs = share(predict(estimator, made, batch_size=BATCH).prediction != own)
        gaps.append(abs(ours - theirs))
        print(f"{name:8} {ours:6.1f} {found.queries.double().mean():8.1f} {theirs:13.1f}", flush=True)
    print(f"{'missed' if gaps[0] > 2 else 'met'}: within two points at 8/255")
    return 1 if gaps[0] > 2 else 0


def confidence() -> int:
    network, images, truth, samples = victim(100)
    estimator = Softmax(network)
    own = predict(estimator, images, batch_size=BATCH).prediction

    def ask(inputs: Tensor, rows: Tensor) -> Categorical:
        return estimator(inputs)

    def level(inputs: Tensor) -> float:
        found = predict(estimator, inputs, batch_size=BATCH)
        assert torch.equal(found.prediction, own)
        return 1000 * aurc(max_probability(found), own != truth)

    goal = disrupt_confidence(lambda inputs, rows: label_doubt(ask(inputs, rows), own[rows]), own == truth)
    print(f"100 images, labels kept: AURC x 1000 (clean {level(images):.2f})")
    attacks: list[Attack] = [RandomSigns(), Square(QUERIES), ACE(), PGD()]
    print(" ".join(f"{name:>12}" for name in ("radius", *(type(attack).__name__ for attack in attacks))))
    for name, radius in {"5e-3": 5e-3, "8/255": 8 / 255}.items():
        print(f"{name:>12}", end=" ")
        for attack in attacks:
            found = attack(goal, images, Budget(radius), keeps_label(ask, own), batch_size=BATCH, samples=samples)
            print(f"{level(found.inputs):12.2f}", end=" ", flush=True)
        print()
    return 0


def main() -> int:
    asked = sys.argv[1:] or ["labels", "confidence"]
    if not set(asked) <= {"labels", "confidence"}:
        print(f"expected labels, confidence or nothing for both, got {' '.join(asked)}")
        return 2
    if "FEINT_DATA" not in os.environ:
        print("skipped: FEINT_DATA is not set, the folder that holds data/, weights/ and zoo.py")
        return 0
    torch.set_num_threads(1)
    return max({"labels": labels, "confidence": confidence}[name]() for name in asked)


if __name__ == "__main__":
    sys.exit(main())
