"""Attacks: (objective, inputs, budget, condition) -> Adversarial. They see callables, never a network."""

from .adversarial import Adversarial as Adversarial
from .adversarial import Attack as Attack
from .adversarial import Distance as Distance
from .adversarial import Raises as Raises
from .adversarial import Seeks as Seeks
from .budget import Budget as Budget
from .confidence import calibration as calibration
from .confidence import objectives as objectives
from .confidence import targets as targets
from .confidence.ace import ACE as ACE
from .confidence.backtracking import Backtracking as Backtracking
from .confidence.bisection import Bisection as Bisection
from .confidence.iterative_ace import IterativeACE as IterativeACE
from .confidence.span import Span as Span
from .confidence.span import span as span
from .labels import objectives as label_objectives
from .labels.carlini_wagner import CarliniWagner as CarliniWagner
from .labels.fgsm import FGSM as FGSM
from .labels.iaa import IAA as IAA
from .labels.iterated import BIM as BIM
from .labels.iterated import MIM as MIM
from .labels.lbfgs import LBFGS as LBFGS
from .labels.pgd import PGD as PGD
from .norms import L2 as L2
from .norms import Linf as Linf
from .norms import Norm as Norm
from .radii import budget_for as budget_for
from .radii import over_radii as over_radii
from .random_signs import RandomSigns as RandomSigns
from .search import Found as Found
from .search import Search as Search
from .square import Square as Square

__all__ = [
    "ACE",
    "BIM",
    "FGSM",
    "IAA",
    "L2",
    "LBFGS",
    "MIM",
    "PGD",
    "Adversarial",
    "Attack",
    "Backtracking",
    "Bisection",
    "Budget",
    "CarliniWagner",
    "Distance",
    "Found",
    "IterativeACE",
    "Linf",
    "Norm",
    "Raises",
    "RandomSigns",
    "Search",
    "Seeks",
    "Span",
    "Square",
    "budget_for",
    "calibration",
    "label_objectives",
    "objectives",
    "over_radii",
    "span",
    "targets",
]
