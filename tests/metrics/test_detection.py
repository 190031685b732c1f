import pytest
import torch

from feint import metrics
from feint.errors import InputError


def drawn(seed: int, levels: int = 12, count: int = 80) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    positives = torch.arange(count) < 30
    scores = torch.randint(levels, (count,), generator=generator) + positives * levels // 3
    return scores.double() / levels, positives[torch.randperm(count, generator=generator)] ^ (scores > levels)


@pytest.mark.parametrize("levels", [1, 4, 10_000])
def test_auroc_is_the_share_of_pairs_in_order(levels: int) -> None:
    for seed in range(5):
        scores, positives = drawn(seed, levels)
        gaps = scores[positives][:, None] - scores[~positives]
        pairs = float(((gaps > 0).double() + (gaps == 0).double() / 2).mean())
        assert metrics.auroc(scores, positives) == pytest.approx(pairs, abs=1e-14)
        assert metrics.auroc(-scores, positives) == pytest.approx(1 - pairs, abs=1e-14)
        curve = metrics.roc(scores, positives)
        area = float(torch.trapezoid(curve.true_positive_rate, curve.false_positive_rate))
        assert area == pytest.approx(pairs, abs=1e-14)


@pytest.mark.parametrize("levels", [1, 4, 10_000])
def test_curves_hold_what_their_thresholds_flag(levels: int) -> None:
    scores, positives = drawn(1, levels)
    operating, retrieval = metrics.roc(scores, positives), metrics.precision_recall(scores, positives)
    for row, threshold in enumerate(operating.threshold):
        flagged = scores >= threshold
        assert operating.false_positive_rate[row] == flagged[~positives].double().mean()
        assert operating.true_positive_rate[row] == flagged[positives].double().mean()
        if row:
            assert retrieval.threshold[row - 1] == threshold
            assert retrieval.precision[row - 1] == positives[flagged].double().mean()
            assert retrieval.recall[row - 1] == flagged[positives].double().mean()


def test_no_information_and_perfect_detection() -> None:
    positives = torch.arange(10) < 3
    assert metrics.auroc(torch.zeros(10), positives) == 0.5
    assert metrics.aupr(torch.zeros(10), positives) == pytest.approx(0.3)
    assert metrics.fpr_at_tpr(torch.zeros(10), positives) == 1
    assert metrics.auroc(positives.double(), positives) == metrics.aupr(positives.double(), positives) == 1
    assert metrics.fpr_at_tpr(positives.double(), positives) == 0


def test_fpr_takes_the_highest_threshold_that_suffices() -> None:
    scores = torch.arange(20).flip(0).double()
    positives = torch.arange(20) % 2 == 0  # positive, negative, positive, ... from the highest score down
    for wanted in range(1, 11):
        assert metrics.fpr_at_tpr(scores, positives, wanted / 10) == (wanted - 1) / 10
    assert metrics.fpr_at_tpr(scores, positives, 0.91) == 0.9


@pytest.mark.parametrize("levels", [1, 3, 10_000])
def test_augrc_is_auroc_and_accuracy(levels: int) -> None:
    for seed in range(5):
        uncertainty, errors = drawn(seed, levels)
        accuracy = float((~errors).double().mean())
        area = metrics.auroc(uncertainty, errors)
        wanted = (1 - area) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2
        assert metrics.augrc(uncertainty, errors) == pytest.approx(wanted, abs=1e-14)


@pytest.mark.parametrize(
    "metric", [metrics.roc, metrics.auroc, metrics.precision_recall, metrics.aupr, metrics.fpr_at_tpr]
)
@pytest.mark.parametrize(
    ("scores", "positives", "message"),
    [
        (torch.zeros(2), torch.tensor([True, True]), "some of each kind, got 2 positives of 2"),
        (torch.zeros(2), torch.tensor([False, False]), "some of each kind, got 0 positives of 2"),
        (torch.tensor([0.0, torch.nan]), torch.tensor([True, False]), "NaN"),
        (torch.zeros(3), torch.tensor([True, False]), "one per score, 3, got 2"),
        (torch.zeros(0), torch.zeros(0, dtype=torch.bool), "at least one"),
    ],
)
@pytest.mark.usefixtures("as_shipped")
def test_bad_input(metric, scores: torch.Tensor, positives: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        metric(scores, positives)


def test_share_out_of_range() -> None:
    with pytest.raises(InputError, match=r"tpr: expected a number in \(0, 1\], got 95"):
        metrics.fpr_at_tpr(*drawn(0), tpr=95.0)
