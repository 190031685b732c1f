"""Uncertainty as a detector of attacks: does any measure tell attacked inputs from clean and from noisy ones?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, final

from pydantic import AfterValidator, Field

from feint.errors import SpecError
from feint.experiments.detection_part import GREY, Detection, Noise, Threat
from feint.experiments.detection_report import write_detection_report
from feint.experiments.detection_run import compute, summarise
from feint.experiments.label_attack import LabelAttackSpec, check_answers
from feint.experiments.noise import RELEASED_BOUNDS
from feint.experiments.run import RunResult, begun, head, part_count
from feint.experiments.spec import DataSpec, RunSpec, VictimSpec, checked_victims
from feint.experiments.victim import load_data
from feint.results import RunFolder

Attacker = Literal["fgsm", "bim", "mim", "pgd", "adaptive", "ace"]
ATTACKERS: tuple[Attacker, ...] = ("fgsm", "bim", "mim", "adaptive", "ace")
PASSES = 20
"""Draws of the MC dropout that `compare` builds: the paper's."""


def _each_once(names: tuple[Attacker, ...]) -> tuple[Attacker, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError("each attacker once, at least one")
    return names


@final
class DetectSpec(RunSpec):
    """A detection run.

    Attributes:
        data: the images.
        victims: the classifiers, each attacked by attackers of its own.
        attacks: the attackers; "adaptive" is bim that also keeps the detector's measure low.
        radii: L-infinity radii.
        steps: of bim, mim, pgd and adaptive.
        step: their size; None for radius / steps (pgd and adaptive: 2.5 times that).
        evade: the measure that "adaptive" keeps low; None for mutual information, or entropy where there is one draw.
        weight: of its logarithm against the margin, below 1.
        protocol: "corrected", or "as-released" with the noise images, bounds and measures of the released experiment.
        repeats: how often a stochastic victim is asked with fresh draws; scores are of the first.
        resamples: of the bootstrap.
    """

    data: DataSpec = DataSpec()
    victims: Annotated[tuple[VictimSpec, ...], AfterValidator(checked_victims)]
    attacks: Annotated[tuple[Attacker, ...], AfterValidator(_each_once)] = ATTACKERS
    radii: Annotated[tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...], Field(min_length=1)] = (0.1,)
    steps: Annotated[int, Field(gt=0)] = 10
    step: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    evade: str | None = None
    weight: Annotated[float, Field(gt=0, lt=1)] = 0.5
    protocol: Literal["corrected", "as-released"] = "corrected"
    repeats: Annotated[int, Field(gt=0)] = 1
    resamples: Annotated[int, Field(ge=0)] = 200


def compared(victim: VictimSpec, draws: int = PASSES) -> list[VictimSpec]:
    """The paper's four from one victim of dropout networks.

    Deterministic, MC dropout with the same weights, and both of all its members, where it has several.

    Raises:
        SpecError: no networks.
    """
    if not victim.networks:
        raise SpecError("compare: expected a victim with networks of its own (--victim or --network), got none")
    first = {"networks": victim.networks[:1]}
    mc = {"estimator": "mc-dropout", "draws": draws}
    found = [
        victim.model_copy(update={**first, "estimator": "softmax", "name": "deterministic"}),
        victim.model_copy(update={**first, **mc, "name": "MC dropout"}),
    ]
    if len(victim.networks) > 1:
        found += [
            victim.model_copy(update={"estimator": "softmax", "name": "ensemble"}),
            victim.model_copy(update={**mc, "name": "ensemble of MC dropout"}),
        ]
    return found


def threats_to(spec: DetectSpec, victim: VictimSpec) -> list[Threat]:
    """The attackers of a victim, at every radius."""
    draws = victim.stochastic or (len(victim.networks) > 1 and victim.average == "probability")
    evade = spec.evade or ("mutual_information" if draws else "predictive_entropy")

    def attack(name: Attacker, radius: float) -> LabelAttackSpec | None:
        match name:
            case "fgsm":
                return LabelAttackSpec(kind="fgsm")
            case "bim" | "mim" | "pgd":
                return LabelAttackSpec(kind=name, steps=spec.steps, step=spec.step)
            case "adaptive":  # room to go back: first out of the label, then down with the measure
                step = spec.step or 2.5 * radius / spec.steps
                return LabelAttackSpec(kind="bim", steps=spec.steps, step=step, evade=evade, weight=spec.weight)
            case "ace":
                return None

    return [
        Threat(name=name, radius=radius, attack=attack(name, radius)) for name in spec.attacks for radius in spec.radii
    ]


def detect(
    spec: DetectSpec, root: Path = Path("feint-runs"), *, command: str = "", fresh: bool = False, progress: bool = True
) -> RunResult:
    """Attack victims in several ways and score every measure as a detector of it.

    Negatives are clean inputs and inputs with Gaussian noise as large (in L2) as their perturbation. The same
    specification on the same data and weights is the same run: what an interrupted one computed is used again.

    Args:
        spec: what to detect and how.
        root: where run folders lie.
        command: the command line to show in the report.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    dataset = load_data(spec.data)
    with begun(spec, dataset, spec.victims, progress=progress) as (spec, victims, size):
        noise: Noise = GREY if spec.protocol == "as-released" else "noise"
        threats = [threats_to(spec, victim) for victim in spec.victims]
        work = Detection(victims, threats, dataset, (noise,), spec.repeats, spec.seed, size, spec.device)
        work.check()
        for victim, faced in zip(victims, threats, strict=True):
            check_answers(victim, [each.attack.evade for each in faced if each.attack and each.attack.evade])
        identity = {
            **spec.model_dump(mode="json"),
            "images": dataset.fingerprint(),
            "weights": [victim.fingerprint() for victim in victims],
            **({"bounds": RELEASED_BOUNDS} if noise == GREY else {}),
        }
        parts = part_count(dataset, size, len(victims))
        with RunFolder.open(root, "detect", identity, parts=parts, fresh=fresh) as folder:
            if not folder.is_complete:
                skipped = compute(work, folder, progress)
                table = folder.read()
                summary = {
                    "run": head(folder, command),
                    "data": dataset.name,
                    "protocol": spec.protocol,
                    "skipped": skipped,
                    "victims": summarise(work, table, noise, resamples=spec.resamples),
                }
                write_detection_report(folder, table, summary, noise)
                folder.finish(summary)
            return RunResult(folder.path, folder.summary)


MEASURES_SHOWN = ("max_probability", "predictive_entropy", "mutual_information")


def text_rows(summary: dict[str, Any], measures: Sequence[str] = MEASURES_SHOWN) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table in a terminal: AUROC of all attacked inputs; (S): of those whose label changed."""
    heads = ["victim", "attack", "radius", "changed %", "accuracy %", "L2"]
    heads += [head for name in measures for head in (name, "(S)")]
    rows: list[list[str]] = []
    for victim in summary["victims"]:
        clean = victim["clean"]
        rows.append([victim["name"], "none", "-", *(f"{100 * clean[name]:.1f}" for name in ("changed", "accuracy"))])
        rows[-1] += ["-"] * (1 + 2 * len(measures))
        for entry in victim["attacks"]:
            cells = [victim["name"], entry["attack"], f"{entry['radius']:.3g}"]
            cells += [f"{100 * entry['changed']:.1f}", f"{100 * entry['accuracy']:.1f}", f"{entry['l2']:.2f}"]
            for name in measures:
                for kind in ("all", "successful"):
                    scores: dict[str, Any] = entry[kind] or {}
                    cells.append(f"{scores[name]['auroc'][1]:.3f}" if name in scores else "-")
            rows.append(cells)
    return heads, rows
