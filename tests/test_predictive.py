import pytest
import torch

from feint.errors import InputError
from feint.predictive import Categorical, concatenate, pool


def test_mean_is_the_mean_of_probabilities():
    log_probs = torch.randn(4, 6, 3, dtype=torch.float64).log_softmax(-1)
    torch.testing.assert_close(Categorical(log_probs).mean_log_probs.exp(), log_probs.exp().mean(0))


def test_pool_joins_draws_and_concatenate_joins_inputs():
    one, two = (Categorical.from_logits(torch.randn(5, 3)) for _ in range(2))
    assert pool([one, two]).log_probs.shape == (2, 5, 3)
    assert concatenate([one, two]).log_probs.shape == (1, 10, 3)
    assert len(concatenate([one, two])[7:]) == 3


def test_native_is_cut_and_joined_along():
    one = Categorical(torch.zeros(1, 3, 2), torch.tensor([1.0, 2.0, 3.0]))
    assert concatenate([one, one[1:]]).native.tolist() == [1, 2, 3, 2, 3]
    assert pool([one, one]).native is None


@pytest.mark.parametrize("join", [pool, concatenate])
def test_nothing_cannot_be_joined(join):
    with pytest.raises(InputError, match="at least one prediction, got none"):
        join([])


def test_differentiable_in_the_logits():
    logits = torch.randn(2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: Categorical.from_logits(z).mean_log_probs, logits)


def test_a_class_that_no_draw_thinks_possible_has_no_gradient_and_stays_impossible():
    logs = torch.tensor([[[0.0, -torch.inf, -torch.inf]], [[0.5, 0.5, 0.0]]], dtype=torch.float64)
    logs[1] = logs[1].log()
    logs.requires_grad_()
    mean = Categorical(logs).mean_log_probs
    torch.testing.assert_close(mean.exp(), torch.tensor([[0.75, 0.25, 0.0]], dtype=torch.float64))
    assert mean[0, 2] == -torch.inf
    (slope,) = torch.autograd.grad(mean.exp().sum(), logs)
    torch.testing.assert_close(slope, logs.exp() / 2)
