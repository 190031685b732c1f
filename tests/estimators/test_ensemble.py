import copy

import pytest
import torch
from torch import nn

from feint.errors import InputError
from feint.estimators import DeepEnsemble, MCDropout, Softmax
from feint.measures import mutual_information
from feint.predictive import Categorical


def network(seed, classes=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Dropout(0.4), nn.ReLU(), nn.Linear(8, classes))


@pytest.fixture
def images():
    return torch.rand(5, 3, 2, 2, generator=torch.Generator().manual_seed(1))


def test_averaging_probabilities_keeps_every_members_draw(images):
    members = [Softmax(network(seed)) for seed in range(3)]
    result = DeepEnsemble(members)(images)
    assert result.draws == 3
    probabilities = torch.stack([member.network.eval()(images).double().softmax(-1) for member in members])
    torch.testing.assert_close(result.mean_log_probs.exp(), probabilities.mean(0))
    assert mutual_information(result).min() > 0


def test_averaging_logits_is_the_normalised_geometric_mean(images):
    members = [Softmax(network(seed)) for seed in range(3)]
    result = DeepEnsemble(members, average="logit")(images)
    assert result.draws == 1
    logits = torch.stack([member.network.eval()(images).double() for member in members])
    torch.testing.assert_close(result.log_probs[0], logits.mean(0).log_softmax(-1))
    product = logits.softmax(-1).prod(0) ** (1 / 3)
    torch.testing.assert_close(result.log_probs[0].exp(), product / product.sum(-1, keepdim=True))


def test_members_with_draws_give_members_times_draws(images):
    members = [MCDropout(network(seed), draws=4, seed=seed) for seed in range(3)]
    result = DeepEnsemble(members)(images)
    assert result.draws == 12
    for index, member in enumerate(members):
        assert torch.equal(result.log_probs[4 * index : 4 * index + 4], member(images).log_probs)
    geometric = DeepEnsemble(members, average="logit")(images)
    means = torch.stack([member(images).mean_log_probs for member in members])
    torch.testing.assert_close(geometric.log_probs[0], means.mean(0).log_softmax(-1))


def test_members_get_the_samples_that_key_their_masks(images):
    member = MCDropout(network(0), draws=4, masks="independent")
    samples = torch.tensor([5, 3, 8, 1, 0])
    assert torch.equal(DeepEnsemble([member])(images, samples).log_probs, member(images, samples).log_probs)


def test_ensembles_of_ensembles(images):
    inner = [DeepEnsemble([Softmax(network(seed)), Softmax(network(seed + 1))]) for seed in (0, 2)]
    flat = DeepEnsemble([Softmax(network(seed)) for seed in range(4)])
    assert torch.equal(DeepEnsemble(inner)(images).log_probs, flat(images).log_probs)


def test_members_of_unequal_draws_weigh_the_same_only_where_logits_are_averaged(images):
    members = [MCDropout(network(0), draws=2), Softmax(network(1))]
    with pytest.raises(InputError, match=r"equally many draws, got \[2, 1\]"):
        DeepEnsemble(members)(images)
    assert DeepEnsemble(members, average="logit")(images).draws == 1


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_members_of_other_classes_are_refused(images, average):
    with pytest.raises(InputError, match=r"same classes, got \[3, 4\] classes"):
        DeepEnsemble([Softmax(network(0)), Softmax(network(1, classes=4))], average=average)(images)


def test_bare_networks_are_refused():
    with pytest.raises(InputError, match=r"such as feint.Softmax\(network\), got a Sequential, which takes no samples"):
        DeepEnsemble([network(0), network(1)])


def test_no_members_and_members_that_are_no_modules_are_refused():
    with pytest.raises(InputError, match=r"at least one member.*got none"):
        DeepEnsemble([])

    def estimator(inputs, samples=None):
        return Categorical.from_logits(inputs.flatten(1))

    with pytest.raises(InputError, match="torch modules, got Softmax, function"):
        DeepEnsemble([Softmax(network(0)), estimator])


def test_is_one_module_with_its_members(images):
    ensemble = DeepEnsemble([Softmax(network(seed)) for seed in range(2)])
    assert len(list(ensemble.parameters())) == 8
    expected = ensemble(images).log_probs
    assert torch.equal(copy.deepcopy(ensemble)(images).log_probs, expected)
    torch.testing.assert_close(ensemble.double()(images.double()).log_probs, expected, rtol=0, atol=1e-6)
    other = DeepEnsemble([Softmax(network(seed)) for seed in (5, 6)]).double()
    other.load_state_dict(ensemble.state_dict())
    assert torch.equal(other(images.double()).log_probs, ensemble(images.double()).log_probs)
