import math

import pytest
import torch

from feint import measures
from feint.errors import NotApplicable
from feint.measures.complement import complemented
from feint.predictive import Categorical


def two_draws(first, second):
    return Categorical(torch.tensor([[first], [second]], dtype=torch.float64).log())


def test_two_point_distribution():
    categorical = two_draws([0.9, 0.1], [0.5, 0.5])
    mean = [0.7, 0.3]
    total = -sum(p * math.log(p) for p in mean)
    within = 0.5 * (-(0.9 * math.log(0.9) + 0.1 * math.log(0.1)) + math.log(2))
    expected = {
        "max_probability": 0.3,
        "predictive_entropy": total,
        "expected_entropy": within,
        "mutual_information": total - within,
        "softmax_variance": 0.04,
        "variation_ratio": 0.0,
        "margin": 0.6,
    }
    for name, value in expected.items():
        assert getattr(measures, name)(categorical).item() == pytest.approx(value, abs=1e-12), name


def test_variation_ratio_counts_votes():
    assert measures.variation_ratio(two_draws([0.9, 0.1], [0.2, 0.8])).item() == 0.5


def test_label_doubt_of_another_label():
    assert measures.label_doubt(two_draws([0.9, 0.1], [0.5, 0.5]), torch.tensor([1])).item() == pytest.approx(0.7)


@pytest.mark.parametrize("name", ["mutual_information", "softmax_variance", "variation_ratio"])
def test_comparing_draws_takes_draws(name):
    with pytest.raises(NotApplicable, match=f"{name}.*at least 2 draws, got 1"):
        getattr(measures, name)(Categorical.from_logits(torch.zeros(3, 4)))


def test_native():
    with pytest.raises(NotApplicable):
        measures.native(Categorical.from_logits(torch.zeros(3, 4)))
    own = torch.tensor([1.0, 2.0, 3.0])
    assert torch.equal(measures.native(Categorical(torch.zeros(1, 3, 2), own)), own)


def test_every_row_is_complemented_at_its_own_largest():
    log_probs = torch.tensor([[0.0, -46.0], [-45.0, 0.0], [0.0, -44.0]], dtype=torch.float64)
    expected = log_probs.clone()
    expected[[0, 1, 2], [0, 1, 0]] = -torch.tensor([46.0, 45.0, 44.0], dtype=torch.float64).neg().exp()
    torch.testing.assert_close(complemented(log_probs), expected, rtol=1e-12, atol=0)


def test_confidences_that_are_1_in_float32_keep_their_order():
    logits = torch.stack([torch.linspace(20, 60, 100), torch.zeros(100)], dim=1)
    doubt = measures.max_probability(Categorical.from_logits(logits))
    assert (doubt.diff() < 0).all()
