import pytest
import torch
from torch import nn

from feint.errors import InputError, NetworkError
from feint.estimators import Softmax, frozen, predict


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3))


def test_is_the_softmax_of_the_network_in_eval_mode(network):
    images = torch.rand(5, 3, 2, 2)
    network.train()
    result = Softmax(network)(images)
    torch.testing.assert_close(result.log_probs[0], network.eval()(images).double().log_softmax(-1))
    assert result.native is None


def test_temperature_flattens_and_keeps_the_prediction(network):
    images = torch.rand(50, 3, 2, 2)
    plain, warm = Softmax(network)(images), Softmax(network, temperature=3.0)(images)
    assert torch.equal(plain.prediction, warm.prediction)
    assert (warm.mean_log_probs.amax(-1) < plain.mean_log_probs.amax(-1)).all()
    with pytest.raises(InputError, match="temperature: expected a finite number above 0, got 0"):
        Softmax(network, temperature=0.0)


def test_leaves_modes_and_gradients_as_they_were(network):
    network.train()
    network[2].eval()
    network[1].weight.requires_grad_(False)
    before = [module.training for module in network.modules()], [p.requires_grad for p in network.parameters()]
    Softmax(network)(torch.rand(5, 3, 2, 2))
    assert before == ([m.training for m in network.modules()], [p.requires_grad for p in network.parameters()])
    with frozen(network):
        assert not any(module.training for module in network.modules())
    with pytest.raises(NetworkError, match=r"for sample 0, got RuntimeError: .*shapes cannot be multiplied"):
        Softmax(network)(torch.rand(5, 3, 2, 1))
    assert before == ([m.training for m in network.modules()], [p.requires_grad for p in network.parameters()])


def test_gradients_reach_the_inputs_and_not_the_weights(network):
    images = torch.rand(5, 3, 2, 2, requires_grad=True)
    Softmax(network)(images).mean_log_probs[:, 0].sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda x: x, r"shape \(N, C\) with C >= 2: for 5 inputs came \(5, 3, 2, 2\)"),
        (lambda x: x.flatten(1)[:, :1], r"came \(5, 1\)"),
        (lambda x: x.flatten(1)[:3], r"came \(3, 12\)"),
        (lambda x: x.flatten(1) / 0, "5 of 5 inputs gave NaN or infinity"),
        (lambda x: (x,), "a tuple"),
        (lambda x: x.flatten(1).long(), "torch.int64 tensor"),
    ],
)
def test_what_is_no_logits_is_refused(output, message):
    class Odd(nn.Module):
        def forward(self, x):
            return output(x)

    with pytest.raises(NetworkError, match=message):
        Softmax(Odd())(torch.rand(5, 3, 2, 2))


def test_predict_is_the_same_in_any_number_of_batches_and_usable_by_autograd(network):
    estimator, images = Softmax(network), torch.rand(10, 3, 2, 2)
    whole, cut = predict(estimator, images), predict(estimator, images, batch_size=4)
    torch.testing.assert_close(whole.log_probs, cut.log_probs)
    assert torch.equal(predict(estimator, images[3:], batch_size=4).log_probs, cut.log_probs[:, 3:])
    weight = torch.ones(1, requires_grad=True)
    (whole.mean_log_probs * weight).sum().backward()
