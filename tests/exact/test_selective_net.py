"""SelectiveNet where everything is known: its loss on a batch counted by hand, and ACE on a linear selector."""

import math

import pytest
import torch
from torch import nn

from feint.attacks import ACE, Backtracking, Budget
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.estimators import SelectiveNet, selective_loss
from feint.measures import label_doubt, native


def only(layer, weight, bias):
    """A layer with nothing in it but its first unit's weights and bias."""
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
        layer.weight.view(-1, layer.weight.shape[-1])[0, : len(weight)] = torch.as_tensor(weight, dtype=torch.float64)
        layer.bias[0] = bias


@pytest.mark.parametrize(("divided", "risk"), [(True, 2.5 / 1.5), (False, 2.5 / 2)])
@pytest.mark.parametrize(("coverage", "short"), [(0.75, 0.0), (0.5, 0.0), (1.0, 0.25)])
def test_the_loss_by_hand_in_both_forms(divided, risk, coverage, short):
    # Losses 1 and 3, selected by 1 and 1/2: 1 + 3/2 of 2, at a coverage of 3/4.
    losses, selection = torch.tensor([1.0, 3.0], dtype=torch.float64), torch.tensor([1.0, 0.5], dtype=torch.float64)
    found = selective_loss(losses, selection, coverage=coverage, penalty=32.0, divided=divided)
    assert found.item() == pytest.approx(risk + 32 * short**2, rel=1e-14)


def test_nothing_selected_is_all_penalty():
    selection = torch.full((4,), -200.0).sigmoid()
    assert selection.max() == 0
    assert selective_loss(torch.ones(4), selection, coverage=0.5, penalty=32.0).item() == 8


@pytest.mark.parametrize("damping", [1.0, 10.0])
@pytest.mark.parametrize("divided", [True, False])
def test_a_step_by_hand(divided, damping):
    # Inputs 0 and 2, which batch normalisation makes -1 and 1, are selected by 1/4 and 3/4: mean 1/2. Of their labels f
    # says 1/2 and 1/4 (losses ln 2 and 2 ln 2), and h 1/8 in both cases.
    selective = SelectiveNet(nn.Linear(1, 2), coverage=0.7, alpha=0.25, divided=divided, damping=damping).double()
    hidden, last = selective.selector["hidden"], selective.selector["last"]
    only(hidden[0], [1.0], 0.0)
    only(last, [damping * math.log(3) * math.sqrt(1 + hidden[2].eps)], 0.0)
    only(selective.network, [math.log(3) / 2], 0.0)
    only(selective.auxiliary, [0.0], math.log(7))
    loss = selective.train().step(torch.tensor([[0.0], [2.0]], dtype=torch.float64), torch.tensor([1, 1]))
    risk = (0.25 * 1 + 0.75 * 2) / 2 * math.log(2) / (0.5 if divided else 1)
    assert loss.item() == pytest.approx(0.25 * (risk + 32 * 0.2**2) + 0.75 * math.log(8), rel=1e-9)


COLUMNS = 30


def linear_selective_net():
    """f and the logit z of g are linear: the selector's one unit is far from where its ReLU bends."""
    generator = torch.Generator().manual_seed(0)
    difference, slope = torch.randn(2, COLUMNS, generator=generator, dtype=torch.float64)
    selective = SelectiveNet(nn.Linear(COLUMNS, 2)).double().eval()
    only(selective.network, difference, 0.3)
    only(selective.selector["hidden"][0], slope, 1000.0)
    only(selective.selector["last"], [math.sqrt(1 + selective.selector["hidden"][2].eps)], -999.8)
    points = torch.randn(200, COLUMNS, generator=generator, dtype=torch.float64)
    return selective, difference, slope, points


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("epsilon", [0.01, 0.1, 0.5])
def test_ace_on_the_selector_of_a_linear_model(direct, epsilon):
    selective, difference, slope, points = linear_selective_net()
    own, clean = selective(points).prediction, selective(points).native
    right = torch.rand(200, generator=torch.Generator().manual_seed(1)) < 0.7
    torch.testing.assert_close(clean, torch.sigmoid(-(points @ slope + 0.2)))

    def uncertainty(inputs, rows):
        categorical = selective(inputs, rows)
        return native(categorical) if direct else label_doubt(categorical, own[rows])

    found = ACE(Backtracking(decay=0.5, tries=60))(
        disrupt_confidence(uncertainty, right),
        points,
        Budget(epsilon, bounds=None),
        keeps_label(selective, own),
    )

    # One step against the sign of what makes it sure where it is right, along it where it is wrong.
    side = torch.where(own == 0, 1.0, -1.0).double()
    confident = slope.sign().expand(200, -1) if direct else side[:, None] * difference.sign()
    step = torch.where(right, -1.0, 1.0).double()[:, None] * confident
    margin, lost = side * (points @ difference + 0.3), -side * (step @ difference)
    accepted = torch.full((200,), epsilon, dtype=torch.float64)
    while (over := accepted * lost >= margin).any():
        accepted[over] /= 2
    assert torch.equal(found.accepted.double(), accepted)
    assert (accepted < epsilon).any() or epsilon < 0.1
    expected = torch.sigmoid(-((points + accepted[:, None] * step) @ slope + 0.2))
    torch.testing.assert_close(selective(found.inputs).native, expected)
    assert torch.equal(selective(found.inputs).prediction, own)
    if direct:  # the logit of 1 - g moves by |slope|_1 a unit of radius
        moved = torch.logit(selective(found.inputs).native) - torch.logit(clean)
        up = torch.where(right, 1.0, -1.0).double()
        torch.testing.assert_close(moved, up * accepted * slope.abs().sum(), rtol=1e-5, atol=1e-5)
