"""Measures that compare draws do not exist for a single one: "not applicable", never zero."""

from feint.errors import NotApplicable
from feint.predictive import Categorical


def require_draws(categorical: Categorical, measure: str) -> None:
    """Raise NotApplicable unless there are at least two draws."""
    if categorical.draws < 2:
        raise NotApplicable(f"{measure} compares draws: expected at least 2 draws, got {categorical.draws}")
