import math

import pytest
import torch
from torch import nn

from feint.errors import DataError, InputError, NetworkError
from feint.estimators import DUQ
from feint.estimators.duq import two_sided


def plane(**settings):
    """Two classes, embeddings of length 2 that are the input itself and its negative."""
    duq = DUQ(nn.Flatten(), 2, (2,), **{"length": 2, "sigma": 0.5, "penalty": 0.0} | settings)
    with torch.no_grad():
        duq.weight.copy_(torch.stack([torch.eye(2), -torch.eye(2)]))
        duq.count.copy_(torch.tensor([2.0, 4.0]))
        duq.total.copy_(torch.tensor([[2.0, 0.0], [0.0, -4.0]]))
    return duq


def test_kernels_by_hand():
    # Centroids (1, 0) and (0, -1); the input (1, 1) is embedded at (1, 1) and (-1, -1).
    result = plane()(torch.tensor([[1.0, 1.0]]))
    distances = torch.tensor([(0 + 1) / 2, (1 + 0) / 2], dtype=torch.float64) / (2 * 0.25)
    torch.testing.assert_close(result.log_probs, (-distances).log_softmax(0).view(1, 1, 2))
    torch.testing.assert_close(result.native, torch.tensor([1 - math.exp(-1)], dtype=torch.float64))


def test_centroids_move_as_they_do_by_hand():
    duq = plane(gamma=0.9)
    inputs = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    duq.step(inputs, torch.tensor([0, 1, 0]))
    duq.after_step()
    # Class 0 has two inputs, embedded as they are, whose sum is (6, 8); class 1 has one, at (-3, -4).
    torch.testing.assert_close(duq.count, torch.tensor([0.9 * 2 + 0.1 * 2, 0.9 * 4 + 0.1 * 1]))
    torch.testing.assert_close(duq.total, torch.tensor([[0.9 * 2 + 0.1 * 6, 0.1 * 8], [0.1 * -3, 0.9 * -4 + 0.1 * -4]]))
    torch.testing.assert_close(duq.centroids, duq.total / torch.tensor([[2.0], [3.7]]))
    before = duq.total.clone()
    duq.after_step()  # no step in between
    assert torch.equal(duq.total, before)


def test_the_loss_is_the_binary_cross_entropy_of_the_kernels():
    duq = plane()
    inputs, labels = torch.tensor([[1.0, 1.0], [0.5, -0.2], [1.2, 0.3]]), torch.tensor([0, 1, 0])
    squares = torch.stack([(inputs - torch.tensor([1.0, 0.0])), (-inputs - torch.tensor([0.0, -1.0]))], 1).square()
    kernels = torch.exp(-squares.mean(2) / (2 * 0.25))
    expected = nn.functional.binary_cross_entropy(kernels, torch.eye(2)[labels])
    torch.testing.assert_close(duq.step(inputs, labels), expected)


def test_kernels_of_zero_keep_their_slope():
    duq = plane(sigma=0.01)
    inputs = torch.tensor([[40.0, 40.0]])
    loss = duq.step(inputs, torch.tensor([0]))
    (slope,) = torch.autograd.grad(loss, duq.weight)
    assert torch.isfinite(slope).all()
    assert slope[0].abs().min() > 0


def test_two_sided_penalty_by_hand():
    inputs = torch.tensor([[3.0, 4.0], [0.0, 1.0]], requires_grad=True)
    values = inputs.square().sum(1) / 2  # whose gradient is the input, of norms 5 and 1
    torch.testing.assert_close(two_sided(values, inputs, "norm"), torch.tensor((4.0**2 + 0) / 2))
    torch.testing.assert_close(two_sided(values, inputs, "square"), torch.tensor((24.0**2 + 0) / 2))
    flat = (0 * inputs).sum(1)
    for form in ("norm", "square"):  # two-sided: no slope at all is penalised, too
        torch.testing.assert_close(two_sided(flat, inputs, form), torch.tensor(1.0))


