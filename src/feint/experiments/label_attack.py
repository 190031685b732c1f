"""Attacks on labels, as values, and how they run against a victim."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, final

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from feint.attacks import BIM, FGSM, IAA, L2, LBFGS, MIM, PGD, Adversarial, Attack, Budget, CarliniWagner, Linf
from feint.attacks import label_objectives as goals
from feint.attacks.goal import Goal, logarithm
from feint.errors import SpecError
from feint.estimators import predict
from feint.experiments.catalog import MEASURES
from feint.experiments.spec import Spec
from feint.experiments.victim import Victim
from feint.predictive import Categorical
from feint.protocols import Condition

FRESH = 1 << 20
"""Draws of an attack that draws anew at every step lie beyond those of any judgement."""

TIMES = 1 << 32
"""Fresh masks are keyed by sample index + this x how often the attack has asked for that input."""

Kind = Literal["fgsm", "bim", "pgd", "mim", "cw", "lbfgs", "iaa"]
NEAREST: tuple[Kind, ...] = ("cw", "lbfgs")
"""Attacks that look for the nearest point: in L2, with a condition on the label."""
STEPPED: tuple[Kind, ...] = ("bim", "pgd", "mim")


@final
class LabelAttackSpec(Spec):
    """How a victim's labels are attacked; the label that is attacked is the victim's own prediction.

    Attributes:
        kind: which attack.
        norm: of fgsm, bim, pgd and mim; None for L-infinity. cw and lbfgs are in L2, iaa in its perceptual distance.
        steps: of all but fgsm (iaa: rounds); None for the attack's own number.
        step: of bim, pgd and mim (cw: of Adam), in the inputs' unit; None for the attack's own.
        initial: of cw and lbfgs: the first weight; None for the attack's own.
        searches: of cw and lbfgs: weights tried per input; None for the attack's own.
        restarts: of pgd.
        decay: of mim's momentum.
        target: the label wanted; None for any other than the victim's own.
        draws: of a stochastic victim: the same at every step, or fresh ones whenever it is asked.
        evade: the name of a measure to keep low beside: the adaptive attacker.
        weight: of the logarithm of that measure against the margin, the objective then; below 1, or the way out of
            the label, on which the measure grows as fast as the margin shrinks, leads nowhere.
    """

    kind: Kind = "fgsm"
    norm: Literal["linf", "l2"] | None = None
    steps: Annotated[int, Field(gt=0)] | None = None
    step: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    initial: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    searches: Annotated[int, Field(gt=0)] | None = None
    restarts: Annotated[int, Field(gt=0)] = 1
    decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    target: Annotated[int, Field(ge=0)] | None = None
    draws: Literal["fixed", "fresh"] = "fixed"
    evade: str | None = None
    weight: Annotated[float, Field(gt=0, lt=1)] = 0.5

    @property
    def name(self) -> str:
        """The attack in a word, such as "mim", or "bim, adaptive"."""
        return self.kind if self.evade is None else f"{self.kind}, adaptive"

    @property
    def distance(self) -> str:
        """What its radius measures."""
        return "perceptual" if self.kind == "iaa" else "l2" if self.kind in NEAREST else self.norm or "linf"


def check_label_attack(spec: LabelAttackSpec, classes: int) -> None:
    """Raise a SpecError for settings that do not go together, or a target that the victim does not have."""
    own_distance = spec.kind in NEAREST or spec.kind == "iaa"
    if own_distance and spec.norm is not None:
        raise SpecError(f"norm: expected none for {spec.kind}, whose distance is {spec.distance}, got {spec.norm}")
    unused: list[tuple[str, bool]] = [
        ("steps", spec.kind == "fgsm" and spec.steps is not None),
        ("step", spec.kind not in (*STEPPED, "cw") and spec.step is not None),
        ("restarts", spec.kind != "pgd" and spec.restarts != 1),
        ("decay", spec.kind != "mim" and spec.decay != 1),
        ("initial", spec.kind not in NEAREST and spec.initial is not None),
        ("searches", spec.kind not in NEAREST and spec.searches is not None),
        ("evade", own_distance and spec.evade is not None),
        ("weight", spec.evade is None and spec.weight != LabelAttackSpec().weight),
    ]
    for name, given in unused:
        if given:
            raise SpecError(f"{name}: expected an attack that has some, got {spec.kind}")
    if spec.target is not None and spec.target >= classes:
        raise SpecError(f"target: expected a label from 0 to {classes - 1}, got {spec.target}")
    if spec.evade is not None and spec.evade not in MEASURES:
        raise SpecError(f"evade: expected one of {', '.join(MEASURES)}, got {spec.evade!r}")


def build_label_attack(spec: LabelAttackSpec, seed: int) -> Attack:
    """The attack itself; `seed` is that of PGD's random starts."""
    steps: dict[str, Any] = {} if spec.steps is None else {"steps": spec.steps}
    weights = {"initial": spec.initial, "searches": spec.searches}
    search: dict[str, Any] = {**steps, **{name: value for name, value in weights.items() if value is not None}}
    match spec.kind:
        case "fgsm":
            return FGSM()
        case "bim":
            return BIM(**steps, step=spec.step)
        case "pgd":
            return PGD(**steps, step=spec.step, restarts=spec.restarts, seed=seed)
        case "mim":
            return MIM(**steps, step=spec.step, decay=spec.decay)
        case "cw":
            return CarliniWagner(**search, step=spec.step or CarliniWagner.step)
        case "lbfgs":
            return LBFGS(**search)
        case "iaa":
            return IAA() if spec.steps is None else IAA(rounds=spec.steps)


