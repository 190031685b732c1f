"""Attack the labels of a data set or a picture, and say what came of it."""

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, final

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int
from pydantic import AfterValidator, Field
from torch import Tensor

from feint.attacks import L2, Adversarial, Linf
from feint.data import Batch
from feint.errors import SpecError
from feint.estimators import predict
from feint.experiments.attack_arrays import Array, join, remove_arrays, write_arrays, write_pictures
from feint.experiments.judgement import Columns, applicable_measures, judge
from feint.experiments.label_attack import (
    LabelAttackSpec,
    attack_labels,
    check_answers,
    check_label_attack,
    clean_prediction,
)
from feint.experiments.picture import is_picture, open_picture
from feint.experiments.run import Piece, RunResult, begun, head, part_count, walk
from feint.experiments.spec import DataSpec, RunSpec, VictimSpec
from feint.experiments.summary import column
from feint.experiments.victim import Victim, load_data
from feint.results import RunFolder, records
from feint.results.tables import percent


def _rising(radii: tuple[float, ...]) -> tuple[float, ...]:
    if not radii or len(set(radii)) < len(radii):
        raise ValueError("each radius once, at least one")
    return radii


@final
class AttackRunSpec(RunSpec):
    """Which attack, on whom, on what.

    Attributes:
        data: the images; the source may be a single picture, whose label is then the victim's own.
        victim: the classifier.
        attack: the attack.
        radii: in the attack's own distance: its norm, in the inputs' unit; of iaa, its perceptual distance.
        format: of the attacked images.
        repeats: how often a stochastic victim is asked with fresh draws.
    """

    data: DataSpec = DataSpec()
    victim: VictimSpec = VictimSpec()
    attack: LabelAttackSpec = LabelAttackSpec()
    radii: Annotated[tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...], AfterValidator(_rising)]
    format: Literal["npz", "safetensors"] = "npz"
    repeats: Annotated[int, Field(ge=0)] = 3


