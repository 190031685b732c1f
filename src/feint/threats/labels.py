"""Attacks on labels: what is attacked is the victim's own prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks import Adversarial, Attack, label_objectives, over_radii
from feint.attacks.confidence.objectives import logarithm
from feint.attacks.goal import Goal
from feint.attacks.radii import Shares
from feint.errors import SpecError
from feint.estimators import predict
from feint.predictive import Categorical
from feint.protocols import Condition
from feint.victims.numbers import numbers
from feint.victims.victim import Victim, measure

from .settings import AUTO, ThreatWord
from .things import budget, build, check_gradient, completed

MUTUAL = "mutual_information"
FRESH = 1 << 20
"""Draws of an attack that draws anew at every step lie beyond those of any judgement."""

TIMES = 1 << 32
"""Fresh masks are keyed by sample index + this x how often the attack has asked for that input."""


@final
@dataclass(frozen=True, eq=False)
class LabelThreat:
    """An attack on a victim's labels, ready to run.

    Attributes:
        word: how it attacks, complete.
        victim: whom.
        attack: the attack itself.
        batch_size: inputs per call.
    """

    word: ThreatWord
    victim: Victim
    attack: Attack
    batch_size: int

    @classmethod
    def of(cls, word: ThreatWord, victim: Victim, batch_size: int) -> "LabelThreat":
        """Make an attack ready.

        Raises:
            SpecError: settings that do not go together, or a target that the victim does not have.
        """
        attack = build(word, seed=victim.seed)
        classes = len(victim.classes)
        if len(word.target) > 1:
            raise SpecError(f"{word.name}.target: expected one label, got {', '.join(map(str, word.target))}")
        if word.target and word.target[0] >= classes:
            raise SpecError(f"{word.name}.target: expected a label from 0 to {classes - 1}, got {word.target[0]}")
        if word.measure is not None:
            raise SpecError(f"{word.name}.measure: expected a goal about confidence, got labels")
        if word.arithmetic != "exact":
            raise SpecError(f"{word.name}.arithmetic: expected a goal about confidence, got labels")
        if word.members != "joint":
            raise SpecError(f"{word.name}.members: expected the goal accept or reject, got labels")
        if word.evade is not None:
            if attack.seeks == "nearest" or attack.raises == "gap":
                raise SpecError(f"{word.name}.evade: expected an attack that raises what it is given, got {word.name}")
            if word.evade == AUTO:
                word = word.but(evade=MUTUAL if MUTUAL in victim.measures else "predictive_entropy")
            victim.check_measure(word.evade or "")
        if word.draws == "fresh" and not victim.stochastic:
            raise SpecError(
                f"{word.name}.draws: expected a victim that draws, got {victim.name}, which predicts without"
            )
        for radius in word.radii or ():
            budget(attack, radius)
        check_gradient(attack, victim)
        return cls(completed(word, seed=victim.seed), victim, attack, batch_size)

    def run(
        self,
        images: Float[Tensor, " N channels height width"],
        samples: Int[Tensor, " N"],
        own: Int[Tensor, " N"],
        radii: Sequence[float],
    ) -> list[Adversarial]:
        """Attack at every radius; success is for others to judge, on fresh draws.

        The gradient is that of the mean prediction over the draws. A single step's sign does not depend on the radius:
        a grid of radii shares one gradient.

        Args:
            images: the originals.
            samples: their sample indices.
            own: the victim's own predictions.
            radii: in the attack's own distance.
        """
        if isinstance(self.attack, Shares):
            return self._at(images, samples, own, radii)
        return [result for radius in radii for result in self._at(images, samples, own, [radius])]

    def _at(self, images: Tensor, samples: Tensor, own: Tensor, radii: Sequence[float]) -> list[Adversarial]:
        objective, condition = self._aims(self._predictor(samples), own)
        budgets = [budget(self.attack, radius) for radius in radii]
        return over_radii(
            self.attack, objective, images, budgets, condition, batch_size=self.batch_size, samples=samples
        )

    def succeeded(self, prediction: Int[Tensor, " N"], own: Int[Tensor, " N"]) -> Tensor:
        """Whether each label is what the attack wanted: the target, or any other than the victim's own."""
        return prediction != own if not self.word.target else prediction == self.word.target[0]

    def _predictor(self, samples: Int[Tensor, " N"]) -> label_objectives.Predict:
        """The victim as one attack asks it: with the same draws every time, or with others at every further call.

        Fresh draws are keyed by input and by how often this attack has asked for that input: it never sees one twice,
        be it for a gradient or for a condition, and which inputs it has given up or finished changes nothing for the
        others. So that inputs asked more and less often still share a call, each has masks of its own then, also where
        the victim otherwise shares them: for an input by itself, one is as good a draw as the other.
        """
        if self.word.draws == "fixed":
            fixed = self.victim.estimator()
            return lambda inputs, rows: fixed(inputs, samples[rows])
        fresh = self.victim.but(masks="independent").estimator(FRESH)
        asked = torch.zeros_like(samples)

        def drawn(inputs: Tensor, rows: Tensor) -> Categorical:
            keys = samples[rows] + TIMES * asked[rows]
            asked[rows] = asked[rows] + 1  # once, also for an input that a batch is padded with
            return fresh(inputs, keys)

        return drawn

    def _aims(self, ask: label_objectives.Predict, own: Int[Tensor, " N"]) -> tuple[Goal, Condition | None]:
        """What is raised, and what must hold at the end."""
        goals, targeted = label_objectives, bool(self.word.target)
        labels = torch.full_like(own, self.word.target[0]) if targeted else own
        loss = (goals.target_log_prob if targeted else goals.cross_entropy)(ask, labels)
        margin = (goals.target_margin if targeted else goals.margin)(ask, labels)
        gap = (goals.target_gap if targeted else goals.gap)(ask, labels)
        aim = {"loss": loss, "margin": margin, "gap": gap}[self.attack.raises]
        if self.attack.seeks == "nearest":
            return aim, (goals.reaches_label if targeted else goals.changes_label)(ask, labels)
        if self.word.evade is None:
            return aim, None
        # The loss hardly rises where the victim is sure, and the measure's logarithm would always win: the margin.
        lead, evaded = (goals.target_margin if targeted else goals.margin), measure(self.word.evade)

        def hidden(inputs: Tensor, rows: Tensor) -> Tensor:
            found = ask(inputs, rows)  # once: both are of the same draws

            def again(_: Tensor, __: Tensor) -> Categorical:
                return found

            return lead(again, labels)(inputs, rows) - self.word.weight * logarithm(evaded(found))

        return Goal(hidden), None


def clean_prediction(
    victim: Victim, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"], batch_size: int
) -> Categorical:
    """What the victim says of the originals, with the draws that the attack sees.

    Raises:
        NotFinite: it says NaN of some.
    """
    return numbers(predict(victim.estimator(), images, samples, batch_size=batch_size), samples)
