"""By class: accuracy and confidence of MC dropout at several dropout rates, clean and attacked.

And whether one follows from the other along a straight line.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, cast, final

import numpy as np
import pyarrow as pa
import torch
from jaxtyping import Float, Int
from pydantic import AfterValidator, Field, field_validator
from torch import Tensor

from feint import metrics
from feint.data import Batch, Dataset
from feint.errors import SpecError
from feint.estimators import predict
from feint.experiments.detection_part import Threat
from feint.experiments.label_attack import (
    NEAREST,
    STEPPED,
    Kind,
    LabelAttackSpec,
    attack_labels,
    check_answers,
    check_label_attack,
    clean_prediction,
)
from feint.experiments.run import Piece, RunResult, begun, head, part_count, walk
from feint.experiments.spec import DataSpec, NetworkSpec, RunSpec, VictimSpec, checked_victims
from feint.experiments.victim import Victim, load_data
from feint.networks import ARCHITECTURES
from feint.results import RunFolder
from feint.results.detection_scatter import Cloud, scatter

PASSES = 50
CLEAN = "clean"
DISTANCES: dict[Kind, float] = {"cw": 4.0, "lbfgs": 4.0, "iaa": 20.0}
"""How far those attacks may go that have a distance of their own: L2, L2, and perceptual."""


@final
class PerClassSpec(RunSpec):
    """Whom to look at, by class.

    Attributes:
        data: the images.
        victims: networks with dropout: one for each rate.
        attacks: beside the clean images; each has a name of its own.
        passes: draws of MC dropout.
        attack_passes: how many of them the attacks see; None for all.
    """

    data: DataSpec = DataSpec()
    victims: Annotated[tuple[VictimSpec, ...], AfterValidator(checked_victims)]
    attacks: tuple[Threat, ...] = ()
    passes: Annotated[int, Field(gt=1)] = PASSES
    attack_passes: Annotated[int, Field(gt=0)] | None = None

    @field_validator("attacks")
    @classmethod
    def _names_differ(cls, attacks: tuple[Threat, ...]) -> tuple[Threat, ...]:
        if len({(threat.attack, threat.radius) for threat in attacks}) < len(attacks):
            raise ValueError(f"each attack once, got {', '.join(threat.name for threat in attacks)}")
        if any(threat.attack is None for threat in attacks):
            raise ValueError("attacks on labels, got one that keeps them")
        return attacks


def threats(names: Sequence[str], radius: float, steps: int, searches: int | None = None) -> list[dict[str, Any]]:
    """The values of attacks by name, such as "fgsm", or "lbfgs=2" with a radius of its own.

    Args:
        names: kinds of attacks, with a radius or without.
        radius: L-infinity, of fgsm, bim, pgd and mim that have none.
        steps: of bim, pgd and mim.
        searches: of cw and lbfgs: weights tried per input; None for the attack's own number.

    Raises:
        SpecError: a radius that is no number above 0, or searches without an attack that has some.
    """
    found: list[dict[str, Any]] = []
    for name in names:
        kind, given, far = name.strip().partition("=")
        try:
            distance = float(far) if given else DISTANCES.get(cast(Kind, kind), radius)
        except ValueError:
            distance = 0.0
        if not 0 < distance < float("inf"):
            if given:
                raise SpecError(f"attacks: expected a radius above 0 after {kind}=, got {far!r}")
            raise SpecError(f"radius: expected a number above 0, got {radius:g}")
        tried = searches if kind in NEAREST else None
        attack = {"kind": kind, "steps": steps if kind in STEPPED else None, "searches": tried}
        found.append({"name": name.strip(), "radius": distance, "attack": attack})
    if searches is not None and not any(each["attack"]["kind"] in NEAREST for each in found):
        raise SpecError(f"searches: expected an attack that has some, {' or '.join(NEAREST)}, got {', '.join(names)}")
    return found


def at_rates(victim: VictimSpec, rates: Sequence[float]) -> list[VictimSpec]:
    """The same weights with dropout at other rates.

    Raises:
        SpecError: a network whose dropout cannot be set: not a built-in architecture with one.
    """
    found: list[VictimSpec] = []
    for rate in rates:
        if not 0 < rate < 1:
            raise SpecError(f"rates: expected numbers between 0 and 1, got {rate}")
        networks: list[NetworkSpec] = []
        for network in victim.networks:
            if network.name not in ARCHITECTURES:
                raise SpecError(f"rates: expected a built-in architecture, got {network.name}")
            networks.append(network.model_copy(update={"arguments": {**network.arguments, "dropout": rate}}))
        if not networks:
            raise SpecError("rates: expected a victim with networks of its own (--victim), got none")
        found.append(
            victim.model_copy(update={"networks": tuple(networks), "name": f"{victim.title}, dropout {rate:g}"})
        )
    return found


def per_class(
    spec: PerClassSpec,
    root: Path = Path("feint-runs"),
    *,
    command: str = "",
    fresh: bool = False,
    progress: bool = True,
) -> RunResult:
    """Ask MC dropout of every victim, clean and attacked, and put the images of a class together.

    Attacked images are judged with fresh draws. The same specification on the same data and weights is the same run.

    Args:
        spec: what to look at.
        root: where run folders lie.
        command: the command line to note.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    if spec.attack_passes is not None and spec.attack_passes > spec.passes:
        raise SpecError(f"attack-passes: expected at most the {spec.passes} passes, got {spec.attack_passes}")
    drawn = {"estimator": "mc-dropout", "draws": spec.passes}
    specs = tuple(each.model_copy(update={**drawn, "name": each.title}) for each in spec.victims)
    spec, dataset = spec.model_copy(update={"victims": specs}), load_data(spec.data)
    with begun(spec, dataset, specs, progress=progress) as (spec, victims, size):
        for victim in victims:
            check_answers(victim)
            for threat in spec.attacks:
                check_label_attack(cast(LabelAttackSpec, threat.attack), victim.classes)

        def compute(piece: Piece) -> pa.Table:
            return _part(spec, piece.which, victims[piece.which], piece.batch, size)

        identity = {
            **spec.model_dump(mode="json"),
            "images": dataset.fingerprint(),
            "weights": [victim.fingerprint() for victim in victims],
        }
        parts = part_count(dataset, size, len(victims))
        with RunFolder.open(root, "per-class", identity, parts=parts, fresh=fresh) as folder:
            if not folder.is_complete:
                names = [victim.name for victim in victims]
                skipped = walk(folder, dataset, size, compute, names=names, progress=progress)
                found = summarise(spec, folder.read(), dataset)
                folder.write_bytes("figures/per-class.png", _picture(found))
                seen = spec.attack_passes or spec.passes
                about = {"data": dataset.name, "passes": spec.passes, "attack_passes": seen}
                folder.finish({"run": head(folder, command), **about, "skipped": skipped, **found})
            return RunResult(folder.path, folder.summary)


