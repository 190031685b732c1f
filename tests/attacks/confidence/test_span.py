import pytest
import torch

from feint.attacks import ACE, Budget, IterativeACE, span


@pytest.mark.parametrize("attack", [ACE(), IterativeACE(3)])
def test_low_clean_high(attack):
    """|x - 0.5| near 0.5: a single step from 0.4 runs over the lowest point, several find it or keep what they had."""
    doubt = lambda x, rows: (x - 0.5).abs().sum(1) + 0.1  # noqa: E731
    inputs = torch.linspace(0, 1, 21).unsqueeze(1)
    found = span(doubt, inputs, Budget(0.15), lambda x, rows: x[:, 0] > 0.2, attack=attack, batch_size=8)
    assert (found.low <= found.clean).all()
    assert (found.clean <= found.high).all()
    torch.testing.assert_close(found.clean, doubt(inputs, None).double())
    assert torch.equal(found.low[:1], found.clean[:1]), "the condition holds nowhere near 0"
    assert (found.queries >= 2).all()


def test_a_monotone_uncertainty_spans_the_budget():
    found = span(lambda x, rows: x.sum(1), torch.full((2, 1), 0.5), Budget(0.1), attack=ACE())
    torch.testing.assert_close(found.low, torch.full((2,), 0.4).double())
    torch.testing.assert_close(found.high, torch.full((2,), 0.6).double())
    assert (found.gradients == 2).all()
