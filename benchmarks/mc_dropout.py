"""MC dropout beside one deterministic pass: 30 draws may cost 1.4 times as much, their input gradient 1.7 times.

    python benchmarks/mc_dropout.py

Dropout stands only before the last linear layer, so everything up to it is computed once. One thread; the deterministic
pass and ours take turns in one run, and what is compared are medians of processor time: other programs on the machine
then count for little. Random weights.

Beside them, for information, torch-uncertainty's ``mc_dropout`` if it is installed, with the same number of draws and
``on_batch=False``: its default, the whole batch repeated at once, is slower here. It does not take turns with ours but
runs alone afterwards, a fifth as often; with MobileNetV2 on 2 images only, and that row is scaled up to the batch.

Exit code 1 if a ratio of ours is missed.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from feint.estimators import MCDropout, Softmax
from feint.measures import max_probability
from feint.networks import LeNet

DRAWS, FORWARD_LIMIT, GRADIENT_LIMIT = 30, 1.4, 1.7


def lenet() -> nn.Module:
    network = LeNet()
    *before, last = network.classifier
    network.classifier = nn.Sequential(*before, nn.Dropout(0.5), last)
    return network


def peer(network: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """1 - max p of torch-uncertainty's wrapper; it turns dropout on for good."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from torch_uncertainty.methods import mc_dropout
    except ImportError:
        return None
    wrapped = mc_dropout(network, DRAWS, on_batch=False).eval()
    return lambda images: 1 - wrapped(images).double().softmax(-1).unflatten(0, (DRAWS, -1)).mean(0).amax(-1)


def forward(uncertainty: Callable[[Tensor], Tensor], images: Tensor) -> None:
    with torch.inference_mode():
        uncertainty(images)


def gradient(uncertainty: Callable[[Tensor], Tensor], images: Tensor) -> None:
    point = images.clone().requires_grad_()
    torch.autograd.grad(uncertainty(point).log().sum(), point)


def medians(cases: dict[str, Callable[[], None]], repeats: int) -> dict[str, float]:
    """Milliseconds of processor time of each, the cases taking turns."""
    spent: dict[str, list[float]] = {name: [] for name in cases}
    for repeat in range(repeats + 1):
        for name, case in cases.items():
            started = time.process_time()
            case()
            if repeat:  # the first is for warming up
                spent[name].append((time.process_time() - started) * 1e3)
    return {name: statistics.median(values) for name, values in spent.items()}


def compare(name: str, build: Callable[[], nn.Module], images: Tensor, repeats: int) -> int:
    """Print the rows of one network; how many ratios were missed."""
    network = build().eval()
    once, often, theirs = Softmax(network), MCDropout(network, draws=DRAWS), peer(build())
    # The peer takes as long as its draws: for the large network two inputs must do, scaled up.
    few = images if len(images) > 20 else images[:2]
    missed = 0
    for kind, run, limit in (("forward", forward, FORWARD_LIMIT), ("gradient", gradient, GRADIENT_LIMIT)):
        ours = {
            "one deterministic pass": partial(run, lambda point: max_probability(once(point)), images),
            f"feint, {DRAWS} draws": partial(run, lambda point: max_probability(often(point)), images),
        }
        spent = medians(ours, repeats)
        if theirs is not None:
            (alone,) = medians({"": partial(run, theirs, few)}, max(repeats // 5, 1)).values()
            spent[f"torch-uncertainty, {DRAWS} draws"] = alone * len(images) / len(few)
        for title, milliseconds in spent.items():
            ratio = milliseconds / spent["one deterministic pass"]
            late = title.startswith("feint") and ratio > limit
            missed += late
            scaled = title.startswith("torch-uncertainty") and len(few) < len(images)
            note = f"  over the limit of {limit}" if late else f"  extrapolated from {len(few)} images" * scaled
            print(f"{name:24} {kind:9} {title:28} {milliseconds:8.1f} {ratio:6.2f}{note}")
    return missed


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"{'network':24} {'pass':9} {'':28} {'ms':>8} {'ratio':>6}")
    missed = compare("LeNet, batch 100", lenet, torch.rand(100, 1, 28, 28), repeats=100)
    missed += compare(
        "MobileNetV2, batch 20", lambda: mobilenet_v2(weights=None), torch.rand(20, 3, 224, 224), repeats=7
    )
    print(f"{missed} ratios missed: at most {FORWARD_LIMIT} forward, {GRADIENT_LIMIT} for the gradient")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
