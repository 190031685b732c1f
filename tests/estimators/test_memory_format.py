"""Networks on the CPU get images with the channels last in memory, where they can take it."""

import copy
import pickle

import pytest
import torch
from torch import nn

from feint.estimators import MCDropout, Softmax
from feint.estimators.memory_format import LARGEST


class Recording(nn.Module):
    """A small convolutional network; keeps the format and the size of what it was given."""

    def __init__(self, channels=3, flatten=lambda x: x.flatten(1)):
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.dropout = nn.Conv2d(channels, 4, 3), nn.Dropout(0.5)
        self.linear, self.flatten, self.seen = nn.Linear(144, 5), flatten, []

    def forward(self, x):
        self.seen.append((len(x), x.stride(1) == 1))
        return self.linear(self.dropout(self.flatten(torch.relu(self.convolution(x)))))


def images(channels=3, count=7):
    return torch.rand(count, channels, 8, 8, generator=torch.Generator().manual_seed(1))


def gradient(predict, inputs):
    point = inputs.clone().requires_grad_()
    return torch.autograd.grad(predict(point)[..., 0].sum(), point)[0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("build", [Softmax, lambda network: MCDropout(network, draws=3)], ids=["softmax", "dropout"])
def test_a_convolutional_network_gets_channels_last_and_the_caller_nothing_of_it(build, channels):
    network, inputs = Recording(channels), images(channels)
    estimator, before = build(network), inputs.clone()
    estimator(inputs)
    assert network.seen[-1] == (7, True)
    tried = len(network.seen)
    estimator(inputs[:3])
    assert network.seen[tried:] == [(3, True)]
    assert torch.equal(inputs, before)
    assert inputs.stride() == before.stride()
    slope = gradient(lambda x: estimator(x).mean_log_probs, inputs)
    assert slope.view(7, -1).abs().sum() > 0


@pytest.mark.parametrize("channels", [1, 3])
def test_predictions_and_gradients_are_those_of_the_network(channels):
    network, inputs = Recording(channels).eval(), images(channels)
    estimator = Softmax(network)
    expected = network(inputs).double().log_softmax(-1)
    torch.testing.assert_close(estimator(inputs).log_probs[0], expected, rtol=0, atol=1e-6)
    slope = gradient(lambda x: network(x).log_softmax(-1), inputs)
    torch.testing.assert_close(gradient(lambda x: estimator(x).log_probs, inputs), slope, rtol=1e-4, atol=1e-6)


class Backwards(torch.autograd.Function):
    """Flattens as `reshape` does, with a gradient that only knows contiguous inputs."""

    @staticmethod
    def forward(ctx, x):
        ctx.contiguous = x.is_contiguous()
        return x.reshape(len(x), -1)

    @staticmethod
    def backward(ctx, slope):
        if not ctx.contiguous:
            raise ValueError("not contiguous")
        return slope.reshape(-1, 4, 6, 6)


@pytest.mark.parametrize(
    "flatten",
    [
        lambda x: x.view(len(x), -1),
        lambda x: x.as_strided((len(x), 144), (144, 1)),  # raises nothing, but mixes the pixels up
        Backwards.apply,
    ],
    ids=["raises", "differs", "raises backward"],
)
def test_a_network_that_cannot_take_it_is_called_as_before(flatten):
    network, inputs = Recording(flatten=flatten).eval(), images()
    estimator = Softmax(network)
    result = estimator(inputs)
    assert torch.equal(result.log_probs[0], network(inputs).double().log_softmax(-1))
    tried = len(network.seen)
    estimator(inputs)
    gradient(lambda x: estimator(x).log_probs, inputs)
    assert network.seen[tried:] == [(7, False)] * 2
    draws = MCDropout(network, draws=3)(inputs)
    expected = MCDropout(Recording(), draws=3)(inputs)
    torch.testing.assert_close(draws.log_probs, expected.log_probs, rtol=0, atol=1e-6)


def test_an_exported_program_of_one_batch_size_is_called_as_before():
    network, inputs = Recording().eval(), images()
    program = torch.export.export(network, (inputs,)).module()
    torch.testing.assert_close(Softmax(program)(inputs).log_probs, Softmax(network)(inputs).log_probs)


def test_no_other_network_and_no_other_inputs_are_touched():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(192, 5))
    assert Softmax(flat)(images()).log_probs.shape == (1, 7, 5)
    network = Recording()
    network.unused = nn.Conv2d(LARGEST // 9 // 8 + 1, 8, 3)
    Softmax(network)(images())
    assert network.seen == [(7, False)]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
@pytest.mark.parametrize("build", [Softmax, MCDropout])
def test_copies_and_pickles_leave_behind_what_was_tried(build, again):
    estimator = build(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Dropout(0.5), nn.Linear(144, 5)))
    expected = estimator(images())
    assert estimator._format._taken
    other = again(estimator)
    assert not other._format._taken
    assert torch.equal(other(images()).log_probs, expected.log_probs)
