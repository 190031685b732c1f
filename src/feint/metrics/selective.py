"""Single points of the risk-coverage curve: the risk at a coverage, the coverage at a risk."""

from feint.metrics.inputs import Events, Scores, checked_share, count_for
from feint.metrics.risk_coverage import risk_coverage


def selective_risk(uncertainty: Scores, errors: Events, coverage: float) -> float:
    """Share of errors among the least uncertain inputs, at a coverage.

    ``risk(k/N)`` with ``k = ceil(coverage N)``; ties count as their expectation over random order.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.
        coverage: share of inputs to answer, in (0, 1].

    Returns:
        In [0, 1], lower is better.

    Raises:
        InputError: shapes that differ, no inputs, NaN, a coverage outside (0, 1].

    References:
        Geifman & El-Yaniv 2017. torch-uncertainty's ``RiskAtxCov`` takes ``ceil`` of the rounded product: at
        coverage 0.07 of 100 inputs it answers 8, here 7.

    >>> import torch
    >>> selective_risk(torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([False, True, False, True]), coverage=0.5)
    0.5
    """
    checked_share("coverage", coverage, zero=False)
    risk = risk_coverage(uncertainty, errors).risk
    return float(risk[count_for(coverage, len(risk)) - 1])


def coverage_at_risk(uncertainty: Scores, errors: Events, risk: float) -> float:
    """The largest coverage k/N whose selective risk is at most that.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.
        risk: share of errors to bear among the answered inputs, in [0, 1].

    Returns:
        In [0, 1], higher is better; 0 where even the least uncertain input is too risky.

    Raises:
        InputError: shapes that differ, no inputs, NaN, a risk outside [0, 1].

    References:
        torch-uncertainty's ``CovAtxRisk`` is the same, but NaN where this is 0.

    >>> import torch
    >>> coverage_at_risk(torch.tensor([0.1, 0.2, 0.3, 0.4]), torch.tensor([False, True, False, True]), risk=0.4)
    0.75
    """
    checked_share("risk", risk, zero=True)
    curve = risk_coverage(uncertainty, errors)
    bearable = (curve.risk <= risk).nonzero()
    return float(curve.coverage[bearable[-1]]) if len(bearable) else 0.0
