"""Thresholds calibrated on clean inputs: small cases that can be counted by hand, ties among them."""

import pytest
import torch

from feint.metrics.thresholds import at_threshold, threshold_at_coverage, threshold_at_risk, threshold_damage

CERTAIN_FIRST = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5], dtype=torch.float64)


def wrong(*positions, of=5):
    return torch.tensor([position in positions for position in range(of)])


@pytest.mark.parametrize(
    ("coverage", "threshold"), [(0.01, 0.1), (0.2, 0.1), (0.21, 0.2), (0.5, 0.3), (0.9, 0.5), (1.0, 0.5)]
)
def test_coverage_is_rounded_up(coverage, threshold):
    assert threshold_at_coverage(CERTAIN_FIRST.flip(0), coverage) == threshold


@pytest.mark.parametrize("coverage", [0.5, 0.7, 0.9])
def test_whole_numbers_of_inputs_are_not_rounded_up(coverage):
    for count in range(10, 2001, 10):
        scores = torch.arange(1, count + 1, dtype=torch.float64)
        assert threshold_at_coverage(scores, coverage) == round(coverage * count)


def test_equals_of_the_last_one_are_answered_too():
    scores = torch.tensor([0.1, 0.3, 0.3, 0.3, 0.9], dtype=torch.float64)
    threshold = threshold_at_coverage(scores, 0.4)
    assert threshold == 0.3
    assert at_threshold(scores, wrong(3), threshold) == {"coverage": 0.8, "risk": 0.25}


def test_the_highest_threshold_within_a_risk():
    # Wrong: the third. Error rates after each: 0, 0, 1/3, 1/4, 1/5.
    assert threshold_at_risk(CERTAIN_FIRST, wrong(2), 0.2) == 0.5
    assert threshold_at_risk(CERTAIN_FIRST, wrong(2), 0.19) == 0.2
    assert threshold_at_risk(CERTAIN_FIRST.flip(0), wrong(2), 0.19) == 0.2


def test_equals_are_answered_together_or_not_at_all():
    scores = torch.tensor([0.1, 0.3, 0.3], dtype=torch.float64)
    for last in (1, 2):  # whichever of the two equals is the wrong one: with both answered one of three is
        errors = torch.tensor([position == last for position in range(3)])
        assert threshold_at_risk(scores, errors, 0.1) == 0.1
        assert threshold_at_risk(scores, errors, 0.34) == 0.3


def test_no_threshold_keeps_a_risk_that_the_most_certain_break():
    assert threshold_at_risk(CERTAIN_FIRST, wrong(0, 1, 2, 3, 4), 0.5) is None
    assert threshold_at_risk(torch.full((4,), 0.5).double(), wrong(0, of=4), 0.2) is None


def test_nothing_answered_has_no_risk():
    assert at_threshold(CERTAIN_FIRST, wrong(0), 0.05) == {"coverage": 0.0, "risk": None}


def test_damage():
    clean = (CERTAIN_FIRST, wrong(4))
    turned = (CERTAIN_FIRST.flip(0), wrong(4))
    pushed_out = (CERTAIN_FIRST + 1, wrong(4))
    found = threshold_damage(clean, {0.1: turned, 0.2: pushed_out}, coverages=[0.8], risks=[0.0, 0.2])
    assert [(row["calibrated_to"], row["value"], row["threshold"]) for row in found] == [
        ("coverage", 0.8, 0.4),
        ("risk", 0.0, 0.4),
        ("risk", 0.2, 0.5),
    ]
    assert found[0]["clean"] == {"coverage": 0.8, "risk": 0.0}
    assert found[0]["attacked"] == [
        {"radius": 0.1, "coverage": 0.8, "risk": 0.25},
        {"radius": 0.2, "coverage": 0.0, "risk": None},
    ]


def test_a_risk_that_no_threshold_keeps_is_left_out():
    found = threshold_damage((CERTAIN_FIRST, wrong(0, 1, 2, 3, 4)), {}, coverages=[0.5], risks=[0.01])
    assert [row["calibrated_to"] for row in found] == ["coverage"]
