"""Attacks: (objective, inputs, budget, condition) -> Adversarial. They see callables, never a network."""

from . import label_objectives as label_objectives
from . import objectives as objectives
from .ace import ACE as ACE
from .adversarial import Adversarial as Adversarial
from .adversarial import Attack as Attack
from .backtracking import Backtracking as Backtracking
from .budget import Budget as Budget
from .carlini_wagner import CarliniWagner as CarliniWagner
from .fgsm import FGSM as FGSM
from .iterated import BIM as BIM
from .iterated import MIM as MIM
from .iterated import PGD as PGD
from .lbfgs import LBFGS as LBFGS
from .norms import L2 as L2
from .norms import Linf as Linf
from .norms import Norm as Norm

__all__ = [
    "ACE",
    "BIM",
    "FGSM",
    "L2",
    "LBFGS",
    "MIM",
    "PGD",
    "Adversarial",
    "Attack",
    "Backtracking",
    "Budget",
    "CarliniWagner",
    "Linf",
    "Norm",
    "label_objectives",
    "objectives",
]
