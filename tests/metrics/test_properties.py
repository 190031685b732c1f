"""What the design states of rankings, for lists that Hypothesis thinks of: few inputs, many ties."""

from itertools import pairwise, permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from feint import metrics

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
PAIRS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]), st.booleans()), min_size=1, max_size=6)
often = settings(deadline=None, derandomize=True, max_examples=40)


def split(pairs):
    doubt, wrong = zip(*pairs, strict=True)
    return torch.tensor(doubt, dtype=torch.float64), torch.tensor(wrong)


def orders(pairs):
    """The errors, from the most certain input on, in every order that the ties allow."""
    for order in permutations(pairs):
        if all(first[0] <= second[0] for first, second in pairwise(order)):
            yield np.array([wrong for _, wrong in order], dtype=float)


def expected(pairs, of):
    return np.mean([of(errors) for errors in orders(pairs)])


@often
@given(PAIRS)
def test_areas_are_their_expectation_over_all_orders_of_ties(pairs):
    doubt, wrong = split(pairs)
    count = len(pairs)
    risks = lambda errors: np.cumsum(errors) / np.arange(1, count + 1)  # noqa: E731
    area = expected(pairs, lambda errors: risks(errors).mean())
    best = min(risks(np.array(each, dtype=float)).mean() for each in permutations(wrong.tolist()))
    worst = max(risks(np.array(each, dtype=float)).mean() for each in permutations(wrong.tolist()))
    assert metrics.aurc(doubt, wrong) == pytest.approx(area)
    assert metrics.e_aurc(doubt, wrong) == pytest.approx(area - best, abs=1e-12)
    assert (metrics.best_aurc(wrong), metrics.worst_aurc(wrong)) == pytest.approx((best, worst))
    for share in (0.3, 0.5, 1.0):
        kept = int(np.ceil(share * count - 1e-9))
        found = metrics.selective_risk(doubt, wrong, share)
        assert found == pytest.approx(expected(pairs, lambda errors, kept=kept: errors[:kept].mean()))
    joint = lambda errors: np.concatenate([[0], np.cumsum(errors)]) / count  # noqa: E731
    by_trapezoids = lambda errors: ((joint(errors)[1:] + joint(errors)[:-1]) / 2).mean()  # noqa: E731
    assert metrics.augrc(doubt, wrong) == pytest.approx(expected(pairs, by_trapezoids))


@often
@given(PAIRS.filter(lambda pairs: len({wrong for _, wrong in pairs}) == 2))
def test_augrc_is_what_auroc_and_accuracy_make_of_it(pairs):
    doubt, wrong = split(pairs)
    accuracy = 1 - wrong.double().mean().item()
    ahead = [(a > b) + (a == b) / 2 for a in doubt[wrong].tolist() for b in doubt[~wrong].tolist()]
    assert metrics.auroc(doubt, wrong) == pytest.approx(np.mean(ahead))
    closed = (1 - np.mean(ahead)) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2
    assert metrics.augrc(doubt, wrong) == pytest.approx(closed)


@often
@given(PAIRS)
def test_only_the_order_counts(pairs):
    doubt, wrong = split(pairs)
    for other in (3 * doubt - 7, doubt.exp(), doubt.where(doubt > doubt.min(), -torch.inf)):
        assert metrics.aurc(other, wrong) == metrics.aurc(doubt, wrong)
        assert metrics.augrc(other, wrong) == metrics.augrc(doubt, wrong)
        assert metrics.selective_risk(other, wrong, 0.5) == metrics.selective_risk(doubt, wrong, 0.5)


@often
@given(PAIRS)
def test_errors_of_calibration_lie_in_the_unit_interval_and_are_sums_over_bins(pairs):
    sure, right = split(pairs)
    for bins in (1, 4, 15):
        place = np.clip(np.ceil(sure.numpy() * bins) - 1, 0, None)
        gaps = [abs((right.numpy() - sure.numpy())[place == at].sum()) / len(pairs) for at in np.unique(place)]
        assert metrics.ece(sure, right, bins) == pytest.approx(sum(gaps))
    steps = [abs((right.double() - sure)[sure <= at].sum().item()) / len(pairs) for at in sure.tolist()]
    assert metrics.ks_error(sure, right) == pytest.approx(max(steps))
    assert 0 <= metrics.ks_error(sure, right) <= 1


@often
@given(st.lists(st.lists(st.floats(-30, 30), min_size=3, max_size=3), min_size=1, max_size=4), st.integers(0, 2))
def test_brier_is_the_squared_distance_from_the_label(logits, label):
    log_probs = torch.tensor(logits, dtype=torch.float64).log_softmax(-1)
    labels = torch.full((len(logits),), label)
    distances = (log_probs.exp().numpy() - np.eye(3)[label]) ** 2
    assert metrics.brier_terms(log_probs, labels).tolist() == pytest.approx(distances.sum(1), abs=1e-12)
    assert metrics.brier(log_probs, labels, "mean") == pytest.approx(distances.mean(), abs=1e-12)
    assert metrics.nll(-torch.tensor([1.0, 3.0])) == 2.0
