"""A network that raises, or says NaN, of one input: every estimator names the network and the input."""

import math
import sys

import pytest
import torch
from torch import nn

from feint.errors import NetworkError
from feint.estimators import DUE, DUQ, SNGP, MCDropout, SelectiveNet, Softmax, predict

BAD = 0.75


class Brittle(nn.Module):
    """Fails at inputs that begin with a number of their own."""

    def __init__(self, inner, fails):
        super().__init__()
        self.inner, self.fails = inner, fails

    def forward(self, inputs):
        found = self.inner(inputs.flatten(1))
        for row in (inputs.flatten(1)[:, 0] == BAD).nonzero().flatten().tolist():
            found = self.fails(found, row)
        return found


def raises(found, row):
    raise ValueError("no such thing")


def leaves(found, row):
    sys.exit(3)


def says_nan(found, row):
    return found + torch.full_like(found, math.nan) * (torch.arange(len(found)) == row)[:, None]


def features():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU())


def logits():
    return nn.Sequential(features(), nn.Dropout(0.5), nn.Linear(6, 3))


ESTIMATORS = {
    "softmax": lambda fails: Softmax(Brittle(logits(), fails)),
    "mc-dropout": lambda fails: MCDropout(Brittle(logits(), fails), draws=2),
    "selective-net": lambda fails: SelectiveNet(Brittle(logits(), fails)),
    "duq": lambda fails: DUQ(Brittle(features(), fails), 3, (4,)),
    "sngp": lambda fails: SNGP(Brittle(features(), fails), 3, (4,)),
    "due": lambda fails: DUE(Brittle(features(), fails), 3, (4,)),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("fails", "told"),
    [
        (raises, "mine: expected logits for sample 15, got ValueError: no such thing"),
        (leaves, "mine: expected logits for sample 15, got SystemExit: 3"),
        (says_nan, r"mine: .*NaN.*, first for sample 15"),
    ],
)
def test_the_network_and_the_input_are_named(name, fails, told):
    if name == "due":
        pytest.importorskip("gpytorch")
    if name == "selective-net" and fails is says_nan:
        told = "ends in a linear layer"  # it does not, then
    estimator = ESTIMATORS[name](fails)
    estimator.called = "mine"
    inputs = torch.rand(7, 4, generator=torch.Generator().manual_seed(0)) / 2
    inputs[5, 0] = BAD
    with pytest.raises(NetworkError, match=told):
        predict(estimator, inputs, torch.arange(10, 17), batch_size=7)


def raises_with_gradients(found, row):
    return raises(found, row) if torch.is_grad_enabled() else found


def raises_in_company(found, row):
    return raises(found, row) if len(found) > 1 else found


@pytest.mark.parametrize("fails", [raises_with_gradients, raises_in_company])
def test_what_fails_only_with_gradients_or_in_company_is_named_too(fails):
    estimator = Softmax(Brittle(logits(), fails))
    estimator.called = "mine"
    inputs = torch.rand(7, 4, generator=torch.Generator().manual_seed(0)) / 2
    inputs[5, 0] = BAD
    with pytest.raises(NetworkError, match="mine: expected logits for sample 15, got ValueError: no such thing"):
        estimator(inputs.requires_grad_(), torch.arange(10, 17))
