"""SNGP beside its backbone: inference on ResNet-18 for 32 x 32 images may cost 1.1 times as much, at batch 64.

    python benchmarks/sngp.py

One thread, float32, random weights. The network with its last layer and SNGP on the same features take turns in one
run; the ratio is that of medians of processor time over pairs. Exit code 1 if it is missed.
"""

import statistics
import sys
import time

import torch
from torch import Tensor

from feint.estimators import SNGP, Softmax
from feint.networks import CifarResNet18, Headless
from feint.protocols import Estimator

BATCH, PAIRS, LIMIT = 64, 9, 1.1


def milliseconds(estimator: Estimator, images: Tensor) -> float:
    started = time.process_time()
    with torch.inference_mode():
        estimator(images)
    return (time.process_time() - started) * 1e3


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = CifarResNet18().eval()
    plain, sngp = Softmax(network), SNGP(Headless(network), 10, (3, 32, 32))
    images = torch.rand(BATCH, 3, 32, 32)
    for estimator in (plain, sngp):
        estimator(images[:2])  # the order in memory is tried on the first call
    pairs = [(milliseconds(plain, images), milliseconds(sngp, images)) for _ in range(PAIRS)]
    backbone, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    print(f"ResNet-18, batch {BATCH}: backbone {backbone:.0f} ms, SNGP {ours:.0f} ms, ratio {ratio:.3f} of {LIMIT}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
