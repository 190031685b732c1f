"""Every metric on a million inputs, one thread: under 0.3 s of processor time each, or exit code 1.

    python benchmarks/metrics.py

Processor time, the best of five: other programs on the machine then count for little. Wall time is printed beside it.
"""

import sys
import time
from collections.abc import Callable

import torch

from feint import metrics

COUNT, CLASSES, LIMIT = 1_000_000, 10, 0.3


def cases() -> dict[str, Callable[[], object]]:
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(COUNT, generator=generator, dtype=torch.float64)
    tied = (scores * 100).round() / 100
    errors = torch.rand(COUNT, generator=generator) < scores / 3
    other = scores + torch.rand(COUNT, generator=generator)
    log_probs = torch.randn(COUNT, CLASSES, generator=generator, dtype=torch.float64).log_softmax(dim=1)
    labels = torch.randint(CLASSES, (COUNT,), generator=generator)
    return {
        "risk_coverage": lambda: metrics.risk_coverage(scores, errors),
        "risk_coverage, ties": lambda: metrics.risk_coverage(tied, errors),
        "best_risk_coverage": lambda: metrics.best_risk_coverage(errors),
        "worst_risk_coverage": lambda: metrics.worst_risk_coverage(errors),
        "aurc": lambda: metrics.aurc(scores, errors),
        "best_aurc": lambda: metrics.best_aurc(errors),
        "worst_aurc": lambda: metrics.worst_aurc(errors),
        "e_aurc": lambda: metrics.e_aurc(scores, errors),
        "augrc": lambda: metrics.augrc(scores, errors),
        "selective_risk": lambda: metrics.selective_risk(scores, errors, 0.8),
        "coverage_at_risk": lambda: metrics.coverage_at_risk(scores, errors, 0.1),
        "nll": lambda: metrics.nll(-scores),
        f"brier, {CLASSES} classes": lambda: metrics.brier(log_probs, labels),
        "ece": lambda: metrics.ece(scores, errors),
        "reliability": lambda: metrics.reliability(scores, errors),
        "ks_error": lambda: metrics.ks_error(scores, errors),
        "roc": lambda: metrics.roc(scores, errors),
        "auroc": lambda: metrics.auroc(scores, errors),
        "auroc, ties": lambda: metrics.auroc(tied, errors),
        "precision_recall": lambda: metrics.precision_recall(scores, errors),
        "aupr": lambda: metrics.aupr(scores, errors),
        "fpr_at_tpr": lambda: metrics.fpr_at_tpr(scores, errors),
        "kendall_tau": lambda: metrics.kendall_tau(scores, other),
        "kendall_tau, ties": lambda: metrics.kendall_tau(tied, other),
        "spearman": lambda: metrics.spearman(scores, other),
    }


def main() -> int:
    torch.set_num_threads(1)
    missed = 0
    print(f"{'metric':20} {'processor ms':>12} {'wall ms':>8}")
    for name, case in cases().items():
        processor, wall = [], []
        for _ in range(5):
            started, started_wall = time.process_time(), time.perf_counter()
            case()
            processor.append(time.process_time() - started)
            wall.append(time.perf_counter() - started_wall)
        late = min(processor) > LIMIT
        missed += late
        print(f"{name:20} {min(processor) * 1e3:12.0f} {min(wall) * 1e3:8.0f}{'  over the limit' if late else ''}")
    print(f"{missed} over {LIMIT:.1f} s for {COUNT:,} inputs")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
