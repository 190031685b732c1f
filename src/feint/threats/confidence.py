"""Attacks on confidence: who gives gradients, who gives labels, and what is raised."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from feint import networks
from feint.attacks import Adversarial, Attack, over_radii
from feint.attacks.confidence.calibration import over_confidence, random_confidence, under_confidence
from feint.attacks.confidence.objectives import as_released, disrupt_confidence, keeps_label, steer_confidence
from feint.attacks.confidence.targets import approach
from feint.attacks.goal import Goal
from feint.errors import SpecError
from feint.estimators import Softmax, predict
from feint.measures import label_doubt
from feint.predictive import Categorical
from feint.protocols import Estimator, Objective
from feint.runs.machine import Machine
from feint.victims.loading.networks import load_members
from feint.victims.settings import VictimSettings
from feint.victims.victim import Victim, estimator_of, identity_of, measure

from .memo import Memo
from .settings import CONFIDENCE, Knowledge, ThreatWord, in_words
from .things import budget, build, check_gradient, completed


@final
@dataclass(frozen=True, eq=False)
class ConfidenceThreat:
    """An attack on a victim's confidence, ready to run.

    Attributes:
        word: how it attacks, complete.
        knowledge: what the attacker knows.
        victim: whom.
        attack: the attack itself.
        measure: the uncertainty that is attacked.
        proxies: networks that give the gradients in place of the victim's; none for a white box.
        truth: what stands in for the labels, if anything does.
        batch_size: inputs per call.
    """

    word: ThreatWord
    knowledge: Knowledge
    victim: Victim
    attack: Attack
    measure: str
    proxies: Sequence[nn.Module]
    truth: nn.Module | None
    batch_size: int

    @classmethod
    def of(
        cls,
        word: ThreatWord,
        knowledge: Knowledge,
        victim: Victim,
        machine: Machine,
        *,
        ranks: str,
        batch_size: int,
    ) -> "ConfidenceThreat":
        """Load what the attack needs beside the victim.

        Args:
            word: how to attack.
            knowledge: what the attacker knows.
            victim: whom.
            machine: where networks run.
            ranks: the measure that ranks the victim's inputs: what is attacked unless the word says else.
            batch_size: inputs per call.

        Raises:
            NetworkError: a proxy or the truth cannot be loaded, or does not fit the images or the victim's classes.
            SpecError: settings that do not go together.
        """
        word = word if word.goal is not None else word.but(goal="disrupt")
        attack = build(word, seed=victim.seed)
        _check(word, knowledge, victim, attack)
        for radius in word.radii or ():
            budget(attack, radius)
        classes = len(victim.classes)
        proxies = load_members(knowledge.proxies, victim.shape, machine, classes=classes) if knowledge.proxies else []
        if proxies:
            inside = {networks.fingerprint(member) for member in victim.members}
            for proxy, member in zip(knowledge.proxies, proxies, strict=True):
                if networks.fingerprint(member) in inside:
                    raise SpecError(f"proxy: expected networks that the victim does not contain, got {proxy.name}")
        truth = None
        if knowledge.truth is not None:
            (truth,) = load_members([knowledge.truth], victim.shape, machine, classes=classes)
        soft = bool(proxies) or knowledge.indirect
        attacked = word.measure or ("max_probability" if soft else ranks)
        if not soft:
            victim.check_measure(attacked)
        word = completed(word, seed=victim.seed).but(measure=attacked)
        threat = cls(word, knowledge, victim, attack, attacked, proxies, truth, batch_size)
        if word.arithmetic == "as-released":
            threat.check_released()
        check_gradient(attack, victim, threat.guide if proxies else None)
        return threat

    def check_released(self) -> None:
        """Raise a SpecError where the released code's arithmetic says nothing about the attack."""
        expected = f"{self.word.name}.arithmetic: as-released expects"
        if self.word.goal != "disrupt":
            raise SpecError(f"{expected} the goal disrupt, got {self.word.goal}")
        if self.measure != "max_probability":
            raise SpecError(f"{expected} an attack on max_probability, got {self.measure}")
        guide = self.guide
        for each in getattr(guide, "members", [guide]):
            if not hasattr(each, "logits"):
                raise SpecError(f"{expected} a softmax of logits, got {type(each).__name__}")

    @property
    def guide(self) -> Estimator:
        """What gives the gradients: the victim itself, its softmax without dropout, or the proxies."""
        if self.proxies:
            return estimator_of(VictimSettings(average=self.knowledge.proxy_average), self.proxies, seed=0)
        if self.knowledge.indirect:
            return estimator_of(VictimSettings(average=self.victim.settings.average), self.victim.members, seed=0)
        return self.victim.estimator()

    @property
    def guides(self) -> int:
        """How many networks one gradient passes through."""
        return len(self.proxies) or len(self.victim.members)

    def identity(self) -> dict[str, Any]:
        """Identifies everything but the victim that takes part."""
        helpers = [*self.proxies, *(() if self.truth is None else (self.truth,))]
        return {"guides": identity_of(helpers, self.victim.shape, self.victim.device)}

    def but(self, victim: Victim) -> "ConfidenceThreat":
        """The same attack on another victim."""
        return replace(self, victim=victim)

    def clean_uncertainty(
        self, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        """The attacked measure of clean images, as the guide sees them."""
        device = self.victim.device
        found = predict(self.guide, images.to(device), samples.to(device), batch_size=self.batch_size)
        return measure(self.measure)(found)

    def run(
        self,
        images: Float[Tensor, " N channels height width"],
        labels: Int[Tensor, " N"],
        samples: Int[Tensor, " N"],
        own: Int[Tensor, " N"],
        radii: Sequence[float],
        *,
        targets: Float[Tensor, " N"] | None = None,
        seed: int = 0,
        memo: Memo | None = None,
        attack: Attack | None = None,
    ) -> list[Adversarial]:
        """Attack one part of the data at all radii.

        Args:
            images: the originals.
            labels: the true classes; not looked at where the truth is another network's.
            samples: sample indices.
            own: the victim's own predictions, which the attacker may ask for in any setting.
            radii: in the attack's own distance.
            targets: of "reverse": the uncertainty that each input should get.
            seed: of "random-confidence".
            memo: the victim as it is asked for labels, where somebody keeps its answers.
            attack: another attack with the same aim.

        Returns:
            One result per radius. ``gradients`` counts those of the guide; each passes through ``guides`` networks.
        """
        guide = self.guide
        labelled = memo or Memo(self.victim.estimator(), samples, self.batch_size)
        attack = attack or self.attack

        def guided(inputs: Tensor, rows: Tensor) -> Categorical:
            return guide(inputs, samples[rows])

        def uncertainty(inputs: Tensor, rows: Tensor) -> Tensor:
            if self.measure == "max_probability":  # of the label that is kept: the same at feasible points, and smooth
                return label_doubt(guided(inputs, rows), own[rows])
            return measure(self.measure)(guided(inputs, rows))

        right = own == self._truth(images, labels)

        objective = self._objective(uncertainty, right, own, samples, targets, seed)
        condition = None if self.knowledge.any_label else keeps_label(labelled, own)
        budgets = [budget(attack, radius) for radius in radii]
        return over_radii(attack, objective, images, budgets, condition, batch_size=self.batch_size, samples=samples)

    def _truth(self, images: Tensor, labels: Int[Tensor, " N"]) -> Int[Tensor, " N"]:
        if self.truth is None:
            return labels
        return predict(Softmax(self.truth), images, batch_size=self.batch_size).prediction

    def _objective(
        self,
        uncertainty: Objective,
        right: Bool[Tensor, " N"],
        own: Int[Tensor, " N"],
        samples: Int[Tensor, " N"],
        targets: Float[Tensor, " N"] | None,
        seed: int,
    ) -> Goal:
        match self.word.goal:
            case "underconfidence":
                return under_confidence(uncertainty)
            case "overconfidence":
                return over_confidence(uncertainty)
            case "steer":
                raised = torch.tensor(self.word.target, device=own.device)
                return steer_confidence(uncertainty, torch.isin(own, raised))
            case "random-confidence":
                return random_confidence(uncertainty, samples, len(self.victim.classes), seed=seed)
            case "reverse":
                if targets is None:
                    raise SpecError("reverse: expected a target for each input, got none")
                return approach(uncertainty, targets)
            case _ if self.word.arithmetic == "as-released":
                guide: Any = self.guide
                return as_released(lambda inputs, rows: guide.logits(inputs, samples[rows]), own, right)
            case _:
                return disrupt_confidence(uncertainty, right)

    @property
    def title(self) -> str:
        """The attack in words."""
        return in_words(self.word, self.knowledge)


def _selects(victim: Victim, knowledge: Knowledge) -> bool:
    """Whether an indirect attack is asked for on a victim with an uncertainty beside its softmax."""
    return knowledge.indirect and "native" in victim.measures


def _check(word: ThreatWord, knowledge: Knowledge, victim: Victim, attack: Attack) -> None:
    """Raise a SpecError for settings that do not go together, or would be passed over in silence."""
    name, many = word.name, len(knowledge.proxies)
    rules: list[tuple[str, bool, str]] = [
        (f"{name}.goal", word.goal not in CONFIDENCE, f"one of {', '.join(CONFIDENCE)}, got {word.goal}"),
        (
            "indirect",
            knowledge.indirect and many > 0,
            "a white box, got proxies, which are asked without dropout",
        ),
        (
            "indirect",
            knowledge.indirect and not victim.stochastic,
            "a victim with dropout, got one that draws nothing"
            + (f" ({name}:measure=max_probability aims at its softmax)" if _selects(victim, knowledge) else ""),
        ),
        (
            f"{name}.target",
            word.goal == "steer" and not word.target,
            "the labels whose confidence steering raises, got none",
        ),
        (f"{name}.target", word.goal != "steer" and bool(word.target), f"the goal steer, got {word.goal}"),
        (f"{name}.evade", word.evade is not None, f"an attack on labels, got the goal {word.goal}"),
        (f"{name}.members", word.members != "joint", f"the goal accept or reject, got {word.goal}"),
        (f"{name}.draws", word.draws == "fresh", f"an attack on labels, got the goal {word.goal}"),
        ("proxy-average", knowledge.proxy_average == "logit" and many < 2, f"several proxies, got {many}"),
        (
            f"{name}",
            not knowledge.any_label and not getattr(attack, "takes_condition", True),
            f"an attack that can keep a label, or --any-label; got {name}",
        ),
    ]
    for place, broken, expected in rules:
        if broken:
            raise SpecError(f"{place}: expected {expected}")
    classes = len(victim.classes)
    if strange := [label for label in word.target if label >= classes]:
        raise SpecError(f"{name}.target: expected labels from 0 to {classes - 1}, got {strange[0]}")
