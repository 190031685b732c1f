"""The setting of an attack on confidence: who gives gradients, who gives labels, and what is raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from feint import networks
from feint.attacks import ACE, Adversarial, Backtracking, Budget
from feint.attacks.confidence.bisection import Bisection
from feint.attacks.confidence.calibration import over_confidence, random_confidence, under_confidence
from feint.attacks.confidence.iterative_ace import IterativeACE
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label, steer_confidence
from feint.attacks.confidence.targets import approach
from feint.attacks.goal import Goal
from feint.data import Dataset
from feint.errors import SpecError
from feint.estimators import Softmax, predict
from feint.experiments.catalog import MEASURES
from feint.experiments.spec import AttackSpec, VictimSpec
from feint.experiments.victim import Victim, build_estimator, identity_of, load_members
from feint.measures import label_doubt
from feint.predictive import Categorical
from feint.protocols import Estimator, Objective


@final
@dataclass(frozen=True, eq=False)
class Setting:
    """An attack on a victim's confidence, ready to run.

    Attributes:
        spec: how it attacks.
        victim: whom.
        measure: the uncertainty that is attacked.
        guide: what gives the gradients: the victim itself (white box), its softmax without dropout (indirect), or the
            proxies (black box).
        guides: how many networks one gradient passes through.
        helpers: the networks beside the victim's.
        truth: what stands in for the labels, if anything does.
        batch_size: inputs per call.
    """

    spec: AttackSpec
    victim: Victim
    measure: str
    guide: Estimator
    guides: int
    helpers: Sequence[nn.Module]
    truth: nn.Module | None
    batch_size: int

    @classmethod
    def of(
        cls, spec: AttackSpec, victim: Victim, dataset: Dataset, *, measure: str, device: str, batch_size: int
    ) -> "Setting":
        """Load what the attack needs beside the victim.

        Args:
            spec: how to attack.
            victim: whom.
            dataset: the images, which proxies must take too.
            measure: the measure that ranks the victim's inputs: what is attacked unless the specification says else.
            device: where the networks run.
            batch_size: inputs per call.

        Raises:
            NetworkError: a proxy or the truth cannot be loaded, or does not fit the images or the victim's classes.
            SpecError: settings that do not go together.
        """
        _check(spec, victim)
        soft = VictimSpec(average=spec.proxy_average if spec.proxies else victim.spec.average)
        members = victim.members
        guide = victim.estimator()
        if spec.proxies:
            members = load_members(spec.proxies, dataset, device=device, classes=victim.classes)
            inside = {networks.fingerprint(member) for member in victim.members}
            for proxy, member in zip(spec.proxies, members, strict=True):
                if networks.fingerprint(member) in inside:
                    raise SpecError(f"proxy: expected networks that the victim does not contain, got {proxy.name}")
            guide = build_estimator(soft, members, seed=0)
        elif spec.indirect:
            guide = build_estimator(soft, members, seed=0)
        truth = None
        if spec.truth is not None:
            (truth,) = load_members([spec.truth], dataset, device=device, classes=victim.classes)
        soft_guide = bool(spec.proxies) or spec.indirect
        measure = spec.measure or ("max_probability" if soft_guide else measure)
        if measure not in MEASURES:
            raise SpecError(f"attack-measure: expected one of {', '.join(MEASURES)}, got {measure!r}")
        helpers = [*(members if spec.proxies else ()), *(() if truth is None else (truth,))]
        return cls(spec, victim, measure, guide, len(members), helpers, truth, batch_size)

    @property
    def attack(self) -> ACE | IterativeACE:
        """The attack itself."""
        spec = self.spec
        search = Bisection() if spec.search == "bisection" else Backtracking(spec.decay, spec.tries, spec.accept)
        return ACE(search) if spec.steps == 1 else IterativeACE(spec.steps, momentum=spec.momentum, search=search)

    def fingerprint(self) -> str:
        """Identifies everything but the victim that takes part."""
        return identity_of(self.helpers, self.victim.shape, self.victim.device)

    def clean_uncertainty(
        self, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"]
    ) -> Float[Tensor, " N"]:
        """The attacked measure of clean images, as the guide sees them."""
        device = self.victim.device
        found = predict(self.guide, images.to(device), samples.to(device), batch_size=self.batch_size)
        return MEASURES[self.measure](found)

    def run(
        self,
        images: Float[Tensor, " N channels height width"],
        labels: Int[Tensor, " N"],
        samples: Int[Tensor, " N"],
        own: Int[Tensor, " N"],
        radii: Sequence[float],
        targets: Float[Tensor, " N"] | None,
        seed: int,
    ) -> list[Adversarial]:
        """Attack one part of the data at all radii.

        Args:
            images: the originals.
            labels: the true classes; not looked at where the truth is another network's.
            samples: sample indices.
            own: the victim's own predictions, which the attacker may ask for in any setting.
            radii: L-infinity radii.
            targets: of "reverse": the uncertainty that each input should get.
            seed: of "random-confidence".

        Returns:
            One result per radius. ``gradients`` counts passes back through single networks.
        """
        victim = self.victim.estimator()

        def guided(inputs: Tensor, rows: Tensor) -> Categorical:
            return self.guide(inputs, samples[rows])

        def labelled(inputs: Tensor, rows: Tensor) -> Categorical:
            return victim(inputs, samples[rows])

        def uncertainty(inputs: Tensor, rows: Tensor) -> Tensor:
            if self.measure == "max_probability":  # of the label that is kept: the same at feasible points, and smooth
                return label_doubt(guided(inputs, rows), own[rows])
            return MEASURES[self.measure](guided(inputs, rows))

        right = own == self._truth(images, labels)
        objective = self._objective(uncertainty, right, own, samples, targets, seed)
        condition = keeps_label(labelled, own) if self.spec.keep_label else None
        budgets = [Budget(radius) for radius in radii]
        return self.attack.grid(objective, images, budgets, condition, batch_size=self.batch_size)

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
        match self.spec.goal:
            case "disrupt":
                return disrupt_confidence(uncertainty, right)
            case "underconfidence":
                return under_confidence(uncertainty)
            case "overconfidence":
                return over_confidence(uncertainty)
            case "steer":
                return steer_confidence(uncertainty, torch.isin(own, torch.tensor(self.spec.raised, device=own.device)))
            case "random-confidence":
                return random_confidence(uncertainty, samples, self.victim.classes, seed=seed)
            case "reverse":
                if targets is None:
                    raise SpecError("reverse: expected a target for each input, got none")
                return approach(uncertainty, targets)


def _check(spec: AttackSpec, victim: Victim) -> None:
    """Raise a SpecError for settings that do not go together, or would be passed over in silence."""
    halving = spec.decay != 0.5 or spec.tries != 15 or spec.accept != "first"
    rules: list[tuple[str, bool, str]] = [
        ("indirect", spec.indirect and bool(spec.proxies), "a white box, got proxies, which are asked without dropout"),
        ("indirect", spec.indirect and not victim.spec.stochastic, "a victim with dropout, got one that draws nothing"),
        ("raised", spec.goal == "steer" and not spec.raised, "the labels whose confidence steering raises, got none"),
        ("raised", spec.goal != "steer" and bool(spec.raised), f"the goal steer, got {spec.goal}"),
        ("momentum", spec.momentum > 0 and spec.steps == 1, "several steps, got one"),
        ("search", spec.search == "bisection" and halving, "backtracking with decay, tries or accept, got bisection"),
        ("proxy-average", spec.proxy_average == "logit" and len(spec.proxies) < 2, "several proxies"),
    ]
    for name, broken, expected in rules:
        if broken:
            raise SpecError(f"{name}: expected {expected}")
    if strange := [label for label in spec.raised if not 0 <= label < victim.classes]:
        raise SpecError(f"raised: expected labels from 0 to {victim.classes - 1}, got {strange[0]}")
