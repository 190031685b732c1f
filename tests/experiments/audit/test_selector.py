"""Coverage and risk of a selector, on inputs counted by hand."""

import pytest
import torch

from feint.experiments.audit.selector import halved, selection

WRONG = torch.tensor([False, True, False, False, True, False])
CLEAN = torch.tensor([0.1, 0.5, 0.3, 0.6, 0.9, 0.2], dtype=torch.float64)
ATTACKED = torch.tensor([0.7, 0.2, 0.8, 0.9, 0.1, 0.6], dtype=torch.float64)


def test_an_attack_on_the_selector_by_hand():
    found = selection((CLEAN, WRONG), {0.1: (ATTACKED, WRONG)}, coverage=0.5, seed=3)
    clean, (attacked,) = found["clean"], found["attacked"]
    # Clean, four of six are answered (0.5 is), one of them wrong; attacked two, both wrong, and of the best four two.
    assert (clean["coverage"], clean["risk"], clean["selective_risk"]) == (4 / 6, 1 / 4, 1 / 4)
    assert (attacked["radius"], attacked["coverage"], attacked["risk"]) == (0.1, 2 / 6, 1)
    assert attacked["selective_risk"] == 2 / 4


def test_each_half_is_judged_at_the_threshold_of_the_other():
    assert halved(6, 4).tolist() == [True, True, True, False, False, False]
    found = selection((CLEAN, WRONG), {0.1: (ATTACKED, WRONG)}, coverage=0.5, seed=4)
    # Two of three are at least a half: of 0.1, 0.5, 0.3 and of 0.6, 0.9, 0.2.
    assert found["calibrated_thresholds"] == [0.3, 0.6]
    assert found["calibrated_coverages"] == [3 / 3, 1 / 3]  # together as wanted, though neither is
    # Clean, the first half (at 0.6) answers all three, one of them wrong, the second (at 0.3) its 0.2.
    assert found["clean"]["calibrated"] == {"coverage": 4 / 6, "risk": 1 / 4}
    # Attacked, of 0.7, 0.2, 0.8 the second is answered, of 0.9, 0.1, 0.6 the second too; both are wrong.
    assert found["attacked"][0]["calibrated"] == {"coverage": 2 / 6, "risk": 1}


def test_a_selector_that_answers_nothing_has_no_risk():
    found = selection((CLEAN * 0 + 0.9, WRONG), {0.1: (ATTACKED, WRONG)}, coverage=1.0, seed=0)
    assert found["clean"] == {
        "coverage": 0,
        "risk": None,
        "selective_risk": None,
        "calibrated": {"coverage": 1, "risk": pytest.approx(2 / 6)},
    }
    assert found["attacked"][0]["selective_risk"] is None


def test_a_single_input_calibrates_nothing():
    found = selection((CLEAN[:1], WRONG[:1]), {}, coverage=0.7, seed=0)
    assert (found["calibrated_thresholds"], found["clean"]["calibrated"]) == (None, None)
    assert found["calibrated_coverages"] is None


def test_the_halves_are_drawn_anew_with_another_seed():
    assert torch.equal(halved(100, 1), halved(100, 1))
    assert not torch.equal(halved(100, 1), halved(100, 2))
