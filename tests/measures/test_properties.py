"""What the design states of every measure, for predictions that Hypothesis thinks of."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from feint import measures
from feint.predictive import Categorical

often = settings(deadline=None, derandomize=True, max_examples=40)
BOUNDS = {
    "max_probability": lambda s, c: 1 - 1 / c,
    "margin": lambda s, c: 1.0,
    "predictive_entropy": lambda s, c: math.log(c),
    "expected_entropy": lambda s, c: math.log(c),
    "mutual_information": lambda s, c: math.log(min(s, c)),
    "softmax_variance": lambda s, c: 0.25,
    "variation_ratio": lambda s, c: 1 - 1 / min(s, c),
}
"""By measure: the most that so many draws and classes can come to."""
DRAWS = st.tuples(st.integers(2, 4), st.integers(2, 4)).flatmap(
    lambda shape: st.lists(
        st.lists(st.sampled_from([-400.0, -50.0, -2.0, -0.5, 0.0, 0.1, 3.0]), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


def prediction(logits):
    """One input."""
    return Categorical.from_logits(torch.tensor(logits, dtype=torch.float64).unsqueeze(1))


def value(name, categorical):
    return getattr(measures, name)(categorical).item()


@often
@given(DRAWS)
def test_ranges_and_orders_of_draws_and_classes(logits):
    categorical = prediction(logits)
    for name, bound in BOUNDS.items():
        found = value(name, categorical)
        assert -1e-15 <= found <= bound(len(logits), len(logits[0])) + 1e-12, name
        for other in (logits[::-1], [row[::-1] for row in logits], [[each + 5 for each in row] for row in logits]):
            if name != "variation_ratio":  # of classes that tie one is predicted
                assert value(name, prediction(other)) == pytest.approx(found, rel=1e-9, abs=1e-15), name
        twice = value(name, prediction([*logits, *logits]))
        assert twice == pytest.approx(found, rel=1e-9, abs=1e-15), name


@often
@given(DRAWS)
def test_total_uncertainty_is_that_of_the_draws_and_their_disagreement(logits):
    categorical = prediction(logits)
    total, within, between = (
        value(name, categorical) for name in ("predictive_entropy", "expected_entropy", "mutual_information")
    )
    assert total == pytest.approx(within + between, abs=1e-12)
    assert between <= total * (1 + 1e-12)
    alike = prediction([logits[0]] * 3)
    for name in ("mutual_information", "softmax_variance", "variation_ratio"):
        assert value(name, alike) == pytest.approx(0, abs=1e-15), name
    assert value("predictive_entropy", alike) == pytest.approx(value("expected_entropy", alike))


@often
@given(DRAWS)
def test_doubts_about_labels_leave_one(logits):
    categorical = prediction(logits)
    doubts = [measures.label_doubt(categorical, torch.tensor([label])).item() for label in range(len(logits[0]))]
    assert sum(1 - doubt for doubt in doubts) == pytest.approx(1)
    assert min(doubts) == pytest.approx(value("max_probability", categorical), rel=1e-9)
