"""Attacks on familiarity: foreign inputs made to be accepted, in-domain inputs made to be rejected."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks import Adversarial, Attack, over_radii
from feint.attacks.familiarity import accept, reject, surprise
from feint.attacks.goal import Goal, logarithm
from feint.errors import SpecError
from feint.estimators import DeepEnsemble, predict
from feint.predictive import Categorical
from feint.protocols import Condition, Estimator, Objective
from feint.victims.victim import Victim, measure

from .settings import FAMILIARITY, ThreatWord
from .things import budget, build, check_gradient, completed

ACCEPTED: Final = 0.9
"""An input counts as accepted above this confidence, for attacks that look for the nearest point at which it is."""


@final
@dataclass(frozen=True, eq=False)
class FamiliarityThreat:
    """An attack on whether a victim takes inputs for its own, ready to run: a white box, whatever becomes of labels.

    Unless a measure is named, what is lowered (accept) or raised (reject) is the estimator's own loss at the class that
    it predicts at that point: ``surprise`` of those that have one (DUQ's binary cross-entropy, DUE's likelihood), else
    -log of the largest mean probability; of it the logarithm, which leads to the same points and keeps its slope.

    Attributes:
        word: how it attacks, complete.
        victim: whom.
        attack: the attack itself.
        batch_size: inputs per call.

    Reference: Zeng et al. 2022, "On Attacking Out-Domain Uncertainty Estimation in Deep Neural Networks".
    """

    word: ThreatWord
    victim: Victim
    attack: Attack
    batch_size: int

    @classmethod
    def of(cls, word: ThreatWord, victim: Victim, batch_size: int) -> "FamiliarityThreat":
        """Make an attack ready.

        Raises:
            SpecError: settings that do not go together.
            NotApplicable: a measure that the victim does not have.
        """
        attack, name = build(word, seed=victim.seed), word.name
        nearest = attack.seeks == "nearest"
        rules: list[tuple[str, bool, str]] = [
            ("goal", word.goal not in FAMILIARITY, f"accept or reject, got {word.goal}"),
            ("target", bool(word.target), f"a goal about labels, got {word.goal}"),
            ("evade", word.evade is not None, f"the goal labels, got {word.goal}"),
            ("arithmetic", word.arithmetic != "exact", f"the goal disrupt, got {word.goal}"),
            ("draws", word.draws == "fresh", f"the goal labels, got {word.goal}"),
            (
                "measure",
                nearest and word.measure is not None,
                f"none, for {name} seeks a confidence; got {word.measure}",
            ),
        ]
        for key, broken, expected in rules:
            if broken:
                raise SpecError(f"{name}.{key}: expected {expected}")
        if word.measure is not None:
            victim.check_measure(word.measure)
        for radius in word.radii or ():
            budget(attack, radius)
        check_gradient(attack, victim)
        threat = cls(completed(word, seed=victim.seed), victim, attack, batch_size)
        if word.members == "per-member":
            _ = threat.members
        return threat

    @property
    def members(self) -> Sequence[Estimator]:
        """The members of an ensemble.

        Raises:
            SpecError: the victim is none.
        """
        return members_of(self.victim.estimator(), f"{self.word.name}.members", self.victim.name)

    def run(
        self, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"], radii: Sequence[float]
    ) -> list[Adversarial]:
        """Attack the victim as one, at every radius: one result per radius.

        Args:
            images: the originals.
            samples: their sample indices.
            radii: in the attack's own distance.
        """
        return self._against(self.victim.estimator(), images, samples, radii)

    def run_members(
        self, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"], radii: Sequence[float]
    ) -> list[list[Adversarial]]:
        """Attack each member by inputs of its own: by radius, then by member. Arguments are those of ``run``."""
        found = [self._against(member, images, samples, radii) for member in self.members]
        return [list(each) for each in zip(*found, strict=True)]

    def _against(
        self, estimator: Estimator, images: Tensor, samples: Tensor, radii: Sequence[float]
    ) -> list[Adversarial]:
        level = self._level(estimator, samples)
        aim = accept if self.word.goal == "accept" else reject

        def scaled(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
            # Monotone, and its slope does not vanish in float32 where the victim is all but sure.
            found = level(inputs, rows)
            return found if self.word.measure == "native" else logarithm(found)  # a score may be of any sign

        goal: Goal = aim(scaled)
        condition: Condition | None = None
        if self.attack.seeks == "nearest":
            at = -math.log(ACCEPTED)
            goal, up = aim(level, at), self.word.goal == "reject"

            def crossed(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
                return (level(inputs, rows) > at) == up

            condition = crossed
        budgets = [budget(self.attack, radius) for radius in radii]
        return over_radii(self.attack, goal, images, budgets, condition, batch_size=self.batch_size, samples=samples)

    def _level(self, estimator: Estimator, samples: Int[Tensor, " N"]) -> Objective:
        """What is lowered or raised, higher = less familiar."""
        name = self.word.measure
        own = getattr(estimator, "surprise", None) if name is None else None

        def level(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
            if own is not None:
                return own(inputs, samples[rows])
            found = estimator(inputs, samples[rows])
            if name is None:
                return surprise(found)
            return measure(name)(found)

        return level


def members_of(estimator: Estimator, where: str, name: str) -> Sequence[Estimator]:
    """The members of an ensemble.

    Args:
        estimator: the ensemble.
        where: the setting that wants them.
        name: what the victim is called.

    Raises:
        SpecError: it is no ensemble.
    """
    if not isinstance(estimator, DeepEnsemble):
        raise SpecError(f"{where}: expected an ensemble, got {name}")
    return [cast(Estimator, member) for member in estimator.members]


def predict_members(
    estimator: Estimator,
    inputs: Sequence[Float[Tensor, " N ..."]],
    samples: Int[Tensor, " N"],
    batch_size: int,
) -> Categorical:
    """What an ensemble says where each member sees inputs of its own, averaged as it averages, forward only.

    Args:
        estimator: the ensemble.
        inputs: one batch for each member.
        samples: the inputs' sample indices.
        batch_size: inputs per call.
    """
    if not isinstance(estimator, DeepEnsemble):
        raise SpecError(f"members: expected an ensemble, got {type(estimator).__name__}")
    asked = zip(members_of(estimator, "members", ""), inputs, strict=True)
    found = [predict(member, batch, samples, batch_size=batch_size) for member, batch in asked]
    with torch.no_grad():
        return estimator.combined(found)
