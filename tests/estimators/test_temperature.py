import math

import pytest
import torch
import torch.nn.functional as F

from feint.errors import InputError
from feint.estimators import fit_temperature
from feint.estimators.temperature import HIGHEST, LOWEST


@pytest.mark.parametrize("scale", [0.3, 1.0, 7.0])
def test_is_the_best_of_all_temperatures(scale):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(400, 6, generator=generator) * 2
    labels = torch.distributions.Categorical(logits=logits).sample()
    found = fit_temperature(logits * scale, labels)
    grid = torch.logspace(-1.5, 1.5, 4001, dtype=torch.float64)
    losses = [F.cross_entropy(logits.double() * scale / temperature, labels).item() for temperature in grid]
    best = grid[int(torch.tensor(losses).argmin())].item()
    assert found == pytest.approx(best, rel=2e-3)
    assert F.cross_entropy(logits.double() * scale / found, labels).item() <= min(losses) + 1e-12


@pytest.mark.parametrize(("right", "gap"), [(3, 2.0), (2, 0.7), (3, 30.0)])
def test_two_classes_of_equal_margins_are_solved_in_closed_form(right, gap):
    """Right in k of 4 cases, each with the same gap between logits: gap / T = log(k / (4 - k))."""
    logits = torch.tensor([[gap, 0.0]] * 4)
    labels = torch.tensor([0] * right + [1] * (4 - right))
    expected = HIGHEST if right == 2 else gap / math.log(right / (4 - right))
    assert fit_temperature(logits, labels) == pytest.approx(expected, rel=1e-5)


def test_stays_between_its_bounds_where_the_best_is_at_infinity():
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    assert LOWEST <= fit_temperature(logits, torch.tensor([0, 1])) < 0.1  # from there on the loss is exactly 0
    assert fit_temperature(logits, torch.tensor([1, 0])) == pytest.approx(HIGHEST, rel=1e-3)


def test_a_scaled_network_gets_a_scaled_temperature():
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(200, 4, generator=generator), torch.randint(4, (200,), generator=generator)
    labels[:120] = logits[:120].argmax(1)
    assert fit_temperature(3 * logits, labels) == pytest.approx(3 * fit_temperature(logits, labels), rel=1e-5)


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64), r"got \(0, 2\)"),
        (torch.zeros(2, 2), torch.tensor([0, 2]), "labels 0 to 1, got 0 to 2"),
        (torch.zeros(2, 2), torch.tensor([-100, 1]), "got -100 to 1"),
        (torch.full((2, 2), float("nan")), torch.tensor([0, 1]), "finite logits"),
    ],
)
def test_bad_input_is_refused(logits, labels, message):
    with pytest.raises(InputError, match=message):
        fit_temperature(logits, labels)
