import pytest
import torch

from feint import metrics
from feint.errors import InputError


def test_edges_belong_to_the_bin_below() -> None:
    confidence = torch.tensor([0.0, 0.2, 0.4, 1.0], dtype=torch.float64)
    assert metrics.reliability(confidence, torch.ones(4, dtype=torch.bool), bins=5).count.tolist() == [2, 1, 0, 0, 1]


def test_every_edge_of_fifteen_bins_belongs_to_the_bin_below() -> None:
    edges = torch.tensor([bin / 15 for bin in range(1, 16)], dtype=torch.float64)
    assert metrics.reliability(edges, torch.ones(15, dtype=torch.bool)).count.tolist() == [1] * 15


def test_empty_bins_are_nan_in_the_curve_and_nothing_in_the_error() -> None:
    curve = metrics.reliability(torch.tensor([0.9, 0.7]), torch.tensor([True, False]), bins=2)
    assert curve.count.tolist() == [0, 2]
    assert bool(curve.accuracy[0].isnan())
    assert metrics.ece(torch.tensor([0.9, 0.7]), torch.tensor([True, False]), bins=2) == pytest.approx(0.3, abs=1e-7)


def test_over_confidence_is_seen_whole() -> None:
    for confidence, correct in [(1.0, False), (0.0, True)]:
        values, outcome = torch.full((4,), confidence), torch.full((4,), correct)
        assert metrics.ece(values, outcome) == metrics.ks_error(values, outcome) == 1


def test_errors_bound_each_other() -> None:
    generator = torch.Generator().manual_seed(0)
    confidence = torch.rand(500, generator=generator, dtype=torch.float64)
    correct = torch.rand(500, generator=generator) < confidence**2
    whole = abs(float(confidence.mean() - correct.double().mean()))
    assert whole <= metrics.ks_error(confidence, correct)
    assert metrics.ece(confidence, correct, bins=1) == pytest.approx(whole)
    assert metrics.ece(confidence, correct, bins=5) <= metrics.ece(confidence, correct, bins=10) + 1e-12


def test_ks_does_not_depend_on_the_order_of_ties() -> None:
    confidence = torch.tensor([0.5, 0.5, 0.5, 0.5, 0.9])
    correct = torch.tensor([True, True, False, False, True])
    flipped = torch.tensor([False, False, True, True, True])
    assert metrics.ks_error(confidence, correct) == metrics.ks_error(confidence, flipped) == pytest.approx(0.02)


@pytest.mark.parametrize("metric", [metrics.ece, metrics.ks_error, metrics.reliability])
@pytest.mark.parametrize(
    ("confidence", "message"),
    [
        (torch.tensor([0.5, 1.1]), r"in \[0, 1\], got 0.5 to 1.1"),
        (torch.tensor([0.5, torch.nan]), "NaN"),
        (torch.tensor([0.5]), "one per score, 1, got 2"),
        (torch.tensor([]), "at least one"),
    ],
)
@pytest.mark.usefixtures("as_shipped")
def test_bad_input(metric, confidence: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metric(confidence, torch.tensor([True, False]))


def test_no_bins() -> None:
    with pytest.raises(InputError, match="bins: expected at least 1, got 0"):
        metrics.ece(torch.tensor([0.5]), torch.tensor([True]), bins=0)