@pytest.mark.parametrize("form", ["norm", "square"])
def test_the_penalty_is_that_of_the_kernels_sum(form):
    plain, duq = plane(), plane(penalty=0.3, penalised=form)
    inputs, labels = torch.tensor([[1.0, 1.0], [0.5, -0.2]]), torch.tensor([0, 1])
    point = inputs.clone().requires_grad_()
    kernels = torch.exp(plain._compared(plain._embeddings(point)))
    size = torch.autograd.grad(kernels.sum(), point)[0].norm(dim=1) ** (2 if form == "square" else 1)
    expected = plain.step(inputs, labels) + 0.3 * (size - 1).square().mean()
    torch.testing.assert_close(duq.step(inputs, labels), expected)
    (slope,) = torch.autograd.grad(duq.step(inputs, labels), duq.weight)  # through the gradient's gradient
    (without,) = torch.autograd.grad(plain.step(inputs, labels), plain.weight)
    assert not torch.allclose(slope, without)


def test_batch_normalisation_counts_each_batch_once():
    torch.manual_seed(0)
    features = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())
    duq, alone = DUQ(features, 2, (3,), length=5), nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    alone.load_state_dict({name: value for name, value in features.state_dict().items()})
    inputs, labels = torch.rand(6, 3), torch.tensor([0, 1, 0, 1, 1, 0])
    duq.train()
    for _ in range(3):
        duq.step(inputs, labels).backward()
        duq.after_step()
        alone(inputs)
    torch.testing.assert_close(features[1].running_mean, alone[1].running_mean)
    torch.testing.assert_close(features[1].running_var, alone[1].running_var)
    assert features[1].num_batches_tracked == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"sigma": 0.0}, "sigma: expected a finite number above 0, got 0.0"),
        ({"gamma": 1.0}, r"gamma: expected a number in \[0, 1\), got 1.0"),
        ({"length": 0}, "length: expected at least 1, got 0"),
        ({"count": -1.0}, "count: expected a finite number above 0, got -1.0"),
        ({"penalty": -0.1}, "penalty: expected a finite number, 0 or more, got -0.1"),
    ],
)
def test_settings_out_of_range(setting, message):
    with pytest.raises(InputError, match=message):
        DUQ(nn.Flatten(), 2, (2,), **setting)


def test_an_embedding_may_be_a_single_number():
    found = DUQ(nn.Flatten(), 2, (2,), length=1)(torch.rand(3, 2), torch.arange(3))
    assert found.log_probs.shape[-2:] == (3, 2)


def test_inputs_and_labels_that_do_not_fit():
    with pytest.raises(NetworkError, match=r"features: expected a network for inputs of shape \(3,\)"):
        DUQ(nn.Linear(2, 2), 2, (3,))
    with pytest.raises(NetworkError, match=r"features: expected shape \(N, D\), got \(2, 3, 4\) for 2 inputs"):
        DUQ(nn.Identity(), 2, (3, 4))
    with pytest.raises(DataError, match="labels: expected 0 to 1, as there are 2 classes, got 0 to 2"):
        plane().step(torch.zeros(2, 2), torch.tensor([0, 2]))


def test_its_surprise_is_its_loss_at_the_class_that_it_predicts():
    duq = plane()
    inputs = torch.tensor([[1.0, 1.0], [0.5, -0.2], [1.2, 0.3], [-0.4, 0.9]])
    own = duq(inputs).prediction
    assert len(own.unique()) == 2
    expected = torch.stack([duq.step(inputs[at : at + 1], own[at : at + 1]) for at in range(4)]).double()
    torch.testing.assert_close(duq.surprise(inputs), expected, rtol=1e-5, atol=1e-6)
    points = inputs.clone().requires_grad_()
    (slope,) = torch.autograd.grad(duq.surprise(points).sum(), points)
    assert (slope.abs().amax(1) > 0).all()


def test_its_surprise_has_a_slope_where_all_kernels_round_to_zero():
    duq = plane(sigma=0.01)
    points = torch.tensor([[40.0, 40.0]], requires_grad=True)
    assert duq(points).native.item() == 1
    (slope,) = torch.autograd.grad(duq.surprise(points).sum(), points)
    assert slope.abs().max() > 0


def test_without_a_step_no_centroid_moves():
    duq = plane()
    before = duq.centroids.clone()
    duq.after_step()
    assert torch.equal(duq.centroids, before)
