"""The risk-coverage curve: how wrong a classifier still is when it may decline its most uncertain inputs."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from feint.metrics.inputs import Events, Scores, checked_events, checked_scores
from feint.metrics.ties import tie_groups


@final
@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """A curve with one point per coverage k/N, k = 1 to N.

    Attributes:
        coverage: share of inputs that are answered, the least uncertain first, shape ``(N,)``.
        risk: share of errors among them (the selective risk), shape ``(N,)``.
    """

    coverage: Float[Tensor, " N"]
    risk: Float[Tensor, " N"]

    @property
    def generalized_risk(self) -> Float[Tensor, " N"]:
        """Errors among the answered inputs as a share of all inputs, coverage x risk (Traub et al. 2024)."""
        return self.coverage * self.risk


def risk_coverage(uncertainty: Scores, errors: Events) -> RiskCoverage:
    """The selective risk at every coverage.

    ``risk(k/N) = (errors among the k least uncertain) / k``. Inputs of equal uncertainty count as their expectation
    over random order: of a group of m inputs with e errors, the first j hold j e / m.

    Args:
        uncertainty: higher = more uncertain, any scale, shape ``(N,)``.
        errors: True where the prediction is wrong, shape ``(N,)``.

    Returns:
        The curve, float64. Lower is better.

    Raises:
        InputError: shapes that differ, no inputs, NaN.

    References:
        El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017. torch-uncertainty leaves ties in the order of its sort.

    >>> risk_coverage(torch.tensor([0.1, 0.2, 0.3]), torch.tensor([False, True, False])).risk
    tensor([0.0000, 0.5000, 0.3333], dtype=torch.float64)
    """
    return _curve(expected_errors(uncertainty, errors))


def best_risk_coverage(errors: Events) -> RiskCoverage:
    """The curve of a perfect ranking with as many errors: every error comes last.

    >>> best_risk_coverage(torch.tensor([True, False])).risk
    tensor([0.0000, 0.5000], dtype=torch.float64)
    """
    errors = checked_events("errors", errors)
    answered = torch.arange(1, len(errors) + 1)
    return _curve((answered - (~errors).sum()).clamp(min=0).double())


def worst_risk_coverage(errors: Events) -> RiskCoverage:
    """The curve of the worst possible ranking with as many errors: every error comes first.

    >>> worst_risk_coverage(torch.tensor([True, False])).risk
    tensor([1.0000, 0.5000], dtype=torch.float64)
    """
    errors = checked_events("errors", errors)
    answered = torch.arange(1, len(errors) + 1)
    return _curve(answered.clamp(max=int(errors.sum())).double())


def expected_errors(uncertainty: Scores, errors: Events) -> Float[Tensor, " N"]:
    """How many errors the k least uncertain inputs hold, k = 1 to N, in expectation over the order of ties."""
    uncertainty = checked_scores("uncertainty", uncertainty)
    groups = tie_groups(uncertainty, checked_events("errors", errors, len(uncertainty)))
    if len(groups.inputs) == len(uncertainty):
        return groups.events.double()
    start = torch.zeros(1, dtype=torch.long)
    sizes = groups.inputs.diff(prepend=start)
    gains = groups.events.diff(prepend=start)
    group = torch.arange(len(sizes)).repeat_interleave(sizes)
    within = torch.arange(1, len(uncertainty) + 1) - (groups.inputs - sizes)[group]
    # Multiplied before divided: where a group is all right or all wrong, the counts stay whole numbers.
    return (groups.events - gains)[group] + (within * gains[group]).double() / sizes[group]


def _curve(errors: Float[Tensor, " N"]) -> RiskCoverage:
    answered = torch.arange(1, len(errors) + 1).double()
    return RiskCoverage(answered / len(errors), errors / answered)
