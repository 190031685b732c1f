"""Monte Carlo dropout against the reference in conftest: draws, seeds, gradients, modes, copies."""

import copy
import io
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.errors import InputError, NetworkError
from feint.estimators import MCDropout, Softmax
from feint.estimators.dropout import mc_dropout
from feint.measures import mutual_information, predictive_entropy

from .conftest import reference


@pytest.mark.parametrize("keys", [None, torch.tensor([4, 2**40, 0, 7, 6, 5, 11])], ids=["shared", "independent"])
def test_a_draw_is_the_whole_network_once_with_its_masks(network, images, keys):
    estimator = MCDropout(network, draws=5, seed=3, masks="shared" if keys is None else "independent")
    result = estimator(images, torch.arange(7) if keys is None else keys).log_probs
    expected = reference(network, images, 5, seed=3, keys=keys)
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-6)
    assert (result[0] - result[1]).abs().max() > 0.01


def test_what_comes_before_the_first_dropout_is_computed_once(network, images):
    estimator = MCDropout(network, draws=9)
    estimator(images)  # the first call also checks, on a few inputs
    batches, tail = [], []
    network[0].register_forward_hook(lambda module, args, output: batches.append(len(output)))
    network[4].register_forward_hook(lambda module, args, output: tail.append(len(output)))
    estimator(images)
    assert batches == [7]
    assert tail == [9 * 7]


def test_shared_masks_make_predictions_independent_of_batch_position_and_company(network, images):
    estimator = MCDropout(network, draws=4)
    whole = estimator(images).log_probs
    order = torch.tensor([5, 0, 3, 6, 1, 4, 2])
    torch.testing.assert_close(estimator(images[order], order).log_probs, whole[:, order])
    torch.testing.assert_close(estimator(images[2:3]).log_probs, whole[:, 2:3])
    mixed = torch.cat([images[:3], torch.ones(4, 1, 8, 8)])
    assert torch.equal(estimator(mixed).log_probs[:, :3], whole[:, :3])
    twice = estimator(images[:1].expand(5, -1, -1, -1), torch.arange(5)).log_probs
    torch.testing.assert_close(twice, twice[:, :1].expand_as(twice))


def test_independent_masks_are_keyed_by_seed_and_sample(network, images):
    estimator = MCDropout(network, draws=4, masks="independent")
    same = images[:1].expand(5, -1, -1, -1)
    keys = torch.tensor([3, 9, 3, 0, 9])
    drawn = estimator(same, keys).log_probs
    torch.testing.assert_close(drawn[:, 0], drawn[:, 2])
    torch.testing.assert_close(drawn[:, 1], drawn[:, 4])
    assert (drawn[:, 0] - drawn[:, 1]).abs().max() > 0.01
    torch.testing.assert_close(estimator(same[:1], keys[1:2]).log_probs, drawn[:, 1:2])
    torch.testing.assert_close(estimator(same).log_probs, estimator(same, torch.arange(5)).log_probs)
    other = MCDropout(network, draws=4, masks="independent", seed=1)(same, keys).log_probs
    assert (other - drawn).abs().max() > 0.01


def test_same_seed_same_draws_other_seed_others(network, images):
    first = MCDropout(network, draws=3, seed=5)
    again, other = MCDropout(network, draws=3, seed=5), MCDropout(network, draws=3, seed=6)
    assert torch.equal(first(images).log_probs, again(images).log_probs)
    assert (first(images).log_probs - other(images).log_probs).abs().max() > 0.01
    more = MCDropout(network, draws=6, seed=5)(images).log_probs
    torch.testing.assert_close(more[:3], first(images).log_probs)
    first.seed = 6
    assert torch.equal(first(images).log_probs, other(images).log_probs)


def test_no_global_random_numbers_are_used(network, images):
    before = torch.random.get_rng_state()
    MCDropout(network, draws=3)(images)
    assert torch.equal(before, torch.random.get_rng_state())


def test_many_draws_average_to_the_network_without_dropout():
    torch.manual_seed(0)
    linear = nn.Linear(64, 3)
    images = torch.rand(4, 1, 8, 8)
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), linear)
    seen = []
    network.register_forward_hook(lambda module, args, output: seen.append(output))
    MCDropout(network, draws=4000)(images)
    mean = torch.cat(seen[-1:]).view(4000, 4, 3).mean(0)
    torch.testing.assert_close(mean, linear(images.flatten(1)), rtol=0, atol=0.03)


