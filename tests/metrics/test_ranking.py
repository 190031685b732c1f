import pytest
import torch

from feint import metrics
from feint.errors import InputError

RANKING = [metrics.risk_coverage, metrics.aurc, metrics.e_aurc, metrics.augrc]


def drawn(seed: int, rate: float = 0.3, levels: int = 20, count: int = 101) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    uncertainty = torch.randint(-levels, levels, (count,), generator=generator).double() / 7
    return uncertainty, torch.rand(count, generator=generator) < rate


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("levels", [1, 5, 10_000])
def test_properties(rate: float, levels: int) -> None:
    for seed in range(5):
        uncertainty, errors = drawn(seed, rate, levels)
        curve = metrics.risk_coverage(uncertainty, errors)
        best, worst = metrics.best_risk_coverage(errors), metrics.worst_risk_coverage(errors)
        assert curve.coverage[-1] == 1
        assert curve.risk[-1] == best.risk[-1] == worst.risk[-1]
        assert bool((curve.risk >= best.risk - 1e-15).all())
        assert bool((curve.risk <= worst.risk + 1e-15).all())
        area = metrics.aurc(uncertainty, errors)
        assert metrics.e_aurc(uncertainty, errors) == pytest.approx(area - metrics.best_aurc(errors), abs=1e-15)
        # Only the order counts, and in which order the inputs come does not.
        assert metrics.aurc((uncertainty / 2000).exp(), errors) == area
        shuffled = torch.randperm(len(errors), generator=torch.Generator().manual_seed(seed))
        assert metrics.aurc(uncertainty[shuffled], errors[shuffled]) == area
        # Turned around, errors and all: the same detector of the right predictions.
        assert metrics.augrc(uncertainty, errors) + metrics.augrc(-uncertainty, errors) == pytest.approx(
            float(errors.double().mean())
        )


def test_a_perfect_ranking_has_no_excess_and_the_worst_is_the_worst() -> None:
    for seed in range(5):
        noise, errors = drawn(seed)
        perfect = errors.double() * 100 + noise
        assert metrics.e_aurc(perfect, errors) == 0
        assert metrics.aurc(-perfect, errors) == metrics.worst_aurc(errors)
        assert metrics.e_aurc(errors.double(), errors) == 0


def test_infinite_scores_and_signed_zeros_rank() -> None:
    errors = torch.tensor([False, True, False, True])
    assert metrics.e_aurc(torch.tensor([-torch.inf, torch.inf, 0.0, torch.inf]), errors) == 0
    assert metrics.aurc(torch.tensor([0.0, -0.0, 0.0, -0.0]), errors) == 0.5


def test_half_precision_and_integers_of_any_layout_are_read_as_they_are() -> None:
    uncertainty, errors = drawn(0, levels=3)
    strided = torch.stack([uncertainty, uncertainty], dim=1)[:, 0]
    assert metrics.aurc(strided, errors) == metrics.aurc(uncertainty, errors)
    assert metrics.aurc(uncertainty.half().requires_grad_(), errors) == metrics.aurc(uncertainty, errors)


def test_selective_risk_and_coverage_at_risk_read_the_curve() -> None:
    uncertainty, errors = drawn(1, levels=10_000, count=100)
    risk = metrics.risk_coverage(uncertainty, errors).risk
    for answered in range(1, 101):
        assert metrics.selective_risk(uncertainty, errors, answered / 100) == risk[answered - 1]
    assert metrics.selective_risk(uncertainty, errors, 0.071) == risk[7]
    assert metrics.selective_risk(uncertainty, errors, 1e-9) == risk[0]
    assert metrics.coverage_at_risk(uncertainty, errors, 1.0) == 1
    bearable = metrics.coverage_at_risk(uncertainty, errors, 0.2)
    assert risk[round(bearable * 100) - 1] <= 0.2
    assert bool((risk[round(bearable * 100) :] > 0.2).all())
    assert metrics.coverage_at_risk(torch.zeros(2), torch.tensor([True, True]), 0.5) == 0


@pytest.mark.parametrize("metric", RANKING)
@pytest.mark.parametrize(
    ("uncertainty", "errors", "message"),
    [
        (torch.zeros(3), torch.zeros(2, dtype=torch.bool), "expected one per score, 3, got 2"),
        (torch.zeros(0), torch.zeros(0, dtype=torch.bool), "at least one input, got none"),
        (torch.tensor([0.0, torch.nan]), torch.zeros(2, dtype=torch.bool), "NaN for 1 of 2"),
        (torch.zeros(2, 1), torch.zeros(2, dtype=torch.bool), r"shape \(N,\), got float32 of shape \(2, 1\)"),
        (torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.bool), "expected floats"),
        (torch.zeros(2), torch.zeros(2), "expected booleans"),
    ],
)
@pytest.mark.usefixtures("as_shipped")
def test_bad_input(metric, uncertainty: torch.Tensor, errors: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        metric(uncertainty, errors)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_shares_out_of_range(share: float) -> None:
    uncertainty, errors = drawn(0)
    with pytest.raises(InputError, match=r"coverage: expected a number in \(0, 1\]"):
        metrics.selective_risk(uncertainty, errors, share)
    with pytest.raises(InputError, match=r"risk: expected a number in \[0, 1\]"):
        metrics.coverage_at_risk(uncertainty, errors, share)


def test_no_coverage_has_no_risk() -> None:
    with pytest.raises(InputError, match=r"\(0, 1\], got 0"):
        metrics.selective_risk(*drawn(0), 0.0)
