import math

import pytest
import torch

from feint.attacks import IAA, Budget
from feint.attacks.labels.iaa import perceptual, sensitivity
from feint.errors import AttackError

IMAGE = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.9, 0.6], [0.7, 0.8, 0.5]], dtype=torch.float64)


def distance(attacked, originals, **settings):
    return perceptual((attacked - originals).flatten(1), sensitivity(originals, **settings).flatten(1))


def weighted_sum(weights):
    return lambda inputs, rows: (inputs * weights).flatten(1).sum(1)


def test_sensitivity_by_hand():
    """The middle sees all nine; the corner, reflected, sees rows 1, 0, 1 and columns 1, 0, 1."""
    found = 1 / sensitivity(IMAGE[None, None])[0, 0]
    assert float(found[1, 1]) == pytest.approx(float(IMAGE.std(correction=0)))
    corner = torch.tensor([0.9, 0.4, 0.9, 0.2, 0.1, 0.2, 0.9, 0.4, 0.9], dtype=torch.float64)
    assert float(found[0, 0]) == pytest.approx(float(corner.std(correction=0)))
    edge = torch.tensor([0.4, 0.9, 0.6, 0.1, 0.2, 0.3, 0.4, 0.9, 0.6], dtype=torch.float64)
    assert float(found[0, 1]) == pytest.approx(float(edge.std(correction=0)))


def test_flat_neighbourhoods_have_the_floor_and_channels_are_apart():
    images = torch.stack([torch.full((5, 5), 0.3), torch.rand(5, 5, generator=torch.Generator().manual_seed(0))])[None]
    found = sensitivity(images, floor=0.01)
    torch.testing.assert_close(found[:, 0], torch.full((1, 5, 5), 100.0))
    torch.testing.assert_close(found[:, 1], sensitivity(images[:, 1:], floor=0.01)[:, 0])


def test_pixels_go_in_the_order_of_gradient_times_sd():
    images, weights = IMAGE[None, None], torch.linspace(1.0, -0.8, 9, dtype=torch.float64).reshape(1, 1, 3, 3)
    order = (weights / sensitivity(images)).abs().flatten().argsort(descending=True)
    taken = []
    for rounds in range(1, 5):
        # Each pixel would be stepped again and again; steps as wide as the bounds saturate it at once.
        result = IAA(pixels=1, delta=1.0, rounds=rounds)(weighted_sum(weights), images, Budget(1e6))
        taken.append(set((result.inputs != images).flatten().nonzero().squeeze(1).tolist()))
    assert taken == [set(order[:k].tolist()) for k in range(1, 5)]
    moved = result.inputs != images
    assert torch.equal(result.inputs[moved], (weights[moved] > 0).double())


def test_the_same_pixel_is_stepped_until_it_saturates():
    images, weights = IMAGE[None, None], torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    weights[0, 0, 1, 1], weights[0, 0, 0, 0] = 1.0, 1e-3
    attack = IAA(pixels=2, delta=0.04, rounds=50)
    result = attack(weighted_sum(weights), images, Budget(1e6))
    expected = images.clone()
    expected[0, 0, 1, 1] = expected[0, 0, 0, 0] = 1.0
    torch.testing.assert_close(result.inputs, expected)
    # 23 steps of .04 from .1 to 1, and a round that finds nothing left.
    assert result.gradients.tolist() == [24]


def test_the_step_that_would_pass_the_budget_is_not_taken():
    images, weights = IMAGE[None, None], torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    weights[0, 0, 0, 0] = -1.0
    weight = float(sensitivity(images)[0, 0, 0, 0])
    for steps in (0, 1, 4):
        limit = (steps + 0.9) * 0.01 * weight
        result = IAA(pixels=1, delta=0.01)(weighted_sum(weights), images, Budget(limit))
        assert float(result.inputs[0, 0, 0, 0]) == pytest.approx(0.1 - steps * 0.01)
        assert float(result.radius) == pytest.approx(steps * 0.01 * weight)
        assert float(result.radius) == pytest.approx(float(distance(result.inputs, images)))


def test_distance_is_measured_from_the_original():
    """A pixel that goes to and fro spends nothing: the attack still ends, by its rounds."""
    images = torch.full((1, 1, 3, 3), 0.5, dtype=torch.float64)
    result = IAA(pixels=9, delta=0.1, rounds=7)(
        lambda x, rows: -(x - 0.45).abs().flatten(1).sum(1), images, Budget(1e6)
    )
    assert result.gradients.tolist() == [7]
    torch.testing.assert_close(result.inputs, torch.full_like(images, 0.4))
    assert float(result.radius) == pytest.approx(9 * 0.1 * 255)


def test_stops_at_the_first_round_where_the_condition_holds():
    images, weights = torch.stack([IMAGE, IMAGE - 0.1, IMAGE + 0.1])[:, None], torch.zeros(1, 1, 3, 3).double()
    weights[0, 0, 0, 1] = 1.0
    condition = lambda x, rows: x[:, 0, 0, 1] >= 0.299  # noqa: E731
    result = IAA(pixels=1, delta=0.05)(weighted_sum(weights), images, Budget(0.5), condition)
    assert result.feasible.tolist() == [True, False, True]
    torch.testing.assert_close(result.inputs[:, 0, 0, 1], torch.tensor([0.3, 0.1, 0.3], dtype=torch.float64))
    assert torch.equal(result.inputs[1:], images[1:])
    assert result.gradients.tolist()[2] == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pixels": 0}, "pixels"),
        ({"rounds": 0}, "rounds"),
        ({"neighbourhood": 4}, "odd"),
        ({"delta": math.nan}, "delta"),
        ({"floor": 0.0}, "floor"),
    ],
)
def test_settings(settings, message):
    with pytest.raises(AttackError, match=message):
        IAA(**settings)


@pytest.mark.parametrize("shape", [(2, 9), (2, 1, 1, 5)])
def test_expects_pictures(shape):
    with pytest.raises(AttackError, match="expects pictures"):
        IAA()(lambda x, rows: x.flatten(1).sum(1), torch.zeros(shape), Budget(1.0))


def test_read_literally_only_pixels_to_be_raised_count():
    images, weights = IMAGE[None, None], torch.linspace(0.4, -1.0, 9, dtype=torch.float64).reshape(1, 1, 3, 3)
    order = (weights / sensitivity(images)).flatten().argsort(descending=True)
    for rounds in (1, 2):
        result = IAA(pixels=1, delta=1.0, rounds=rounds, signed=True)(weighted_sum(weights), images, Budget(1e6))
        assert set((result.inputs != images).flatten().nonzero().squeeze(1).tolist()) == set(order[:rounds].tolist())
    attack = IAA(pixels=9, delta=0.1, signed=True)
    raised = attack(weighted_sum(weights), images, Budget(1e6)).inputs
    assert torch.equal(raised[weights <= 0], images[weights <= 0])
    assert (raised[weights > 0] == 1).all()


def test_the_distance_as_a_mean():
    images, weights = IMAGE[None, None], torch.linspace(1.0, -0.8, 9, dtype=torch.float64).reshape(1, 1, 3, 3)
    attack = IAA(pixels=2, delta=0.05)
    total = attack(weighted_sum(weights), images, Budget(2.7))
    mean = IAA(pixels=2, delta=0.05, mean=True)(weighted_sum(weights), images, Budget(0.3))
    assert 0 < mean.radius <= 0.3
    assert torch.equal(mean.inputs, total.inputs)
    torch.testing.assert_close(mean.radius, total.radius / 9)
