"""What an attack returns, and the shape of an attack."""

from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, final, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.budget import Budget
from feint.protocols import Condition, Objective

Distance = Literal["linf", "l2", "perceptual"]
"""What a radius may measure; "perceptual" is IAA's, which no norm knows."""

Raises = Literal["loss", "margin", "gap"]
"""The objectives of a label that attacks may want, as ``labels.objectives`` has them: ``cross_entropy``, ``margin`` and
``gap``, or, with a target, ``target_log_prob``, ``target_margin`` and ``target_gap``."""

Seeks = Literal["ball", "nearest"]
"""What attacks may look for: the best point of a ball, or the nearest at which a condition begins to hold."""


@final
@dataclass(frozen=True, eq=False)
class Adversarial:
    """Attacked inputs and what they cost, per input.

    Attributes:
        inputs: the attacked inputs; the original where no feasible point was found.
        radius: the measured norm of (attacked - original), in the inputs' unit.
        accepted: the radius that the attack settled on before clipping (ACE's effective epsilon); 0 where it gave up
            and returned the original, and where it had no direction to go.
        feasible: whether the condition holds at the returned point; all True without a condition.
        gradients: gradients of the objective spent.
        queries: points at which the victim was asked without a gradient: for the condition, and by attacks that take no
            gradient for the objective.
        directionless: whether the attack took gradients and all of them were zero everywhere: nothing follows from
            this about how robust the victim is. All False where it is not given.
    """

    inputs: Float[Tensor, " N ..."]
    radius: Float[Tensor, " N"]
    accepted: Float[Tensor, " N"]
    feasible: Bool[Tensor, " N"]
    gradients: Int[Tensor, " N"]
    queries: Int[Tensor, " N"]
    directionless: Bool[Tensor, " N"] = None  # pyright: ignore[reportAssignmentType]

    def __post_init__(self) -> None:
        if cast(Any, self.directionless) is None:
            object.__setattr__(self, "directionless", torch.zeros_like(self.feasible))


@runtime_checkable
class Attack(Protocol):
    """Raises an objective within a budget, ending where a condition holds. It sees callables, never a network.

    An attack is a frozen dataclass whose fields are its settings: numbers, words (``Literal``), None, or such
    dataclasses, so that they can be given by name. What others need to know of it, it declares as class attributes
    (``ClassVar``), or as properties where they depend on a setting; nobody goes by its name.
    """

    @property
    def distance(self) -> Distance:
        """What its radius measures: the norm of the budgets that are made for it."""
        ...

    @property
    def raises(self) -> Raises:
        """The objective of a label that it wants to be given."""
        ...

    @property
    def seeks(self) -> Seeks:
        """What it looks for; where that is the nearest point, it expects a condition that the original breaks."""
        ...

    @property
    def needs_gradient(self) -> bool:
        """Whether it differentiates the objective. One that does not can be run on a victim that cannot be."""
        ...

    @property
    def takes_condition(self) -> bool:
        """Whether it keeps a condition, such as "the label stays": where the original fulfils it, what it returns does.

        The others treat a condition as what they look for, such as "the label changes".
        """
        ...

    @property
    def keeps_best(self) -> bool:
        """Whether the returned point is never worse than the original, on the same draws."""
        ...

    def __call__(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None = None,
        *,
        batch_size: int | None = None,
        samples: Int[Tensor, " N"] | None = None,
    ) -> Adversarial:
        """Attack.

        Args:
            objective: what is raised, per input.
            inputs: the originals, inside the budget's bounds.
            budget: how far to go.
            condition: what must hold at the returned point; None for nothing.
            batch_size: inputs per call of the objective and the condition, the last call padded; None for all at once.
            samples: the inputs' indices in their data set, which key what an attack draws; 0 to N - 1 where not given.
        """
        ...
