import itertools

import pytest
import torch

from feint import metrics
from feint.errors import InputError
from feint.metrics import ranks


def test_same_and_reverse() -> None:
    order = torch.tensor([3.0, 1.0, 2.0, 7.0])
    for metric in (metrics.kendall_tau, metrics.spearman):
        assert metric(order, order.exp()) == pytest.approx(1)
        assert metric(order, -order) == pytest.approx(-1)
        assert metric(order, -order) >= -1


@pytest.mark.parametrize("levels", [3, 10_000])
def test_kendall_counts_pairs(levels: int) -> None:
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        a, b = torch.randint(levels, (2, 30), generator=generator).double()
        signs = [
            (float((a[i] - a[j]).sign()), float((b[i] - b[j]).sign())) for i, j in itertools.combinations(range(30), 2)
        ]
        together = sum(x * y for x, y in signs)
        ordered = sum(x * x for x, _ in signs) * sum(y * y for _, y in signs)
        assert metrics.kendall_tau(a, b) == pytest.approx(together / ordered**0.5)


@pytest.mark.parametrize("levels", [40, 10_000])
@pytest.mark.parametrize("count", [900, 1501])
def test_kendall_counts_pairs_of_blocks_that_are_merged(levels: int, count: int, monkeypatch) -> None:
    """Blocks of 30 and more, as halves of halves down to two and three: what takes 65,000 inputs otherwise."""
    monkeypatch.setattr(ranks, "_LEAF", 3)
    generator = torch.Generator().manual_seed(count)
    a, b = torch.randint(levels, (2, count), generator=generator).double()
    signs = [(each[:, None] - each).sign().triu() for each in (a, b)]
    ordered = float(signs[0].square().sum() * signs[1].square().sum())
    assert metrics.kendall_tau(a, b) == pytest.approx(float((signs[0] * signs[1]).sum()) / ordered**0.5, abs=1e-12)


def test_spearman_shares_ranks_between_ties() -> None:
    # Ranks 1.5, 1.5, 3 and 1, 2, 3: covariance 1.5 over the root of 1.5 times 2.
    assert metrics.spearman(torch.tensor([0.0, 0.0, 1.0]), torch.tensor([1.0, 2.0, 3.0])) == pytest.approx(0.75**0.5)


@pytest.mark.parametrize("metric", [metrics.kendall_tau, metrics.spearman])
@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.zeros(3), torch.arange(3.0), "a: expected at least two different values to rank, got 3 times the same"),
        (torch.arange(3.0), torch.arange(2.0), "as many as a, 3, got 2"),
        (torch.arange(2.0), torch.tensor([0.0, torch.nan]), "b: expected numbers, got NaN"),
    ],
)
@pytest.mark.usefixtures("as_shipped")
def test_bad_input(metric, a: torch.Tensor, b: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metric(a, b)
