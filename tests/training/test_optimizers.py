"""Optimizers are torch's own to the bit, and import no compiler."""

import sys

import pytest
import torch
from tests import warm
from torch import nn

from feint.errors import InputError
from feint.training import Recipe
from feint.training.optimizers import optimizer_of

TORCHS = {
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.1, weight_decay=0.01),
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.9, weight_decay=0.01),
}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))


@pytest.mark.parametrize("name", TORCHS)
def test_steps_and_states_are_torchs(name):
    ours, theirs = network(), network()
    recipe = Recipe(optimizer=name, learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    found, expected = optimizer_of(ours, recipe), TORCHS[name](theirs.parameters())
    for at in range(6):
        if at == 3:  # a state is taken up again
            again = optimizer_of(ours, recipe)
            again.load_state_dict(found.state_dict())
            found = again
        inputs = torch.randn(7, 5, generator=torch.Generator().manual_seed(at))
        for module, optimizer in ((ours, found), (theirs, expected)):
            optimizer.param_groups[0]["lr"] = 0.1 / (at + 1)
            optimizer.zero_grad()
            module(inputs).square().sum().backward()
            optimizer.step()
        assert all(torch.equal(one, other) for one, other in zip(ours.parameters(), theirs.parameters(), strict=True))
        assert all(weight.requires_grad for weight in ours.parameters())
    assert repr(found.state_dict()) == repr(expected.state_dict())


def test_nothing_to_train_is_an_error():
    with pytest.raises(InputError, match="parameters that require gradients"):
        optimizer_of(nn.Flatten(), Recipe())


def test_training_imports_no_compiler(tmp_path):
    code = """
import sys
import feint
from torch import nn
train = feint.data.load("digits", split="train")
network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
feint.training.fit(network, train, recipe=feint.training.Recipe(epochs=1), progress=False)
print("torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    assert warm.run([sys.executable, "-c", code], tmp_path).stdout == "False False\n"
