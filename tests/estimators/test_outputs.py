"""What networks return, declared."""

import pytest
import torch
from torch import nn

from feint.attacks import ACE, Budget, label_objectives
from feint.errors import NetworkError
from feint.estimators import (
    OUTPUTS,
    DeepEnsemble,
    MCDropout,
    Softmax,
    as_logits,
    doubtful_outputs,
    outputs_warning,
)


def plain(classes=4):
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64, classes)).eval()


class Ends(nn.Module):
    def __init__(self, inner, function):
        super().__init__()
        self.inner, self.function = inner, function

    def forward(self, inputs):
        return self.function(self.inner(inputs))


ENDS = {
    "logits": lambda logits: logits,
    "probabilities": lambda logits: logits.softmax(-1),
    "log-probabilities": lambda logits: logits.log_softmax(-1),
    "sigmoid": lambda logits: logits.sigmoid(),
}
INPUTS = torch.rand(9, 1, 8, 8, generator=torch.Generator().manual_seed(0))
ESTIMATORS = {
    "softmax": Softmax,
    "mc-dropout": lambda network, **settings: MCDropout(network, draws=3, **settings),
    "ensemble": lambda network, **settings: DeepEnsemble([Softmax(network, **settings)] * 2),
}


@pytest.mark.parametrize("kind", ["probabilities", "log-probabilities"])
@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)
def test_a_declared_network_predicts_what_its_logits_would_gradients_too(make, kind):
    declared, expected = make(Ends(plain(), ENDS[kind]), outputs=kind), make(plain())
    torch.testing.assert_close(declared(INPUTS).log_probs, expected(INPUTS).log_probs, rtol=0, atol=1e-6)
    found = []
    for estimator in (declared, expected):
        own = estimator(INPUTS).prediction
        goal = label_objectives.cross_entropy(lambda inputs, rows: estimator(inputs), own)  # noqa: B023
        found.append(ACE()(goal, INPUTS, Budget(0.1)).inputs)
    torch.testing.assert_close(*found)
    assert not torch.equal(found[0], INPUTS)


def test_sigmoids_are_divided_by_their_sum():
    shares = plain()(INPUTS).sigmoid()
    found = Softmax(Ends(plain(), torch.sigmoid), outputs="sigmoid")(INPUTS).log_probs[0].exp()
    torch.testing.assert_close(found, (shares / shares.sum(1, keepdim=True)).double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("shape", [lambda logits: logits.squeeze(1).sigmoid(), torch.sigmoid], ids=["(N,)", "(N, 1)"])
def test_one_sigmoid_is_the_second_of_two_classes(shape):
    found = Softmax(Ends(plain(1), shape), outputs="sigmoid")(INPUTS)
    second = plain(1)(INPUTS).squeeze(1).sigmoid().double()
    torch.testing.assert_close(found.log_probs[0].exp(), torch.stack([1 - second, second], 1), rtol=0, atol=1e-6)


def test_certainty_has_no_gradient_and_is_finite():
    network = Ends(nn.Identity(), lambda inputs: torch.cat([inputs, 1 - inputs], 1))
    inputs = torch.tensor([[1.0], [0.25]], requires_grad=True)
    found = Softmax(network, outputs="probabilities")(inputs).log_probs
    assert found.isfinite().all()
    (slope,) = torch.autograd.grad(found[0, :, 1].exp().sum(), inputs)
    assert slope.isfinite().all()
    assert found[0, 1].exp().tolist() == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("kind", ["probabilities", "sigmoid"])
def test_what_cannot_be_what_was_declared_is_refused(kind):
    with pytest.raises(NetworkError, match=rf"expected {kind} in \[0, 1\], got values from -.*: are they logits\?"):
        Softmax(plain(), outputs=kind)(INPUTS)


def test_logits_need_no_wrapper():
    network = plain()
    assert as_logits(network, "logits") is network
    assert Softmax(network).network is network
    assert repr(as_logits(network, "sigmoid")) != repr(as_logits(network, "probabilities"))


LOOKS = {
    "logits": {"probabilities": "logits", "sigmoid": "logits"},
    "probabilities": {"logits": "probabilities", "log-probabilities": "probabilities"},
    "log-probabilities": {"probabilities": "log-probabilities", "sigmoid": "log-probabilities"},
    "sigmoid": {"logits": "sigmoids", "log-probabilities": "sigmoids", "probabilities": "sigmoids"},
}
"""By what a network returns and what it is declared to: what it looks like. Where it is not there, nothing is odd: the
declaration is right, or the softmax is the same (of logits and log-probabilities, of sigmoids whose sum is 1)."""


@pytest.mark.parametrize("declared", OUTPUTS)
@pytest.mark.parametrize("real", OUTPUTS)
def test_a_wrong_declaration_is_seen_and_a_right_one_is_not(declared, real):
    network = Ends(plain().train(), ENDS[real])
    doubt = outputs_warning(network, INPUTS, declared)
    if declared in LOOKS[real]:
        assert doubt.startswith(f"outputs: declared as {declared}, but look like {LOOKS[real][declared]}: ")
        assert "\n" not in doubt
    else:
        assert doubt is None
    assert network.training


def test_doubts_want_something_to_go_by():
    assert doubtful_outputs(torch.zeros(0, 3)) is None
    assert doubtful_outputs(torch.full((9, 3), float("nan"))) is None
    assert doubtful_outputs(torch.zeros(9, 3)) is None
    assert doubtful_outputs(torch.tensor([[0.2, 0.3]])) is None
    assert doubtful_outputs(torch.rand(9, 1), "sigmoid") is None
    assert "sigmoids" in doubtful_outputs(torch.rand(9, 1))
    assert outputs_warning(Ends(plain(), lambda logits: [logits]), INPUTS) is None