def attack_labels(
    spec: LabelAttackSpec,
    victim: Victim,
    images: Float[Tensor, " N channels height width"],
    samples: Int[Tensor, " N"],
    own: Int[Tensor, " N"],
    radii: Sequence[float],
    batch_size: int,
) -> list[Adversarial]:
    """Attack the victim's labels at every radius; success is for others to judge, on fresh draws.

    The gradient is that of the mean prediction over the draws. FGSM's sign does not depend on the radius: a grid of
    radii shares one gradient.

    Args:
        spec: how.
        victim: whom.
        images: the originals.
        samples: their sample indices.
        own: the victim's own predictions.
        radii: in the attack's own distance.
        batch_size: inputs per call.
    """
    norm = L2() if spec.distance == "l2" else Linf()
    budgets = [Budget(radius, norm) for radius in radii]
    attack = build_label_attack(spec, victim.seed)
    if isinstance(attack, FGSM):
        objective, condition = _aims(spec, _predictor(spec, victim, samples), own)
        return attack.grid(objective, images, budgets, condition, batch_size=batch_size)
    results: list[Adversarial] = []
    for budget in budgets:
        objective, condition = _aims(spec, _predictor(spec, victim, samples), own)
        results.append(attack(objective, images, budget, condition, batch_size=batch_size, samples=samples))
    return results


def _predictor(spec: LabelAttackSpec, victim: Victim, samples: Int[Tensor, " N"]) -> goals.Predict:
    """The victim as one attack asks it: with the same draws every time, or with others at every further call.

    Fresh draws are keyed by input and by how often this attack has asked for that input: it never sees one twice, be
    it for a gradient or for a condition, and which inputs it has given up or finished changes nothing for the others.
    So that inputs asked more and less often still share a call, each has masks of its own then, also where the victim
    otherwise shares them: for an input by itself, one is as good a draw as the other.
    """
    if spec.draws == "fixed" or not victim.spec.stochastic:
        fixed = victim.estimator()
        return lambda inputs, rows: fixed(inputs, samples[rows])
    fresh = replace(victim, spec=victim.spec.model_copy(update={"masks": "independent"})).estimator(FRESH)
    asked = torch.zeros_like(samples)

    def drawn(inputs: Tensor, rows: Tensor) -> Categorical:
        keys = samples[rows] + TIMES * asked[rows]
        asked[rows] = asked[rows] + 1  # once, also for an input that a batch is padded with
        return fresh(inputs, keys)

    return drawn


def _aims(spec: LabelAttackSpec, ask: goals.Predict, own: Int[Tensor, " N"]) -> tuple[Goal, Condition | None]:
    """What is raised, and what must hold at the end."""
    targeted = spec.target is not None
    labels = own if spec.target is None else torch.full_like(own, spec.target)
    holds = (goals.reaches_label if targeted else goals.changes_label)(ask, labels)
    loss = (goals.target_log_prob if targeted else goals.cross_entropy)(ask, labels)
    match spec.kind:
        case "cw":
            return (goals.target_margin if targeted else goals.margin)(ask, labels), holds
        case "lbfgs":
            return loss, holds
        case "iaa":
            return (goals.target_gap if targeted else goals.gap)(ask, labels), None
        case _:
            if spec.evade is None:
                return loss, None
            # The loss hardly rises where the victim is sure, and the measure's logarithm would always win: the margin.
            lead, measure = (goals.target_margin if targeted else goals.margin), MEASURES[spec.evade]

            def hidden(inputs: Tensor, rows: Tensor) -> Tensor:
                found = ask(inputs, rows)  # once: both are of the same draws

                def again(_: Tensor, __: Tensor) -> Categorical:
                    return found

                return lead(again, labels)(inputs, rows) - spec.weight * logarithm(measure(found))

            return Goal(hidden), None


def check_answers(victim: Victim, measures: Sequence[str] = ()) -> None:
    """Ask a victim about two grey images, so that what it cannot do is said before a run folder is made.

    Args:
        victim: whom.
        measures: names of those that will be taken of it.

    Raises:
        NetworkError: it is asked for MC dropout and no dropout acts in it.
        NotApplicable: a measure that its kind of prediction does not have.
    """
    grey = torch.full((2, *victim.shape), 0.5, device=victim.device)
    found = predict(victim.estimator(), grey, torch.arange(2, device=victim.device), batch_size=2)
    for name in measures:
        MEASURES[name](found)


def succeeded(spec: LabelAttackSpec, prediction: Int[Tensor, " N"], own: Int[Tensor, " N"]) -> Tensor:
    """Whether each label is what the attack wanted: the target, or any other than the victim's own."""
    return prediction != own if spec.target is None else prediction == spec.target


def clean_prediction(
    victim: Victim, images: Float[Tensor, " N channels height width"], samples: Int[Tensor, " N"], batch_size: int
) -> Categorical:
    """What the victim says of the originals, with the draws that the attack sees."""
    return predict(victim.estimator(), images, samples, batch_size=batch_size)
