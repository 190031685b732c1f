"""Attacks: (objective, inputs, budget, condition) -> Adversarial. They see callables, never a network."""

from . import calibration as calibration
from . import label_objectives as label_objectives
from . import objectives as objectives
from . import targets as targets
from .ace import ACE as ACE
from .adversarial import Adversarial as Adversarial
from .adversarial import Attack as Attack
from .backtracking import Backtracking as Backtracking
from .bisection import Bisection as Bisection
from .budget import Budget as Budget
from .carlini_wagner import CarliniWagner as CarliniWagner
from .fgsm import FGSM as FGSM
from .iaa import IAA as IAA
from .iterated import BIM as BIM
from .iterated import MIM as MIM
from .iterated import PGD as PGD
from .iterative_ace import IterativeACE as IterativeACE
from .lbfgs import LBFGS as LBFGS
from .norms import L2 as L2
from .norms import Linf as Linf
from .norms import Norm as Norm
from .search import Found as Found
from .search import Search as Search
from .span import Span as Span
from .span import span as span

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
    "Found",
    "IterativeACE",
    "Linf",
    "Norm",
    "Search",
    "Span",
    "calibration",
    "label_objectives",
    "objectives",
    "span",
    "targets",
]
