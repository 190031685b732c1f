"""What holds for every measure in the catalog."""

import math

import pytest
import torch

from feint import catalog
from feint.errors import NotApplicable
from feint.predictive import Categorical
from feint.protocols import Measure
from feint.runs.things import loaded

MEASURES = {name: loaded(reference) for name, reference in catalog.MEASURES.items()}

DRAWS, COUNT, CLASSES = 6, 40, 5

RANGES = {
    "max_probability": 1 - 1 / CLASSES,
    "predictive_entropy": math.log(CLASSES),
    "margin": 1.0,
    "expected_entropy": math.log(CLASSES),
    "mutual_information": math.log(CLASSES),
    "softmax_variance": 0.25,
    "variation_ratio": 1 - 1 / CLASSES,
    "native": math.inf,
}
"""The largest value; the smallest is 0."""

COMPARING = ["mutual_information", "softmax_variance", "variation_ratio"]
"""Measures of disagreement: they need several draws."""

measures = pytest.mark.parametrize("name", sorted(MEASURES))


def prediction(scale=2.0, draws=DRAWS, count=COUNT, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(draws, count, CLASSES, generator=generator)
    own = torch.rand(count, generator=generator, dtype=torch.float64)
    return Categorical(Categorical.from_logits(logits).log_probs, own)


def sure(doubt, draws=2):
    """Every draw gives all classes but one an equal share of the doubt."""
    logs = torch.full((draws, 3, CLASSES), math.log(doubt / (CLASSES - 1)), dtype=torch.float64)
    logs[..., 0] = math.log1p(-doubt)
    return Categorical(logs, torch.zeros(3, dtype=torch.float64))


def test_the_whole_catalog_is_tested():
    assert set(RANGES) == set(MEASURES)
    assert all(isinstance(measure, Measure) for measure in MEASURES.values())


@measures
def test_one_float64_per_input_on_its_device(name):
    categorical = prediction()
    values = MEASURES[name](categorical)
    assert values.shape == (COUNT,)
    assert values.dtype == torch.float64
    assert values.device == categorical.log_probs.device


@measures
@pytest.mark.parametrize("scale", [0.0, 0.01, 1.0, 30.0, 1e4])
def test_stays_in_its_range(name, scale):
    values = MEASURES[name](prediction(scale))
    assert (values >= -1e-15).all()
    assert (values <= RANGES[name] + 1e-12).all()


@measures
def test_does_not_care_for_the_order_of_inputs_draws_or_classes(name):
    categorical = prediction()
    values = MEASURES[name](categorical)
    order = torch.randperm(COUNT)
    torch.testing.assert_close(MEASURES[name](categorical[order]), values[order])
    logs = categorical.log_probs
    for other in (logs[torch.randperm(DRAWS)], logs[..., torch.randperm(CLASSES)]):
        torch.testing.assert_close(MEASURES[name](Categorical(other, categorical.native)), values)


@measures
def test_an_inputs_value_is_its_own(name):
    categorical = prediction()
    values = MEASURES[name](categorical)
    torch.testing.assert_close(MEASURES[name](categorical[4:5]), values[4:5], rtol=0, atol=1e-14)
    torch.testing.assert_close(MEASURES[name](categorical[:0]), values[:0])


@measures
def test_repeating_all_draws_changes_nothing(name):
    categorical = prediction()
    twice = Categorical(categorical.log_probs.repeat(2, 1, 1), categorical.native)
    torch.testing.assert_close(MEASURES[name](twice), MEASURES[name](categorical))


@measures
def test_gradients_reach_the_logits(name):
    if name in ("variation_ratio", "native"):
        pytest.skip("a count has no gradient; the estimator's own is not computed from logits")
    logits = torch.randn(DRAWS, COUNT, CLASSES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: MEASURES[name](Categorical.from_logits(x)), logits[:, :4])
    (slope,) = torch.autograd.grad(MEASURES[name](Categorical.from_logits(logits)).sum(), logits)
    assert torch.isfinite(slope).all()
    assert (slope.abs().amax((0, 2)) > 0).all()


@measures
@pytest.mark.parametrize("doubt", [1e-300, 1e-100, 1e-17, 1e-8, 0.3, 1 - 1 / CLASSES])
def test_nothing_is_nan_at_the_extremes(name, doubt):
    logs = sure(doubt).log_probs.requires_grad_()
    values = MEASURES[name](Categorical(logs, torch.zeros(3, dtype=torch.float64)))
    assert torch.isfinite(values).all()
    assert (values >= -1e-15).all()
    if values.requires_grad:
        (slope,) = torch.autograd.grad(values.sum(), logs)
        assert torch.isfinite(slope).all()


ROWS = torch.tensor(
    [
        [[0.5, 0.5, 0.0, 0.0, 0.0], [0.25, 0.75, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]],
        [[0.5, 0.0, 0.5, 0.0, 0.0], [0.0, 0.75, 0.25, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]],
    ],
    dtype=torch.float64,
)
"""Two draws of three inputs, with classes that one draw, or neither, thinks possible at all."""


@measures
@pytest.mark.parametrize("draws", [1, 2])
def test_a_probability_of_0_is_the_limit_of_small_ones_with_a_finite_gradient(name, draws):
    if draws == 1 and name in COMPARING:
        pytest.skip("compares draws")
    own = torch.zeros(3, dtype=torch.float64)
    logs = ROWS[:draws].log().requires_grad_()
    values = MEASURES[name](Categorical(logs, own))
    nearly = (ROWS[:draws] + 1e-40) / (ROWS[:draws] + 1e-40).sum(-1, keepdim=True)
    torch.testing.assert_close(values, MEASURES[name](Categorical(nearly.log(), own)), rtol=0, atol=1e-12)
    if values.requires_grad:
        (slope,) = torch.autograd.grad(values.sum(), logs)
        assert torch.isfinite(slope).all()
        assert (slope.abs().amax((0, 2)) > 0)[:2].all()


@pytest.mark.parametrize("name", ["max_probability", "margin", "predictive_entropy", "expected_entropy"])
def test_higher_is_less_sure(name):
    values = [MEASURES[name](sure(10.0**-exponent))[0].item() for exponent in (300, 200, 60, 17, 16, 15, 8, 2, 1)]
    assert values == sorted(values)
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("name", COMPARING)
def test_higher_is_more_disagreement(name):
    base = torch.randn(1, 2000, CLASSES, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(20, 2000, CLASSES, generator=torch.Generator().manual_seed(1))
    means = [MEASURES[name](Categorical.from_logits(base + s * noise)).mean().item() for s in (0.0, 0.3, 0.6, 1.2, 2.4)]
    assert means[0] == pytest.approx(0, abs=1e-12)
    assert means == sorted(means)


@measures
def test_not_applicable_is_an_error_and_never_0(name):
    single = Categorical.from_logits(torch.randn(3, CLASSES))
    if name in [*COMPARING, "native"]:
        with pytest.raises(NotApplicable) as caught:
            MEASURES[name](single)
        assert "\n" not in str(caught.value)
        assert name in str(caught.value)
    else:
        assert (MEASURES[name](single) > 0).all()
