import math

import pytest
import torch
from torch import nn

from feint.errors import InputError
from feint.estimators import SNGP
from feint.estimators.sngp.estimator import mean_field_logits
from feint.estimators.sngp.laplace import Laplace
from feint.estimators.sngp.random_features import RandomFourierFeatures


def build(seed=0, **settings):
    torch.manual_seed(seed)
    features = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 4))
    return SNGP(features, 3, (3,), **{"random_features": 24, "length_scale": 0.7} | settings)


def trained(**settings):
    """An epoch's calls without an optimizer: what is gathered is known."""
    sngp = build(**settings)
    generator = torch.Generator().manual_seed(5)
    inputs, labels = torch.rand(50, 3, generator=generator), torch.arange(50) % 3
    for rows in torch.arange(50).split(16):
        sngp.step(inputs[rows].to(sngp.output.weight.dtype), labels[rows])
    sngp.end_epoch()
    return sngp, inputs


@pytest.mark.parametrize("likelihood", ["gaussian", "softmax"])
def test_the_variance_is_that_of_the_direct_inverse(likelihood):
    sngp, inputs = trained(likelihood=likelihood, coefficient=1e6, ridge=0.3)
    with torch.no_grad():
        phi = sngp._random(inputs).double()
        p = (phi @ sngp.output.weight.double().T).softmax(1)
        points = torch.rand(7, 3, generator=torch.Generator().manual_seed(9)) * 4 - 2
        at = sngp._random(points).double()
        weights = torch.ones(50, 1, dtype=torch.float64) if likelihood == "gaussian" else p * (1 - p)
        for group, weight in enumerate(weights.unbind(1)):
            precision = 0.3 * torch.eye(24, dtype=torch.float64) + phi.T @ torch.diag(weight) @ phi
            expected = (at @ torch.linalg.inv(precision) * at).sum(1)
            torch.testing.assert_close(
                sngp.laplace.variance(at.float())[:, group].double(), expected, rtol=1e-4, atol=1e-6
            )
        variance = sngp.laplace.variance(at.float())
        logits = (at.float() @ sngp.output.weight.T) / (1 + math.pi / 8 * variance).sqrt()
        result = sngp(points)
    torch.testing.assert_close(result.log_probs[0], logits.double().log_softmax(1), rtol=0, atol=1e-6)
    torch.testing.assert_close(result.native, 3 / (3 + logits.double().exp().sum(1)), rtol=1e-6, atol=0)


def test_precision_is_that_of_one_epoch_and_inverted_at_its_end():
    sngp, inputs = trained(coefficient=1e6)
    before, root = sngp.laplace.precision.clone(), sngp.laplace.root.clone()
    sngp.step(inputs, torch.arange(50) % 3)
    assert torch.equal(sngp.laplace.root, root)  # what predicts is the last whole epoch's
    sngp.end_epoch()
    torch.testing.assert_close(sngp.laplace.precision, before)  # the same inputs, and not added to those before
    sngp.end_epoch()  # nothing gathered
    torch.testing.assert_close(sngp.laplace.precision, before)


@pytest.mark.parametrize("likelihood", ["gaussian", "softmax"])
def test_gradients_go_through_the_variance(likelihood):
    sngp = trained(likelihood=likelihood, ridge=0.2, mean_field=5.0)[0].double()
    point = (torch.rand(2, 3, generator=torch.Generator().manual_seed(3)) * 2).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: sngp.laplace.variance(sngp._random(x)), point)
    assert torch.autograd.gradcheck(lambda x: sngp(x).log_probs, point)
    assert torch.autograd.gradcheck(lambda x: sngp(x).native, point)
    # Cut off, as in the released code, the gradient would be another one.
    random = sngp._random(point)
    cut = mean_field_logits(sngp.output(random), sngp.laplace.variance(random).detach(), 5.0)
    (partial,) = torch.autograd.grad(cut.log_softmax(1)[:, 0].sum(), point)
    (whole,) = torch.autograd.grad(sngp(point).log_probs[0, :, 0].sum(), point)
    assert (partial - whole).abs().max() > 0.01 * whole.abs().max()


def test_the_prior_is_standard_normal_unless_said():
    sngp = build()
    assert torch.equal(sngp.laplace.precision, torch.eye(24).expand_as(sngp.laplace.precision))
    assert sngp.mean_field == math.pi / 8
    assert SNGP(nn.Linear(3, 6), 3, (3,)).output.in_features == 1024


def test_the_variance_is_the_priors_before_any_data_and_smaller_after():
    laplace = Laplace(8, 1, ridge=2.0)
    phi = torch.rand(5, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(laplace.variance(phi), phi.square().sum(1, keepdim=True) / 2)
    laplace.gather(phi, torch.ones(5, 1))
    laplace.settle()
    assert (laplace.variance(phi) < phi.square().sum(1, keepdim=True) / 2).all()


def test_random_features_stand_for_the_kernel():
    torch.manual_seed(0)
    points = torch.randn(20, 5)
    phi = RandomFourierFeatures(5, 8192, length_scale=1.7)(points)
    expected = torch.exp(-torch.cdist(points, points).square() / (2 * 1.7**2))
    torch.testing.assert_close(phi @ phi.T, expected, rtol=0, atol=0.05)


def test_rows_are_orthogonal_within_a_block():
    torch.manual_seed(0)
    weight = RandomFourierFeatures(6, 15, 1.0).weight
    directions = weight / weight.norm(dim=1, keepdim=True)
    for block in directions.split(6):
        torch.testing.assert_close(block @ block.T, torch.eye(len(block)), rtol=0, atol=1e-5)


def test_begin_measures_the_length_scale_where_none_is_given():
    class Data:
        shape = (3,)

        def __len__(self):
            return 40

        def gather(self, positions):
            rows = torch.tensor(list(positions))
            return torch.rand(40, 3, generator=torch.Generator().manual_seed(2))[rows], rows % 3, rows

    fixed, measured = build(), build(length_scale=None)
    fixed.begin(Data())
    measured.begin(Data())
    assert fixed.random.length_scale == pytest.approx(0.7)
    with torch.no_grad():
        features = measured.features(Data().gather(range(40))[0])
    assert float(measured.random.length_scale) == pytest.approx(float(torch.pdist(features).mean()), rel=1e-5)


def test_a_variance_flattens_the_prediction_by_its_factor():
    mean, variance = torch.tensor([[2.0, -1.0]]), torch.tensor([[3.0]])
    torch.testing.assert_close(mean_field_logits(mean, variance, 0.0), mean)
    torch.testing.assert_close(mean_field_logits(mean, variance, 25.0), mean / math.sqrt(76))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"random_features": 0}, "random_features: expected at least 1, got 0"),
        ({"length_scale": 0.0}, "length_scale: expected None or a finite number above 0, got 0.0"),
        ({"ridge": 0.0}, "ridge: expected a finite number above 0, got 0.0"),
        ({"mean_field": -1.0}, "mean_field: expected a finite number, 0 or more, got -1.0"),
        ({"likelihood": "other"}, "likelihood: expected 'gaussian' or 'softmax', got 'other'"),
        ({"coefficient": 0.0}, "coefficient: expected a finite number above 0, got 0.0"),
    ],
)
def test_settings_out_of_range(setting, message):
    with pytest.raises(InputError, match=message):
        build(**setting)
