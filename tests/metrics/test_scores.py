import math

import pytest
import torch

from feint import metrics
from feint.errors import InputError


def predictions(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(40, 5, generator=generator, dtype=torch.float64) * 3
    return logits.log_softmax(dim=1), torch.randint(5, (40,), generator=generator)


def test_nll_is_the_mean_and_infinite_where_impossible() -> None:
    assert metrics.nll(torch.tensor([-1.0, -3.0])) == 2
    assert metrics.nll(torch.tensor([-1.0, -torch.inf])) == math.inf
    assert math.copysign(1, metrics.nll(torch.zeros(2))) == 1
    assert metrics.nll(torch.tensor([1e-7])) == 0


def test_brier_is_the_squared_distance() -> None:
    log_probs, labels = predictions()
    wanted = (log_probs.exp() - torch.nn.functional.one_hot(labels, 5)).square().sum(dim=1)
    torch.testing.assert_close(metrics.brier_terms(log_probs, labels), wanted)
    torch.testing.assert_close(metrics.brier_terms(log_probs, labels, "mean"), wanted / 5)
    assert metrics.brier(log_probs.requires_grad_(), labels) == pytest.approx(float(wanted.mean()))


def test_brier_knows_certain_and_impossible() -> None:
    log_probs = torch.tensor([[0.0, -torch.inf]])
    assert metrics.brier(log_probs, torch.tensor([0])) == 0
    assert metrics.brier(log_probs, torch.tensor([1])) == 2


def test_brier_terms_are_differentiable() -> None:
    logits = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    labels = torch.tensor([0, 1, 3])
    assert torch.autograd.gradcheck(lambda x: metrics.brier_terms(x.log_softmax(1), labels), [logits])


@pytest.mark.parametrize(
    ("log_probs", "labels", "message"),
    [
        (torch.full((2, 2), 0.5), torch.tensor([0, 1]), "sum to 1 in each row, got sums from 3.297"),
        (torch.full((2, 2), torch.nan), torch.tensor([0, 1]), "sum to 1"),
        (torch.full((2, 2), 0.5).log(), torch.tensor([0, 2]), "classes 0 to 1, got 0 to 2"),
        (torch.full((2, 2), 0.5).log(), torch.tensor([0]), "one per prediction, 2, got 1"),
        (torch.full((2, 2), 0.5).log(), torch.tensor([0.0, 1.0]), "expected integers"),
        (torch.full((2, 2), 0.5).log(), torch.tensor([[0], [1]]), r"labels: expected integers of shape \(N,\), got"),
        (torch.full((2, 2), 0.5).log(), torch.tensor([True, False]), "expected integers"),
        (torch.full((2,), 0.5).log(), torch.tensor([0, 1]), r"shape \(N, C\), got float32 of shape \(2,\)"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), "at least one input"),
    ],
)
@pytest.mark.usefixtures("as_shipped")
def test_brier_bad_input(log_probs: torch.Tensor, labels: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metrics.brier(log_probs, labels)


@pytest.mark.usefixtures("as_shipped")
def test_unknown_reduction() -> None:
    with pytest.raises(InputError, match="'sum' or 'mean', got 'max'"):
        metrics.brier(*predictions(), "max")  # pyright: ignore


def test_probabilities_are_no_log_probabilities() -> None:
    with pytest.raises(InputError, match=r"at most 0, got 0\.5"):
        metrics.nll(torch.tensor([0.5]))
