"""Coverage and risk of a selector, on inputs counted by hand."""

import pytest
import torch

from feint.experiments.audit.selector import calibrating, selection

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
    held = calibrating(6, 3)
    assert found["calibrated_on"] == int(held.sum()) == 3
    assert found["calibrated_threshold"] == CLEAN[held].sort().values[1]  # two of three are at least a half
    for doubt, judged in ((CLEAN, clean), (ATTACKED, attacked)):
        answered = doubt[~held] <= found["calibrated_threshold"]
        wrong = WRONG[~held][answered]
        risk = None if not answered.any() else wrong.double().mean().item()
        assert judged["calibrated"] == {"coverage": pytest.approx(answered.double().mean().item()), "risk": risk}


def test_a_selector_that_answers_nothing_has_no_risk():
    found = selection((CLEAN * 0 + 0.9, WRONG), {0.1: (ATTACKED, WRONG)}, coverage=1.0, seed=0)
    assert found["clean"] == {
        "coverage": 0,
        "risk": None,
        "selective_risk": None,
        "calibrated": {"coverage": 1, "risk": pytest.approx(WRONG[~calibrating(6, 0)].double().mean().item())},
    }
    assert found["attacked"][0]["selective_risk"] is None


def test_a_single_input_calibrates_nothing():
    found = selection((CLEAN[:1], WRONG[:1]), {}, coverage=0.7, seed=0)
    assert (found["calibrated_threshold"], found["clean"]["calibrated"]) == (None, None)


def test_the_half_is_drawn_anew_with_another_seed():
    assert torch.equal(calibrating(100, 1), calibrating(100, 1))
    assert not torch.equal(calibrating(100, 1), calibrating(100, 2))