def test_parts_of_a_batch_give_what_the_batch_gives(network, images, monkeypatch):
    expected = MCDropout(network, draws=7)(images).log_probs
    rows, calls = [], []
    network[0].register_forward_hook(lambda module, args, output: calls.append(len(output)))
    network[4].register_forward_hook(lambda module, args, output: rows.append(len(output)))
    row = 8 * 4 * 36 * 4  # bytes: eight times the first activation of one input
    for room, inputs, draws in ((3 * 7, [3, 3, 3], [7, 7, 7]), (7, [1] * 7, [7] * 7), (3, [1] * 21, [3, 3, 1] * 7)):
        monkeypatch.setattr(mc_dropout, "CPU_MEMORY", row * room)  # as many rows fit behind the first dropout
        estimator = MCDropout(network, draws=7)
        estimator(images)
        calls.clear()
        rows.clear()
        torch.testing.assert_close(estimator(images).log_probs, expected, rtol=0, atol=1e-6)
        assert calls == inputs
        assert rows == [count * times for count, times in zip(inputs, draws, strict=True)]
    monkeypatch.setattr(mc_dropout, "CPU_MEMORY", 0)
    torch.testing.assert_close(MCDropout(network, draws=7)(images).log_probs, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("masks", ["shared", "independent"])
def test_parts_keep_every_inputs_own_masks(network, images, masks, monkeypatch):
    samples = torch.tensor([4, 9, 2, 30, 31, 5, 8])
    expected = MCDropout(network, draws=5, masks=masks)(images, samples).log_probs
    monkeypatch.setattr(mc_dropout, "CPU_MEMORY", 8 * 4 * 36 * 4 * 10)
    found = MCDropout(network, draws=5, masks=masks)(images, samples).log_probs
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("measure", [predictive_entropy, mutual_information])
def test_gradients_are_those_of_whole_passes(network, images, measure):
    network, images = network.double(), images.double()
    point = images.clone().requires_grad_()
    (slope,) = torch.autograd.grad(measure(MCDropout(network, draws=4)(point)).sum(), point)
    from feint.predictive import Categorical

    (expected,) = torch.autograd.grad(measure(Categorical(reference(network, point, 4))).sum(), point)
    torch.testing.assert_close(slope, expected)
    assert slope.abs().max() > 0


@pytest.mark.parametrize("masks", ["shared", "independent"])
def test_inference_mode_first_and_autograd_afterwards(network, images, masks):
    estimator = MCDropout(network, draws=3, masks=masks)
    with torch.inference_mode():
        before = estimator(images[:2] + 0, torch.arange(2) + 5).log_probs  # inference tensors, the keys too
    point = images[:2].clone().requires_grad_()
    after = estimator(point, torch.arange(2) + 5).log_probs
    torch.testing.assert_close(after.detach(), before.clone())
    after[..., 0].sum().backward()
    assert point.grad is not None
    assert all(parameter.grad is None for parameter in network.parameters())


def test_modes_and_gradients_are_put_back_also_after_exceptions(network, images):
    network.train()
    network[1].eval()
    network[4].weight.requires_grad_(False)

    def state():
        return [m.training for m in network.modules()], [p.requires_grad for p in network.parameters()]

    before, statistics = state(), network[1].running_mean.clone()
    estimator = MCDropout(network, draws=3)
    estimator(images)
    assert state() == before
    assert torch.equal(network[1].running_mean, statistics)
    with pytest.raises(NetworkError, match=r"for sample 0, got RuntimeError: .*shapes cannot be multiplied"):
        estimator(torch.rand(2, 1, 12, 12))
    assert state() == before
    torch.testing.assert_close(F.dropout(images, 0.5, training=False), images)  # nothing is left switched on


def test_one_draw(network, images):
    result = MCDropout(network, draws=1)(images)
    assert result.draws == 1
    torch.testing.assert_close(result.log_probs, reference(network, images, 1), rtol=0, atol=1e-6)


def test_no_inputs(network):
    assert MCDropout(network, draws=3)(torch.rand(0, 1, 8, 8)).log_probs.shape == (3, 0, 3)


def test_copies_pickles_and_moves(network, images):
    estimator = MCDropout(network, draws=3, seed=4, masks="shared")
    expected = estimator(images).log_probs
    assert torch.equal(copy.deepcopy(estimator)(images).log_probs, expected)
    file = io.BytesIO()
    pickle.dump(estimator, file)
    assert len(file.getvalue()) < 20_000
    assert torch.equal(pickle.loads(file.getvalue())(images).log_probs, expected)
    torch.testing.assert_close(estimator.double()(images.double()).log_probs, expected, rtol=0, atol=1e-5)
    moved = estimator.to("meta")
    assert moved is estimator
    assert next(network.parameters()).device.type == "meta"


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"draws": 0}, "draws: expected at least 1, got 0")],
)
def test_settings(network, settings, message):
    with pytest.raises(InputError, match=message):
        MCDropout(network, **settings)


def test_dropout_that_acts_makes_no_difference_to_softmax(network, images):
    before = Softmax(network)(images).log_probs
    MCDropout(network, draws=3)(images)
    assert torch.equal(before, Softmax(network)(images).log_probs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_masks_are_the_same_on_a_gpu(network, images):
    expected = MCDropout(network, draws=3)(images).log_probs
    estimator = MCDropout(network, draws=3).cuda()
    torch.testing.assert_close(estimator(images.cuda()).log_probs.cpu(), expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(estimator.cpu()(images).log_probs, expected, rtol=0, atol=1e-6)
