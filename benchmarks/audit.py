"""The whole of `feint audit`, its report included, against bare PyTorch that does the attack and nothing else.

    FEINT_DATA=... python benchmarks/audit.py        one to two minutes

CIFAR-10's ResNet-20, 1,000 test images, radii 5e-5, 5e-4 and 5e-3, one thread. All are commands of their own, from
start-up to exit, in batches of one size, and take turns; what is compared is processor time, by its median: the audit
with its baseline of random signs, the audit without, and a script that loads the same network and images, predicts
them, takes the gradient, and tries the three radii and their halves until the label is kept.

Exit code 1 if the audit takes more than 1.7 times the processor time of the bare attack, with the baseline 2.1 times.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RADII, COUNT, REPEATS = (5e-5, 5e-4, 5e-3), 1000, 3
LIMITS = {"feint audit": 2.1, "feint audit, no baseline": 1.7}
BARE = "bare attack"


def bare(folder: Path, batch: int, contiguous: bool) -> int:
    """Galil & El-Yaniv 2021, algorithm 1, as one would write it for a whole batch at a time; prints what it found."""
    import importlib.util

    import numpy as np
    import torch

    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location("zoo", folder / "zoo.py")
    assert spec is not None
    assert spec.loader is not None
    zoo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(zoo)
    kind = torch.contiguous_format if contiguous else torch.channels_last
    network = zoo.cifar10_resnet20().eval().requires_grad_(False).to(memory_format=kind)
    with np.load(folder / "data" / "cifar10" / "test1000.npz") as file:
        images = torch.from_numpy(file["images"][:COUNT]).permute(0, 3, 1, 2).float().div(255)
        labels = torch.from_numpy(file["labels"][:COUNT]).long()
    kept = 0
    for start in range(0, COUNT, batch):
        clean, truth = images[start : start + batch].to(memory_format=kind), labels[start : start + batch]
        with torch.no_grad():
            own = network(clean).argmax(1)
        point = clean.clone().requires_grad_()
        confidence = network(point).softmax(1).gather(1, own[:, None]).squeeze(1)
        aim = torch.where(own == truth, -1.0, 1.0)
        (slope,) = torch.autograd.grad((aim * confidence.log()).sum(), point)
        for radius in RADII:
            attacked, left = clean.clone(), torch.arange(len(clean))
            for attempt in range(15):
                tried = (clean[left] + radius * 0.5**attempt * slope[left].sign()).clamp(0, 1)
                with torch.no_grad():
                    same = network(tried).argmax(1) == own[left]
                attacked[left[same]] = tried[same]
                left = left[~same]
                if not len(left):
                    break
            kept += len(clean) - len(left)
    print(f"{kept} of {len(RADII) * COUNT} attacked")
    return 0


def seconds_of(command: list[str], environment: dict[str, str]) -> float:
    """Processor time, user and system, of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bare", type=int, metavar="BATCH", help="only the bare attack, in batches of this size")
    parser.add_argument("--contiguous", action="store_true", help="of it: images as they come, not channels_last")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args()
    if "FEINT_DATA" not in os.environ:
        print("skipped: FEINT_DATA is not set, the folder that holds data/, weights/ and zoo.py")
        return 0
    folder = Path(os.environ["FEINT_DATA"]).absolute()
    if options.bare:
        return bare(folder, options.bare, options.contiguous)
    from feint.runs.machine import default_batch_size

    batch = default_batch_size((3, 32, 32), "cpu")
    data = ["--data", str(folder / "data" / "cifar10" / "test1000.npz"), "--limit", str(COUNT)]
    audit = [sys.executable, "-m", "feint", "audit", "--network", f"{folder / 'zoo.py'}:cifar10_resnet20", *data]
    audit += ["--radii", ",".join(f"{radius:g}" for radius in RADII), "--threads", "1", "--quiet"]
    script = [sys.executable, __file__, "--bare", str(batch)]
    contestants = {
        "feint audit": audit,
        "feint audit, no baseline": [*audit, "--baseline", "none"],
        BARE: script,
        "bare attack, contiguous": [*script, "--contiguous"],
    }
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    spent: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(options.repeats):
        for name, command in contestants.items():
            with tempfile.TemporaryDirectory() as runs:
                extra = ["--out", runs] if command[1] == "-m" else []
                spent[name].append(seconds_of([*command, *extra], environment))
    print(f"ResNet-20, {COUNT} test images, {len(RADII)} radii, batches of {batch}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':26} {'s':>6} {'of the bare attack':>19} {'at most':>8}")
    ratios: dict[str, float] = {}
    for name, values in spent.items():
        ratios[name] = statistics.median(each / one for each, one in zip(values, spent[BARE], strict=True))
        limit = f"{LIMITS[name]:8g}" if name in LIMITS else ""
        print(f"{name:26} {statistics.median(values):6.2f} {ratios[name]:19.2f} {limit}")
    missed = [name for name, limit in LIMITS.items() if ratios[name] > limit]
    print(f"{len(missed)} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
