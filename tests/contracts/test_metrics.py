"""What every metric promises, over the whole catalog."""

import inspect

import pytest
import torch

from feint import catalog, metrics
from feint.predictive import Categorical
from feint.runs.things import loaded

LABEL_MEASURES = {name: loaded(reference) for name, reference in catalog.LABEL_MEASURES.items()}
METRICS = {name: loaded(reference) for name, reference in catalog.METRICS.items()}


def arguments(count, generator):
    """Arguments for every parameter name that metrics have."""
    doubt = torch.rand(count, generator=generator, dtype=torch.float64)
    wrong = torch.rand(count, generator=generator) < 0.3
    log_probs = torch.randn(count, 4, generator=generator, dtype=torch.float64).log_softmax(-1)
    return {
        "uncertainty": doubt,
        "scores": doubt,
        "confidence": 1 - doubt,
        "a": doubt,
        "b": torch.rand(count, generator=generator, dtype=torch.float64),
        "errors": wrong,
        "positives": wrong,
        "correct": ~wrong,
        "log_prob_label": -doubt,
        "log_probs": log_probs,
        "labels": torch.randint(4, (count,), generator=generator),
        "coverage": 0.5,
        "risk": 0.2,
        "threshold": 0.6,
    }


def called(metric, given):
    if metric is metrics.bootstrap:
        return metric(metrics.aurc, given["uncertainty"], given["errors"], resamples=20)
    wanted = [
        name
        for name, parameter in inspect.signature(metric).parameters.items()
        if parameter.default is inspect.Parameter.empty
    ]
    return metric(*(given[name] for name in wanted))


def numbers(result):
    if isinstance(result, float):
        return torch.tensor([result], dtype=torch.float64)
    if isinstance(result, torch.Tensor):
        return result.double()
    return torch.cat([numbers(getattr(result, name)).flatten() for name in result.__dataclass_fields__])


def test_the_whole_catalog_is_tested():
    public = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    assert set(METRICS) == public


@pytest.mark.parametrize("name", sorted(METRICS))
def test_is_pure_and_finite_and_does_not_depend_on_the_order(name):
    given = arguments(200, torch.Generator().manual_seed(0))
    before = {key: value.clone() for key, value in given.items() if isinstance(value, torch.Tensor)}
    first, again = numbers(called(METRICS[name], given)), numbers(called(METRICS[name], given))
    assert torch.equal(first.nan_to_num(), again.nan_to_num())
    assert all(torch.equal(given[key], value) for key, value in before.items())
    assert not first.isnan().all()
    if name in ("bootstrap", "brier_terms"):
        return
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    shuffled = {key: value[order] if isinstance(value, torch.Tensor) else value for key, value in given.items()}
    torch.testing.assert_close(numbers(called(METRICS[name], shuffled)), first, equal_nan=True)


@pytest.mark.parametrize("name", sorted(LABEL_MEASURES))
def test_doubts_about_all_labels_leave_one_in_all(name):
    categorical = Categorical.from_logits(torch.randn(7, 4))
    doubts = [LABEL_MEASURES[name](categorical, torch.full((7,), label)) for label in range(4)]
    torch.testing.assert_close(sum(1 - doubt for doubt in doubts), torch.ones(7, dtype=torch.float64))