def _part(spec: PerClassSpec, which: int, victim: Victim, batch: Batch, size: int) -> pa.Table:
    """The records of one part: one row per image and condition."""
    victim.check_labels(batch)
    images, labels, samples = (tensor.to(spec.device) for tensor in batch)
    seen = victim
    if spec.attack_passes is not None:
        seen = replace(victim, spec=victim.spec.model_copy(update={"draws": spec.attack_passes}))
    own = clean_prediction(seen, images, samples, size).prediction
    tables = [_judged(victim, which, CLEAN, images, labels, samples, size)]
    for threat in spec.attacks:
        attack = cast(LabelAttackSpec, threat.attack)  # the specification has seen to it
        (result,) = attack_labels(attack, seen, images, samples, own, (threat.radius,), size)
        tables.append(_judged(victim, which, threat.name, result.inputs, labels, samples, size))
    return pa.concat_tables(tables)


def _judged(
    victim: Victim,
    which: int,
    condition: str,
    inputs: Float[Tensor, " N channels height width"],
    labels: Int[Tensor, " N"],
    samples: Int[Tensor, " N"],
    size: int,
) -> pa.Table:
    found = predict(victim.estimator(1), inputs, samples, batch_size=size)
    own = labels.expand(found.draws, -1).unsqueeze(-1)
    probabilities = found.log_probs.gather(-1, own).squeeze(-1).exp()
    count = len(inputs)
    columns: dict[str, Any] = {
        "victim": pa.array(np.full(count, which), pa.int64()),
        "condition": pa.array([condition] * count, pa.string()),
        "sample": samples.cpu().numpy(),
        "label": labels.cpu().numpy(),
        "prediction": found.prediction.cpu().numpy(),
        "softmax": probabilities.mean(dim=0).cpu().numpy(),
        "variance": probabilities.var(dim=0, correction=0).cpu().numpy(),
    }
    return pa.table(columns)


