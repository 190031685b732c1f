"""What counts as dropout: functions and every kind of module, against the reference in conftest."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from feint.errors import NetworkError
from feint.estimators import MCDropout

from .conftest import Functional, reference


@pytest.mark.parametrize(
    "call",
    [
        lambda x, module: F.dropout(x, training=module.training),
        lambda x, module: F.dropout(x, 0.5, module.training, True),
        lambda x, module: F.dropout(input=x, p=0.5, training=False),
        lambda x, module: nn.functional.dropout(x, p=0.5, training=True),
        lambda x, module: torch.dropout(x, 0.5, module.training),
        lambda x, module: F.dropout(F.dropout(x, p=0.0), training=False),
    ],
)
def test_dropout_as_a_function_is_caught(call, images):
    torch.manual_seed(0)
    functional = Functional(call)
    as_module = nn.Sequential(nn.Flatten(), functional.first, nn.ReLU(), nn.Dropout(0.5), functional.last)
    expected = reference(as_module, images, 3)
    torch.testing.assert_close(MCDropout(functional, draws=3)(images).log_probs, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("call", [lambda x, module: x, lambda x, module: F.dropout(x, 0.0)], ids=["none", "p=0"])
def test_a_network_in_which_no_dropout_acts_is_an_error_of_one_line(call, images):
    with pytest.raises(
        NetworkError, match=r"found no dropout module or call of torch\.nn\.functional\.dropout"
    ) as caught:
        MCDropout(Functional(call))(images)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dropout", "shape"),
    [(nn.Dropout1d(0.4), (6, 5)), (nn.Dropout2d(0.4), (6, 5, 2)), (nn.Dropout3d(0.4), (6, 5, 2, 2))],
)
def test_whole_channels_are_dropped(dropout, shape):
    torch.manual_seed(0)
    images = torch.rand(3, *shape)
    network = nn.Sequential(dropout, nn.Flatten(), nn.Linear(torch.Size(shape).numel(), 3))
    seen = []
    dropout.register_forward_hook(lambda module, args, output: seen.append(output))
    result = MCDropout(network, draws=20)(images)
    factors = (seen[-1].unflatten(0, (20, 3)) / images).flatten(3).double()
    torch.testing.assert_close(result.log_probs, reference(network, images, 20), rtol=0, atol=1e-6)
    assert (factors.amax(-1) - factors.amin(-1)).max() < 1e-4
    assert factors.round(decimals=4).unique().tolist() == pytest.approx([0, 1 / 0.6], abs=1e-4)


@pytest.mark.parametrize("kind", [nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_alpha_dropout_keeps_mean_and_variance_and_is_torchs_formula(kind):
    torch.manual_seed(0)
    dropout, images, p = kind(0.2), torch.randn(50, 8, 10), 0.2
    outputs = []
    dropout.register_forward_hook(lambda module, args, output: outputs.append(output))
    MCDropout(nn.Sequential(dropout, nn.Flatten(), nn.Linear(80, 3)), draws=200)(images)
    drawn = outputs[-1]
    assert drawn.mean().item() == pytest.approx(0, abs=0.05)
    assert drawn.std().item() == pytest.approx(1, abs=0.05)
    torch.manual_seed(1)
    theirs = kind(p).train()(images[:20])
    dropped = theirs.flatten().mode().values.item()
    assert torch.isclose(drawn, torch.tensor(dropped)).double().mean().item() == pytest.approx(p, abs=0.02)
    scale = ((1 - p) * (1 + p * 1.7580993408473766**2)) ** -0.5
    kept = scale * (images.repeat(200, 1, 1) + p * 1.7580993408473766)
    assert torch.isclose(drawn, kept, atol=1e-6).double().mean().item() == pytest.approx(1 - p, abs=0.02)


@pytest.mark.parametrize("kind", [nn.Dropout, nn.AlphaDropout])
def test_everything_dropped_is_zero(kind, images):
    network = nn.Sequential(nn.Flatten(), kind(1.0), nn.Linear(64, 3))
    result = MCDropout(network, draws=2)(images)
    expected = network[2].bias.double().log_softmax(-1).expand_as(result.log_probs)
    torch.testing.assert_close(result.log_probs, expected)