def attack(
    spec: AttackRunSpec,
    root: Path = Path("feint-runs"),
    *,
    command: str = "",
    fresh: bool = False,
    progress: bool = True,
) -> RunResult:
    """Attack labels at every radius, keep the attacked images, and judge them on fresh draws and rounded to 8 bits.

    The same specification on the same data and weights is the same run: what an interrupted one computed is used again.

    Args:
        spec: what to attack and how.
        root: where run folders lie.
        command: the command line to note.
        fresh: forget what an earlier run of the same specification computed.
        progress: bars on standard error.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    picture = is_picture(spec.data.source)
    dataset = (
        open_picture(spec.data.source, resize=spec.data.resize, crop=spec.data.crop)
        if picture
        else load_data(spec.data)
    )
    with begun(spec, dataset, [spec.victim], progress=progress) as (spec, (victim,), size):
        check_label_attack(spec.attack, victim.classes)
        if spec.attack.draws == "fresh" and not victim.spec.stochastic:
            raise SpecError(f"attack-draws: expected a victim that draws, got {victim.name}, which predicts without")
        check_answers(victim, [spec.attack.evade] if spec.attack.evade else [])
        identity = {
            **spec.model_dump(mode="json"),
            "images": dataset.fingerprint(),
            "weights": victim.fingerprint(),
        }
        parts = part_count(dataset, size)
        with RunFolder.open(root, "attack", identity, parts=parts, fresh=fresh) as folder:
            if not folder.is_complete:

                def compute(piece: Piece) -> pa.Table:
                    table, arrays = _part(spec, victim, piece.batch, size, own_labels=picture)
                    write_arrays(folder, piece.part, arrays)
                    write_pictures(folder, piece.part, arrays, len(spec.radii))
                    return table

                skipped = walk(folder, dataset, size, compute, names=["attack"], progress=progress)
                files = join(folder, parts, len(spec.radii), spec.format)
                summary = {
                    "run": head(folder, command),
                    "data": dataset.name,
                    "victim": victim.name,
                    "attack": spec.attack.model_dump(mode="json"),
                    **summarise(folder.read(), spec),
                    "files": files,
                    "skipped": skipped,
                }
                folder.finish(summary)
            # Only now, for whoever resumes needs them; and again, should that have been interrupted.
            remove_arrays(folder)
            return RunResult(folder.path, folder.summary)


def _part(
    spec: AttackRunSpec, victim: Victim, batch: Batch, size: int, *, own_labels: bool
) -> tuple[pa.Table, dict[str, Array]]:
    """The records and the arrays of one part."""
    images, labels, samples = (tensor.to(spec.device) for tensor in batch)
    clean = clean_prediction(victim, images, samples, size)
    own = clean.prediction
    if own_labels:
        labels = own
    else:
        victim.check_labels(batch)
    measures = applicable_measures(clean[:1])
    repeats = range(1 + (spec.repeats if victim.spec.stochastic else 0))

    def judged(inputs: Float[Tensor, " N ..."], repeat: int, columns: Columns) -> tuple[pa.Table, Int[Tensor, " N"]]:
        found = predict(victim.estimator(repeat), inputs, samples, batch_size=size)
        base = {"sample": samples.cpu().numpy(), "clean_prediction": own.cpu().numpy()}
        draws = {"repeat": np.int16(repeat), "seed": victim.seed + repeat}
        table = records.table({**base, **draws, **columns, **judge(found, labels, measures)}, measures)
        for name, norm in (("linf", Linf()), ("l2", L2())):
            table = table.append_column(name, pa.array(norm.size(inputs - images).double().cpu().numpy()))
        return table, found.prediction

    tables = [judged(images, repeat, _spent(None, 0.0, "clean", images, images))[0] for repeat in repeats]
    arrays: dict[str, Array] = {
        "originals": _last(images),
        "labels": labels.cpu().numpy(),
        "samples": samples.cpu().numpy(),
    }
    results = attack_labels(spec.attack, victim, images, samples, own, spec.radii, size)
    for index, (radius, result) in enumerate(zip(spec.radii, results, strict=True)):
        found = [
            judged(result.inputs, repeat, _spent(result, radius, "attacked", images, result.inputs))
            for repeat in repeats
        ]
        rounded = (result.inputs * 255).round() / 255
        tables += [table for table, _ in found]
        tables.append(judged(rounded, 0, _spent(result, radius, "rounded", images, rounded))[0])
        arrays[f"images-{index}"] = _last(result.inputs)
        arrays[f"predictions-{index}"] = found[0][1].cpu().numpy()
    return pa.concat_tables(tables), arrays


def _last(images: Float[Tensor, " N channels height width"]) -> Array:
    return images.permute(0, 2, 3, 1).float().contiguous().cpu().numpy()


def _spent(
    result: Adversarial | None, radius: float, variant: str, originals: Tensor, inputs: Tensor
) -> dict[str, Any]:
    """The attack's columns of a record."""
    changed = (inputs != originals).flatten(1).double().mean(1).cpu().numpy()
    if result is None:
        columns: Mapping[str, Any] = {"accepted": 0.0, "measured": 0.0, "feasible": True, "gradients": 0, "queries": 0}
    else:
        names = {"accepted": result.accepted, "measured": result.radius, "feasible": result.feasible}
        names |= {"gradients": result.gradients, "queries": result.queries}
        columns = {name: value.cpu().numpy() for name, value in names.items()}
    return {"variant": variant, "radius": radius, "changed": changed, **columns}


def summarise(table: pa.Table, spec: AttackRunSpec) -> dict[str, Any]:
    """What the records say: accuracy of the clean inputs, and by radius what the attack came to."""
    clean = records.select(table, variant="clean", repeat=0)
    accuracy = _right(clean)
    fresh = records.select(table, variant="clean")
    last = int(column(table, "repeat").max())
    found: dict[str, Any] = {
        "images": len(clean),
        "clean": {"accuracy": accuracy},
        "attacked": [_radius(table, spec, radius, last) for radius in spec.radii],
    }
    if last:
        repeats = [records.select(fresh, repeat=repeat) for repeat in range(1, last + 1)]
        found["clean"] |= {
            "fresh_accuracy": sum(map(_right, repeats)) / last,
            "fresh_changed": sum(_mean(_won(each, None)) for each in repeats) / last,
        }
    return found


