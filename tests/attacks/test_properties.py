"""Norms and budgets for perturbations that Hypothesis thinks of."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from feint.attacks import L2, Budget, Linf
from feint.attacks.ascent import land

often = settings(deadline=None, derandomize=True, max_examples=40)
NUMBERS = st.floats(-4, 4, width=32) | st.sampled_from([0.0, 1e-30, -3e-38, 1e-7])
VECTORS = st.lists(NUMBERS, min_size=3, max_size=3)
RADII = st.sampled_from([0.0, 1e-3, 0.3, 1.0, 5.0])
norms = pytest.mark.parametrize("norm", [Linf(), L2()])


def one(vector):
    return torch.tensor([vector], dtype=torch.float32)


@norms
@often
@given(VECTORS, VECTORS, st.sampled_from([0.0, 0.5, -2.0]))
def test_they_are_norms(norm, first, second, factor):
    first, second = one(first), one(second)
    size = lambda each: norm.size(each).item()  # noqa: E731
    assert size(first) >= 0
    assert (size(first) == 0) == (not first.any())
    assert size(first + second) <= size(first) + size(second) + 1e-5
    assert size(factor * first) == pytest.approx(abs(factor) * size(first), rel=1e-5, abs=1e-37)


@norms
@often
@given(VECTORS, VECTORS)
def test_no_other_step_of_its_size_goes_up_more_steeply(norm, gradient, other):
    gradient, other = one(gradient), norm.project(one(other), 1.0)
    step = norm.steepest(gradient)
    assert norm.size(step).item() == pytest.approx(1.0 if gradient.any() else 0.0, abs=1e-5)
    rise = lambda each: (each.double() * gradient.double()).sum().item()  # noqa: E731
    assert rise(step) >= rise(other) - 1e-5 * float(gradient.abs().max())


@norms
@often
@given(VECTORS, RADII, VECTORS)
def test_a_projection_is_the_nearest_point_of_the_ball(norm, vector, radius, other):
    vector = one(vector)
    inside = norm.project(vector, radius)
    assert norm.size(inside).item() <= radius + 6e-8
    torch.testing.assert_close(norm.project(inside, radius), inside, rtol=1e-6, atol=1e-7)
    if norm.size(vector).item() <= radius * (1 - 1e-6):
        assert torch.equal(inside, vector)
    other = norm.project(one(other), radius)
    distance = lambda each: (each - vector).double().norm().item()  # noqa: E731
    assert distance(inside) <= distance(other) + 1e-5


@norms
@often
@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3), VECTORS, RADII)
def test_whatever_lands_in_a_budget_lies_in_its_ball_and_in_its_bounds(norm, original, change, radius):
    budget, original = Budget(radius, norm), one(original)
    landed = land(original, original + one(change), budget)
    assert 0 <= landed.min() <= landed.max() <= 1
    assert norm.size(landed - original).item() <= radius + 6e-8
    assert torch.equal(budget.admit(landed), landed)
    free = land(original, original + one(change), Budget(radius, norm, bounds=None))
    assert norm.size(free - original).item() <= radius * (1 + 1e-6) + 1e-6
    assert torch.equal(landed, free.clamp(0, 1))
