"""Attacks: (objective, inputs, budget, condition) -> Adversarial. They see callables, never a network."""

from . import objectives as objectives
from .ace import ACE as ACE
from .adversarial import Adversarial as Adversarial
from .adversarial import Attack as Attack
from .backtracking import Backtracking as Backtracking
from .budget import Budget as Budget
from .norms import Linf as Linf
from .norms import Norm as Norm

__all__ = ["ACE", "Adversarial", "Attack", "Backtracking", "Budget", "Linf", "Norm", "objectives"]
