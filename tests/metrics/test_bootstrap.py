import pytest
import torch

from feint import metrics
from feint.errors import InputError


def test_interval_of_a_mean_is_the_normal_one() -> None:
    values = -torch.rand(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    interval = metrics.bootstrap(metrics.nll, values, resamples=2000)
    error = float(values.std()) / 20
    assert interval.estimate == metrics.nll(values)
    assert interval.low == pytest.approx(interval.estimate - 1.96 * error, abs=0.2 * error)
    assert interval.high == pytest.approx(interval.estimate + 1.96 * error, abs=0.2 * error)


def test_same_seed_same_interval_and_the_global_generator_stays() -> None:
    uncertainty = torch.rand(50, generator=torch.Generator().manual_seed(0))
    errors = uncertainty > 0.6
    state = torch.get_rng_state()
    first, again, other = (
        metrics.bootstrap(
            metrics.aurc, uncertainty, errors, resamples=20, generator=torch.Generator().manual_seed(seed)
        )
        for seed in (3, 3, 4)
    )
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), state)


def test_the_ends_are_resamples_themselves_to_the_last_bit() -> None:
    """Of 9 resamples at a level of 0.75 the second lowest and the second highest, drawn again as the seed says."""
    values = torch.rand(9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    metric = lambda drawn: float(drawn.sum()) / 3  # noqa: E731
    again = torch.Generator().manual_seed(0)
    found = [metric(values[torch.randint(9, (9,), generator=again)]) for _ in range(9)]
    interval = metrics.bootstrap(metric, values, resamples=9, level=0.75)
    assert (interval.low, interval.estimate, interval.high) == (sorted(found)[1], metric(values), sorted(found)[-2])


def test_tensors_are_drawn_together() -> None:
    values = torch.arange(20.0)
    assert metrics.bootstrap(lambda a, b: float((a == b).all()), values, values, resamples=5).low == 1


def test_strata_keep_rare_positives() -> None:
    scores, positives = torch.arange(30.0), torch.arange(30) == 29
    with pytest.raises(InputError, match=r"bootstrap: resample \d+: positives: expected some of each kind.*strata"):
        metrics.bootstrap(metrics.auroc, scores, positives, resamples=50)
    interval = metrics.bootstrap(metrics.auroc, scores, positives, resamples=50, strata=positives)
    assert (interval.low, interval.estimate, interval.high) == (1, 1, 1)


def test_infinite_values_do_not_become_nan() -> None:
    log_probs = torch.tensor([-1.0] * 30 + [-torch.inf])
    interval = metrics.bootstrap(metrics.nll, log_probs, resamples=100)
    assert (interval.low, interval.high) == (1, torch.inf)


@pytest.mark.parametrize(
    ("tensors", "settings", "message"),
    [
        ((), {}, "one row per input"),
        ((torch.zeros(2), torch.zeros(3)), {}, r"one row per input, got \[2, 3\] rows"),
        ((torch.zeros(0),), {}, "one row per input"),
        ((torch.zeros(2),), {"level": 95.0}, r"in \(0, 1\), got 95"),
        ((torch.zeros(2),), {"resamples": 0}, "at least 1, got 0"),
        ((torch.zeros(2),), {"strata": torch.zeros(3, dtype=torch.bool)}, r"shape \(2,\), got \(3,\)"),
    ],
)
def test_bad_input(tensors, settings, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metrics.bootstrap(metrics.nll, *tensors, **settings)
