"""The area under the risk-coverage curve and its kin: one number for how well uncertainty ranks errors."""

from feint.metrics.inputs import Events, Scores
from feint.metrics.risk_coverage import (
    best_risk_coverage,
    expected_errors,
    risk_coverage,
    worst_risk_coverage,
)


def aurc(uncertainty: Scores, errors: Events) -> float:
    """Area under the risk-coverage curve: the mean selective risk.

    ``AURC = 1/N sum_k risk(k/N)``, k = 1 to N; ties count as their expectation over random order.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.

    Returns:
        In [0, 1], lower is better; 0 without errors, 1 with nothing else. Papers print it times 1000.

    Raises:
        InputError: shapes that differ, no inputs, NaN.

    References:
        Geifman, Uziel & El-Yaniv 2019. torch-uncertainty's ``AURC`` goes by the trapezoid rule from coverage 1/N
        and rescales by N/(N-1), which makes it ``(N AURC - (risk(1/N) + risk(1)) / 2) / (N - 1)``.

    >>> import torch
    >>> aurc(torch.tensor([0.1, 0.2]), torch.tensor([False, True]))
    0.25
    """
    return float(risk_coverage(uncertainty, errors).risk.mean())


def best_aurc(errors: Events) -> float:
    """The smallest AURC that as many errors allow: every error ranks last.

    With error rate r its limit for many inputs is ``r + (1 - r) ln(1 - r)`` (Geifman, Uziel & El-Yaniv 2019).

    >>> import torch
    >>> best_aurc(torch.tensor([True, False]))
    0.25
    """
    return float(best_risk_coverage(errors).risk.mean())


def worst_aurc(errors: Events) -> float:
    """The largest AURC that as many errors allow: every error ranks first. Its limit is ``r - r ln r``.

    >>> import torch
    >>> worst_aurc(torch.tensor([True, False]))
    0.75
    """
    return float(worst_risk_coverage(errors).risk.mean())


def e_aurc(uncertainty: Scores, errors: Events) -> float:
    """Excess AURC: what is lost to a perfect ranking of the same errors.

    ``E-AURC = AURC - best AURC``, the best one exact for these N.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.

    Returns:
        At least 0, lower is better; 0 for a perfect ranking, without errors, and with nothing else.

    Raises:
        InputError: shapes that differ, no inputs, NaN.

    References:
        Geifman, Uziel & El-Yaniv 2019, subtract the limit ``r + (1 - r) ln(1 - r)`` instead: by that, a perfect
        ranking of few inputs is off zero.

    >>> import torch
    >>> e_aurc(torch.tensor([0.2, 0.1]), torch.tensor([False, True]))
    0.5
    """
    # Rounding alone may put a ranking with ties a last bit below the optimum.
    return max(0.0, aurc(uncertainty, errors) - best_aurc(errors))


def augrc(uncertainty: Scores, errors: Events) -> float:
    """Area under the generalized risk-coverage curve: the mean rate of silent failures.

    The trapezoid rule over ``coverage x risk`` at coverages 0, 1/N, ..., 1, which is
    ``(1 - AUROC) acc (1 - acc) + (1 - acc)^2 / 2``, with AUROC that of uncertainty as a detector of errors.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.

    Returns:
        In [0, 1/2], lower is better.

    Raises:
        InputError: shapes that differ, no inputs, NaN.

    References:
        Traub et al. 2024. torch-uncertainty's ``AUGRC`` starts at coverage 1/N and rescales by N/(N-1),
        which makes it ``(N AUGRC - risk(1/N) / 2N) / (N - 1)``.

    >>> import torch
    >>> augrc(torch.tensor([0.1, 0.2]), torch.tensor([False, True]))
    0.125
    """
    failures = expected_errors(uncertainty, errors)
    return float(failures.sum() - failures[-1] / 2) / len(failures) ** 2
