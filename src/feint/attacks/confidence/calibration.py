"""The four calibration attacks of Obadinma et al. 2024 as objectives: accuracy stays, calibration goes.

There each ends at a confidence that is a setting of the attack; here each goes as far as the budget allows. All want a
condition that keeps the label.

Reference: Obadinma et al. 2024, "Calibration Attacks: A Comprehensive Study of Adversarial Attacks on Model
Confidence".
"""

from jaxtyping import Bool, Int
from torch import Tensor

from feint.attacks.confidence.objectives import disrupt_confidence
from feint.attacks.confidence.targets import approach, random_confidence_targets
from feint.attacks.goal import Goal, logarithm
from feint.protocols import Objective


def under_confidence(uncertainty: Objective) -> Goal:
    """Confidence down, for every input.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``.
    """
    return Goal(lambda inputs, rows: logarithm(uncertainty(inputs, rows)))


def over_confidence(uncertainty: Objective) -> Goal:
    """Confidence up, for every input.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``.
    """
    return -1.0 * under_confidence(uncertainty)


def maximum_miscalibration(uncertainty: Objective, right: Bool[Tensor, " N"]) -> Goal:
    """Confidence down where the victim is right, up where it is wrong: what ACE raises.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``.
        right: whether the victim's own prediction is right, for the whole batch that is attacked.
    """
    return disrupt_confidence(uncertainty, right)


def random_confidence(uncertainty: Objective, samples: Int[Tensor, " N"], classes: int, *, seed: int) -> Goal:
    """Confidence to a value of each input's own, drawn uniformly from [1/C, 1].

    Args:
        uncertainty: one minus a probability, ``(inputs, rows) -> (n,)``.
        samples: the indices in their data set of the whole batch that is attacked.
        classes: C, at least 2.
        seed: of the draws, which are keyed by sample index.
    """
    return approach(uncertainty, random_confidence_targets(samples, classes, seed=seed))
