"""Post-hoc scores where everything is known: Gaussians by hand, four neighbours, and the logarithm of a sum."""

import math

import pytest
import torch
from torch import nn

from feint.attacks import ACE, Budget
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.estimators import KNN, Energy, Mahalanobis, MaxLogit
from feint.measures import native


class Points:
    """Points in the plane as images of two pixels."""

    shape = (1, 1, 2)

    def __init__(self, points, labels):
        self.images = torch.tensor(points, dtype=torch.float64).view(-1, *self.shape)
        self.labels = torch.tensor(labels)

    def __len__(self):
        return len(self.labels)

    def gather(self, positions):
        rows = torch.tensor(list(positions))
        return self.images[rows], self.labels[rows], rows


def plane(classes=2):
    """Two features, which are the pixels; the logits are linear in them."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(2, classes)).double()


def at(*points):
    return Points(points, [0] * len(points)).images


def test_energy_and_maximum_logit_by_hand():
    network = nn.Flatten()  # its logits are its pixels
    point = at((math.log(3), math.log(5)))
    for temperature in (0.5, 1.0, 4.0):
        expected = -temperature * math.log(3 ** (1 / temperature) + 5 ** (1 / temperature))
        found = Energy(network, temperature)(point)
        assert found.native.item() == pytest.approx(expected, rel=1e-14)
        torch.testing.assert_close(found.log_probs.exp()[0, 0], torch.tensor([3 / 8, 5 / 8], dtype=torch.float64))
    assert MaxLogit(network)(point).native.item() == pytest.approx(-math.log(5), rel=1e-14)
    assert Energy(network, 1e-3)(point).native.item() == pytest.approx(-math.log(5), rel=1e-14)


def test_both_see_what_the_probabilities_do_not():
    network, point = nn.Flatten(), at((0.2, 0.7), (1.2, 1.7))
    for score in (Energy(network), MaxLogit(network)):
        near, far = score(point).native
        assert near - far == pytest.approx(1, abs=1e-14)  # logits that are larger by 1: as familiar, more energy
        torch.testing.assert_close(score(point).log_probs[0, 0], score(point).log_probs[0, 1])


CROSSES = Points(
    # Around (0, 0) and (10, 0), spread 2 in the first feature and 1/2 in the second: Sigma = diag(2, 1/8).
    [(2, 0), (-2, 0), (0, 0.5), (0, -0.5), (12, 0), (8, 0), (10, 0.5), (10, -0.5)],
    [0, 0, 0, 0, 1, 1, 1, 1],
)


def test_mahalanobis_of_two_gaussians_by_hand():
    score = Mahalanobis(plane())
    score.fit(CROSSES)
    for point, expected in {
        (0, 0): 0.0,
        (10, 0): 0.0,
        (2, 0): 4 / 2,
        (0, 0.5): 0.25 / 0.125,
        (5, 0): 25 / 2,
        (-3, 1): 9 / 2 + 1 / 0.125,
        (11, 2): 1 / 2 + 4 / 0.125,
    }.items():
        assert score(at(point)).native.item() == pytest.approx(expected, abs=1e-12), point


def test_mahalanobis_does_not_care_for_an_affine_change_of_its_features():
    turn = nn.Sequential(nn.Flatten(), nn.Linear(2, 2), nn.Linear(2, 2)).double()
    with torch.no_grad():
        turn[1].weight.copy_(torch.tensor([[1.0, 2.0], [-0.5, 3.0]]))
    plain, turned = Mahalanobis(plane()), Mahalanobis(turn)
    plain.fit(CROSSES)
    turned.fit(CROSSES)
    points = torch.rand(20, 1, 1, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 20 - 5
    torch.testing.assert_close(turned(points).native, plain(points).native, rtol=1e-9, atol=1e-9)


def test_a_feature_that_never_varies_does_not_count():
    score = Mahalanobis(plane())
    score.fit(Points([(1, 3), (3, 3), (11, 3), (13, 3)], [0, 0, 1, 1]))
    assert score(at((5, 3))).native.item() == pytest.approx(9, abs=1e-12)
    assert score(at((5, 99))).native.item() == pytest.approx(9, abs=1e-12)


def test_the_step_goes_towards_the_nearest_class():
    score = Mahalanobis(plane(), preprocessing=0.25)
    score.fit(CROSSES)
    # (3, -1) moves to (2.75, -0.75); the gradient is that of the distance there.
    point = at((3, -1)).requires_grad_()
    found = score(point).native
    assert found.item() == pytest.approx(2.75**2 / 2 + 0.75**2 / 0.125, rel=1e-12)
    (slope,) = torch.autograd.grad(found, point)
    torch.testing.assert_close(slope.flatten(), torch.tensor([2.75, -2 * 0.75 / 0.125], dtype=torch.float64))


def test_knn_among_four():
    directions = [(1, 0), (3, 0), (0, 2), (-5, 0)]  # at unit length: east twice, north, west
    for k, expected in {1: 0.0, 2: 0.0, 3: math.sqrt(2), 4: 2.0}.items():
        score = KNN(plane(), k=k)
        score.fit(Points(directions, [0, 1, 0, 1]))
        assert score(at((7, 0))).native.item() == pytest.approx(expected, abs=1e-14), k
        aslant = {1: math.sqrt(2 - math.sqrt(2)), 2: math.sqrt(2 - math.sqrt(2))}.get(k)
        if aslant is not None:
            assert score(at((0.1, 0.1))).native.item() == pytest.approx(aslant, rel=1e-14)


def test_at_a_known_image_the_gradient_of_knn_is_zero():
    score = KNN(plane(), k=1)
    score.fit(Points([(1, 2), (3, -1)], [0, 1]))
    point = at((1, 2)).requires_grad_()
    (slope,) = torch.autograd.grad(score(point).native.sum(), point)
    assert torch.equal(slope, torch.zeros_like(slope))


def test_ace_on_the_energy_of_a_linear_network():
    """All logits fall alike: the energy rises by the radius times the sum of the weights, and no label changes."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2)).double()
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[1.0, 2.0], [1.0, 2.0]]))
        network[1].bias.copy_(torch.tensor([1.0, 0.0]))
    score, point = Energy(network), at((0.5, 0.5))
    before, right = score(point), torch.tensor([0])

    def ask(inputs, rows):
        return score(inputs)

    objective = disrupt_confidence(lambda inputs, rows: native(ask(inputs, rows)), before.prediction == right)
    found = ACE()(objective, point, Budget(0.1), keeps_label(ask, before.prediction))
    torch.testing.assert_close(found.inputs.flatten(), torch.tensor([0.4, 0.4], dtype=torch.float64))
    after = score(found.inputs)
    assert (after.native - before.native).item() == pytest.approx(0.1 * 3, rel=1e-6)
    torch.testing.assert_close(after.log_probs, before.log_probs)