def summarise(spec: PerClassSpec, table: pa.Table, dataset: Dataset) -> dict[str, Any]:
    """By victim and condition: every class, and how well confidence follows accuracy over the classes."""
    columns = {name: np.asarray(table.column(name).to_pylist()) for name in table.column_names}
    victims: list[dict[str, Any]] = []
    for which, victim in enumerate(spec.victims):
        conditions: list[dict[str, Any]] = []
        for condition, radius in ((CLEAN, 0.0), *((threat.name, threat.radius) for threat in spec.attacks)):
            rows = (columns["victim"] == which) & (columns["condition"] == condition)
            classes = [
                _class(columns, rows & (columns["label"] == label), int(label), dataset)
                for label in np.unique(columns["label"][rows])
            ]
            conditions.append({"condition": condition, "radius": radius, "classes": classes, **line(classes)})
        every = [each for entry in conditions for each in entry["classes"]]
        victims.append({"name": victim.title, "conditions": conditions, "all": line(every)})
    return {"images": len(np.unique(columns["sample"])), "victims": victims}


def _class(columns: dict[str, Any], rows: Any, label: int, dataset: Dataset) -> dict[str, Any]:
    """One class: ordinary accuracy, mean softmax of the true class, and confidence from the variance over draws."""
    variance = columns["variance"][rows]
    return {
        "label": label,
        "name": dataset.classes[label] if label < len(dataset.classes) else str(label),
        "images": int(rows.sum()),
        "accuracy": float((columns["prediction"][rows] == label).mean()),
        "mean_softmax": float(columns["softmax"][rows].mean()),
        "variance": float(variance.mean()),
        "confidence": float(1 - 2 * np.sqrt(variance).mean()),
    }


def line(classes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The least-squares line of confidence over the seeds' accuracy: Pearson's r, R^2, slope, height at 0, and a bend.

    ``bend`` is the R^2 that a parabola reaches: where it is much above that of the line, the relation is no line.
    ``rank`` is Spearman's correlation. None where all classes are alike, or fewer than three.
    """
    x = np.array([each["mean_softmax"] for each in classes])
    y = np.array([each["confidence"] for each in classes])
    if len(x) < 3 or np.ptp(x) < 1e-9 or np.ptp(y) < 1e-9:
        return dict.fromkeys(("pearson", "rank", "r2", "slope", "height", "bend"))
    r = float(np.corrcoef(x, y)[0, 1])
    fitted = np.vander(x - x.mean(), 3) @ np.linalg.lstsq(np.vander(x - x.mean(), 3), y, rcond=None)[0]
    bend = 1 - float(((y - fitted) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    rank, slope = metrics.spearman(torch.as_tensor(x), torch.as_tensor(y)), float(r * y.std() / x.std())
    height = float(y.mean() - slope * x.mean())
    return {"pearson": r, "rank": rank, "r2": r * r, "slope": slope, "height": height, "bend": bend}


def _picture(found: dict[str, Any]) -> bytes:
    clouds = tuple(
        Cloud(
            victim["name"],
            entry["condition"],
            tuple(each["name"] for each in entry["classes"]),
            tuple(100 * each["mean_softmax"] for each in entry["classes"]),
            tuple(100 * each["confidence"] for each in entry["classes"]),
        )
        for victim in found["victims"]
        for entry in victim["conditions"]
    )
    return scatter(
        "Confidence against accuracy, by class", "mean softmax of the true class (%)", "confidence (%)", clouds
    )


def text_rows(summary: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table in a terminal: a row for each class, then the line through them."""
    heads = ["victim", "images", "class", "accuracy %", "mean softmax %", "variance", "confidence %"]
    rows: list[list[str]] = []
    for victim in summary["victims"]:
        for entry in victim["conditions"]:
            for each in entry["classes"]:
                numbers = [f"{100 * each[name]:.2f}" for name in ("accuracy", "mean_softmax")]
                numbers += [f"{each['variance']:.2e}", f"{100 * each['confidence']:.2f}"]
                rows.append([victim["name"], entry["condition"], each["name"], *numbers])
    return heads, rows


def text_lines(summary: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the lines: confidence over mean softmax, by classes."""

    def cell(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    heads = ["victim", "images", "Pearson", "Spearman", "R^2", "slope", "height at 0", "R^2 of a parabola"]
    names = ("pearson", "rank", "r2", "slope", "height", "bend")
    rows = [
        [victim["name"], entry.get("condition", "all together"), *(cell(entry[name]) for name in names)]
        for victim in summary["victims"]
        for entry in (*victim["conditions"], victim["all"])
    ]
    return heads, rows
