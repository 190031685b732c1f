"""Metrics against scikit-learn, scipy, torchmetrics and torch-uncertainty, with the conversions where they differ."""

import pytest
import sklearn.metrics
import torch
from scipy import stats

from feint import metrics

from .conftest import outside

torchmetrics = outside("torchmetrics.functional.classification")
peer = outside("torch_uncertainty.metrics.classification")

COUNT, CLASSES = 300, 5


@pytest.fixture(params=range(3))
def predictions(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities and labels, about half of them predicted right."""
    generator = torch.Generator().manual_seed(request.param)
    logits = torch.randn(COUNT, CLASSES, generator=generator, dtype=torch.float64) * 2
    noisy = logits + torch.randn(COUNT, CLASSES, generator=generator) * 2
    return logits.log_softmax(dim=1), noisy.argmax(dim=1)


@pytest.fixture(params=[7, 10**6], ids=["ties", "no ties"])
def detection(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and positives."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(request.param, (COUNT,), generator=generator).double() / request.param
    return scores, torch.rand(COUNT, generator=generator) < 0.2 + 0.5 * scores


def ranking(predictions: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    log_probs, labels = predictions
    confidence, predicted = log_probs.max(dim=1)
    return -confidence, predicted != labels


def theirs(metric, predictions: tuple[torch.Tensor, torch.Tensor]) -> float:
    metric.update(predictions[0].exp(), predictions[1])
    return float(metric.compute())


def test_aurc_torch_uncertainty(predictions) -> None:
    # Theirs: the trapezoid rule from coverage 1/N, rescaled by N/(N-1); float32 coverages.
    uncertainty, errors = ranking(predictions)
    risk = metrics.risk_coverage(uncertainty, errors).risk
    converted = (COUNT * metrics.aurc(uncertainty, errors) - float(risk[0] + risk[-1]) / 2) / (COUNT - 1)
    assert theirs(peer.AURC(), predictions) == pytest.approx(converted, abs=1e-6)


def test_augrc_torch_uncertainty(predictions) -> None:
    uncertainty, errors = ranking(predictions)
    first = float(metrics.risk_coverage(uncertainty, errors).risk[0])
    converted = (COUNT * metrics.augrc(uncertainty, errors) - first / (2 * COUNT)) / (COUNT - 1)
    assert theirs(peer.AUGRC(), predictions) == pytest.approx(converted, abs=1e-6)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_selective_torch_uncertainty(predictions, share: float) -> None:
    uncertainty, errors = ranking(predictions)
    wanted = metrics.selective_risk(uncertainty, errors, share)
    assert theirs(peer.RiskAtxCov(share), predictions) == pytest.approx(wanted, abs=1e-6)
    wanted = metrics.coverage_at_risk(uncertainty, errors, share)  # theirs: NaN where ours is 0
    assert theirs(peer.CovAtxRisk(share), predictions) == pytest.approx(wanted or float("nan"), abs=1e-6, nan_ok=True)


def test_nll(predictions) -> None:
    log_probs, labels = predictions
    ours = metrics.nll(log_probs.gather(1, labels[:, None])[:, 0])
    assert sklearn.metrics.log_loss(labels, log_probs.exp(), labels=range(CLASSES)) == pytest.approx(ours, abs=1e-12)
    assert theirs(peer.CategoricalNLL(), predictions) == pytest.approx(ours, abs=1e-6)


def test_brier(predictions) -> None:
    log_probs, labels = predictions
    ours = metrics.brier(log_probs, labels)
    assert theirs(peer.BrierScore(CLASSES), predictions) == pytest.approx(ours, abs=1e-6)
    one_hot = torch.nn.functional.one_hot(labels, CLASSES).double()
    mean = metrics.brier(log_probs, labels, reduction="mean")
    assert sklearn.metrics.mean_squared_error(one_hot, log_probs.exp()) == pytest.approx(mean, abs=1e-12)


def test_brier_of_two_classes_scikit_learn() -> None:
    # scikit-learn counts one of the two classes: half of ours, which is our mean.
    generator = torch.Generator().manual_seed(0)
    log_probs = torch.randn(COUNT, 2, generator=generator, dtype=torch.float64).log_softmax(dim=1)
    labels = torch.randint(2, (COUNT,), generator=generator)
    wanted = metrics.brier(log_probs, labels, reduction="mean")
    assert sklearn.metrics.brier_score_loss(labels, log_probs[:, 1].exp()) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("bins", [5, 15])
def test_ece_torchmetrics(predictions, bins: int) -> None:
    log_probs, labels = predictions
    uncertainty, errors = ranking(predictions)
    wanted = torchmetrics.multiclass_calibration_error(log_probs.exp(), labels, CLASSES, n_bins=bins)
    assert metrics.ece((-uncertainty).exp(), ~errors, bins) == pytest.approx(float(wanted), abs=1e-6)


def test_ece_of_certain_predictions_torchmetrics() -> None:
    # Theirs gives confidences of exactly 1 a bin of their own, so opposite gaps no longer cancel.
    confidence, correct = torch.tensor([0.95] * 10 + [1.0] * 10), torch.tensor([True] * 10 + [False] * 2 + [True] * 8)
    theirs = torchmetrics.binary_calibration_error(confidence, correct.long(), n_bins=15)
    assert float(theirs) == pytest.approx(0.125, abs=1e-6)  # (0.05 + 0.2) / 2
    assert metrics.ece(confidence, correct) == pytest.approx(0.075, abs=1e-6)  # (0.2 - 0.05) / 2


def test_auroc(detection) -> None:
    scores, positives = detection
    ours = metrics.auroc(scores, positives)
    assert sklearn.metrics.roc_auc_score(positives, scores) == pytest.approx(ours, abs=1e-12)
    assert float(torchmetrics.binary_auroc(scores, positives.long())) == pytest.approx(ours, abs=1e-6)


def test_roc_scikit_learn(detection) -> None:
    scores, positives = detection
    ours = metrics.roc(scores, positives)
    false, true, threshold = sklearn.metrics.roc_curve(positives, scores, drop_intermediate=False)
    torch.testing.assert_close(ours.false_positive_rate, torch.from_numpy(false))
    torch.testing.assert_close(ours.true_positive_rate, torch.from_numpy(true))
    torch.testing.assert_close(ours.threshold, torch.from_numpy(threshold))


def test_aupr(detection) -> None:
    scores, positives = detection
    ours = metrics.aupr(scores, positives)
    assert sklearn.metrics.average_precision_score(positives, scores) == pytest.approx(ours, abs=1e-12)
    assert float(torchmetrics.binary_average_precision(scores, positives.long())) == pytest.approx(ours, abs=1e-6)


def test_precision_recall_scikit_learn(detection) -> None:
    scores, positives = detection
    ours = metrics.precision_recall(scores, positives)
    # Theirs rises in the threshold and ends in a made-up point.
    precision, recall, _ = sklearn.metrics.precision_recall_curve(positives, scores)
    torch.testing.assert_close(ours.precision, torch.from_numpy(precision[:-1].copy()).flip(0))
    torch.testing.assert_close(ours.recall, torch.from_numpy(recall[:-1].copy()).flip(0))


@pytest.mark.filterwarnings("ignore:Metric `FPR")
def test_fpr_torch_uncertainty(detection) -> None:
    scores, positives = detection
    for share, metric in [(0.95, peer.FPR95(pos_label=1)), (0.5, peer.FPRx(0.5, pos_label=1))]:
        metric.update(scores, positives.long())
        assert float(metric.compute()) == pytest.approx(metrics.fpr_at_tpr(scores, positives, share), abs=1e-6)


@pytest.mark.parametrize("levels", [5, 10**6])
def test_rank_correlation_scipy(levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    a = torch.randint(levels, (COUNT,), generator=generator).double()
    b = torch.randint(levels, (COUNT,), generator=generator).double() + a
    assert metrics.kendall_tau(a, b) == pytest.approx(stats.kendalltau(a, b).statistic, abs=1e-12)
    assert metrics.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
