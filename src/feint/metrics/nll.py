"""The negative log-likelihood of the labels."""

from feint.errors import InputError
from feint.metrics.inputs import Scores, checked_scores


def nll(log_prob_label: Scores) -> float:
    """Mean negative log-likelihood of the true labels, in nats.

    ``NLL = -1/N sum_i ln p_i(y_i)``

    Args:
        log_prob_label: log-probability of each input's label in nats, shape ``(N,)``; minus infinity for
            a probability of 0.

    Returns:
        At least 0, lower is better; infinite where a label was held impossible.

    Raises:
        InputError: no inputs, NaN, or a log-probability above 0.

    References:
        scikit-learn's ``log_loss`` and torch-uncertainty's ``CategoricalNLL`` take probabilities: where the label's
        rounds to 0, the former clips, the latter is infinite; from log-probabilities neither happens.

    >>> import torch
    >>> round(nll(torch.tensor([0.5, 0.25]).log()), 4)
    1.0397
    """
    log_prob_label = checked_scores("log_prob_label", log_prob_label)
    if (highest := float(log_prob_label.max())) > 1e-3:
        raise InputError(f"log_prob_label: expected log-probabilities, at most 0, got {highest:.4g}")
    return abs(float(log_prob_label.clamp(max=0).mean()))
