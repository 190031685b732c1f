"""Attacks on one pixel, whose every step can be followed on paper."""

import pytest
import torch

from feint.attacks import L2, PGD, Budget, IterativeACE

START = 0.25


def towards(goal):
    """Highest where the pixel has moved so far; the steps are those of the sign of the distance."""
    return lambda inputs, rows: -(inputs - START - goal).square().flatten(1).sum(dim=1)


def moved(attack, goal, radius, norm=None):
    inputs = torch.full((1, 1), START, dtype=torch.float64)
    budget = Budget(radius) if norm is None else Budget(radius, norm)
    result = attack(towards(goal), inputs, budget)
    return result, float(result.inputs - inputs)


@pytest.mark.parametrize("norm", [None, L2()])
def test_steps_of_pgd_go_two_and_a_half_radii_in_all(norm):
    """Three steps of 0.1 within 0.12: 0.1, 0, 0.1."""
    name = "linf" if norm is None else "l2"
    plain = {"random_start": False, "norm": name}
    result, end = moved(PGD(3, keep="last", **plain), 0.05, 0.12, norm)
    assert end == pytest.approx(0.1)
    assert (result.gradients.item(), result.queries.item()) == (3, 0)
    # Four of 0.075 towards 0.15 within 0.12: 0.075, then the rim, and no further.
    assert moved(PGD(4, keep="last", **plain), 0.5, 0.12, norm)[1] == pytest.approx(0.12)
    assert moved(PGD(4, **plain), 0.07, 0.12, norm)[1] == pytest.approx(0.075)  # the nearest of 0.075, 0, 0.075, 0
    assert moved(PGD(2, reach=1.0, keep="last", **plain), 0.5, 0.12, norm)[1] == pytest.approx(0.12)
    assert moved(PGD(2, reach=0.5, keep="last", **plain), 0.5, 0.12, norm)[1] == pytest.approx(0.06)
    assert moved(PGD(2, step=0.03, keep="last", **plain), 0.5, 0.12, norm)[1] == pytest.approx(0.06)


def test_further_steps_of_iterative_ace_shrink_evenly():
    """Steps of 4, 3, 2 and 1 tenths: 0.4, 0.1, 0.3, 0.2, of which the last is nearest to 0.17."""
    result, end = moved(IterativeACE(4), 0.17, 0.4)
    assert end == pytest.approx(0.2)
    assert (result.gradients.item(), result.accepted.item()) == (4, pytest.approx(0.2))
    assert moved(IterativeACE(4), 0.29, 0.4)[1] == pytest.approx(0.3)
    assert moved(IterativeACE(4), 0.11, 0.4)[1] == pytest.approx(0.1)
    assert moved(IterativeACE(2), 0.11, 0.4)[1] == pytest.approx(0.2)


def test_of_points_that_are_equally_good_iterative_ace_keeps_the_first():
    result, end = moved(IterativeACE(2), 0.375, 0.5)  # 0.5 and 0.25
    assert (end, result.accepted.item()) == (0.5, 0.5)
    result, end = moved(IterativeACE(1), 0.25, 0.5)  # as good as the original
    assert (end, result.accepted.item()) == (0.5, 0.5)
    result, end = moved(IterativeACE(1), 0.2, 0.5)  # worse than the original
    assert (end, result.accepted.item()) == (0.0, 0.0)


def test_momentum_of_iterative_ace_carries_on():
    """The first gradient points up and the second down: with all of the memory there is no direction."""
    plain, carried = (moved(IterativeACE(3, momentum), 0.3, 0.75)[1] for momentum in (0.0, 1.0))
    assert plain == pytest.approx(0.25)  # 0.75, then 0.5 back, then 0.25 forward
    assert carried == pytest.approx(0.5)  # 0.75; up and down together are no direction; then 0.25 back
