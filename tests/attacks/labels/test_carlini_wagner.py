"""CarliniWagner's unbounded coordinates: the change of variables, and its derivative."""

import pytest
import torch

from feint.attacks.labels.carlini_wagner import _outward


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-2.0, 3.0)])
def test_the_derivative_of_the_change_of_variables_is_its_slope(bounds):
    w = torch.tensor([[-3.0, -0.4, 0.0, 1.0, 2.5]], dtype=torch.float64)
    points, slope = _outward(w, bounds)
    step = 1e-6
    measured = (_outward(w + step, bounds)[0] - _outward(w - step, bounds)[0]) / (2 * step)
    torch.testing.assert_close(slope, measured, rtol=1e-7, atol=1e-9)
    assert points[0, 2] == sum(bounds) / 2
    assert ((points > bounds[0]) & (points < bounds[1])).all()


def test_without_bounds_coordinates_are_the_points():
    w = torch.tensor([[-30.0, 0.25]])
    points, slope = _outward(w, None)
    assert torch.equal(points, w)
    assert (slope == 1).all()