def _radius(table: pa.Table, spec: AttackRunSpec, radius: float, last: int) -> dict[str, Any]:
    target = spec.attack.target
    attacked = records.select(table, variant="attacked", radius=radius)
    own, rounded = records.select(attacked, repeat=0), records.select(table, variant="rounded", radius=radius)
    kept, rounded_kept = _tried(own, target), _tried(rounded, target)
    found: dict[str, Any] = {
        "radius": radius,
        "tried": len(kept),
        "success": _success(kept, target),
        "accuracy": _right(own),
        # How far, where the attack succeeds: one that gives up leaves its image as it was.
        **{name: _of_successful(kept, name, target) for name in ("linf", "l2", "measured")},
        "pixels_changed": _of_successful(kept, "changed", target),
        "gradients": _mean(column(own, "gradients")),
        "queries": _mean(column(own, "queries")),
        "rounded": {
            "success": _success(rounded_kept, target),
            "accuracy": _right(rounded),
            "surviving": _surviving(kept, rounded_kept, target),
        },
    }
    if last:
        repeats = [_tried(records.select(attacked, repeat=repeat), target) for repeat in range(1, last + 1)]
        shares = [_mean(_won(each, target)) for each in repeats] if len(kept) else []
        spread = statistics.stdev(shares) if len(shares) > 1 else None
        found["fresh"] = {"repeats": last, "success": statistics.mean(shares) if shares else None, "std": spread}
    return found


def _tried(table: pa.Table, target: int | None) -> pa.Table:
    """Without the images that the victim took for the target before any attack: neither success nor failure."""
    if target is None:
        return table
    return table.filter(pa.array((column(table, "clean_prediction") != target).numpy()))


def _won(table: pa.Table, target: int | None) -> Tensor:
    prediction = column(table, "prediction")
    return prediction != column(table, "clean_prediction") if target is None else prediction == target


def _success(table: pa.Table, target: int | None) -> float | None:
    """The share of attacks that succeed; None where none was tried."""
    return _mean(_won(table, target)) if len(table) else None


def _of_successful(table: pa.Table, name: str, target: int | None) -> float | None:
    """A column's mean over the attacks that succeed; None where none does."""
    won = _won(table, target)
    return _mean(column(table, name)[won]) if bool(won.any()) else None


def _mean(values: Tensor) -> float:
    return values.double().mean().item()


def _right(table: pa.Table) -> float:
    return _mean(column(table, "prediction") == column(table, "label"))


def _surviving(attacked: pa.Table, rounded: pa.Table, target: int | None) -> float | None:
    """Of the attacks that succeed, the share that still does after rounding; None where none does."""
    won = _won(attacked, target)
    return _mean(_won(rounded, target)[won]) if bool(won.any()) else None


def text_rows(summary: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table in a terminal; distances are means over the attacks that succeed."""
    heads = ["radius", "tried", "success %", "fresh draws %", "8 bits %", "accuracy %", "L-inf", "L2"]

    def cell(value: float | None, digits: int) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    def share(value: float | None) -> str:
        return "-" if value is None else percent(value, 2)

    def fresh(success: float | None, std: float | None) -> str:
        return share(success) if std is None else f"{share(success)} +- {share(std)}"

    rows = [
        [
            f"{row['radius']:.3g}",
            str(row["tried"]),
            share(row["success"]),
            fresh(*(row.get("fresh", {}).get(name) for name in ("success", "std"))),
            share(row["rounded"]["success"]),
            share(row["accuracy"]),
            cell(row["linf"], 4),
            cell(row["l2"], 3),
            cell(row["gradients"], 1),
            cell(row["queries"], 1),
        ]
        for row in summary["attacked"]
    ]
    return [*heads, "gradients", "queries"], rows
