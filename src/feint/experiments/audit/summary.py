"""An audit's summary, computed from its records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from feint import metrics
from feint.experiments.draws import by_draws
from feint.experiments.warnings import about_direction, about_ranking
from feint.metrics.thresholds import threshold_damage
from feint.runs.folder.tables import Table
from feint.runs.run import Run
from feint.victims import records

from .selector import selection
from .settings import AuditSettings

COLUMNS = (
    "label", "prediction", "clean_prediction", "log_prob_label", "brier", "accepted", "measured", "changed",
    "gradients", "queries", "repeat", "directionless", "variant", "radius",
)  # fmt: skip
"""What summaries read of every record, beside its measures."""

COVERAGES = (0.25, 0.5, 0.75, 0.9, 0.95, 0.98)
"""Where the error rate of those answered is given: the papers' claims about high and low coverage need no curve."""


def column(table: pa.Table, name: str) -> Tensor:
    """A column of records as a tensor."""
    return torch.tensor(table.column(name).to_numpy())


def uncertainty(table: pa.Table, measure: str) -> Tensor:
    """The column of a measure."""
    return column(table, records.MEASURE + measure)


def errors(table: pa.Table) -> Tensor:
    """Whether each prediction is wrong."""
    return column(table, "prediction") != column(table, "label")


def quality(table: pa.Table, measure: str) -> dict[str, float]:
    """How well the measure ranks the errors, and how good the probabilities are: one number a metric.

    Args:
        table: records of one variant at one radius.
        measure: the name of the measure that ranks.
    """
    wrong, doubt = errors(table), uncertainty(table, measure)
    confidence = 1 - uncertainty(table, "max_probability")
    return {
        "aurc": metrics.aurc(doubt, wrong),
        "e_aurc": metrics.e_aurc(doubt, wrong),
        "augrc": metrics.augrc(doubt, wrong),
        "nll": metrics.nll(column(table, "log_prob_label")),
        "brier": column(table, "brier").mean().item(),
        "ece": metrics.ece(confidence, ~wrong),
        "ks": metrics.ks_error(confidence, ~wrong),
        "accuracy": 1 - wrong.double().mean().item(),
    }


def selective_risks(table: pa.Table, measure: str) -> dict[str, Any]:
    """The error rate among the most certain, at a few coverages."""
    wrong, doubt = errors(table), uncertainty(table, measure)
    points = [{"value": at, "risk": metrics.selective_risk(doubt, wrong, at)} for at in COVERAGES]
    return {"selective_risk": points}


def kept(table: pa.Table) -> float:
    """The share of inputs whose predicted label is the clean one's."""
    return (column(table, "prediction") == column(table, "clean_prediction")).double().mean().item()


def summarise(run: Run) -> dict[str, Any]:
    """The clean figures and those at every radius, attacked, rounded to 8 bits, and by random signs."""
    measure: str = run.settings.measure
    found = Judged(run.table("records"), measure)
    radii: tuple[float, ...] = run.settings.radii
    clean, drawn = found.rows("clean"), found.judged("clean")
    attacked = [_attacked(found, radius, run.about["distance"] == "linf") for radius in radii]
    classes = run.about["classes"]
    present = len(np.unique(records.column(clean, "label")))
    lost = {"": max(row["directionless"] for row in attacked)}
    return {
        "measure": measure,
        "warnings": [
            *run.about["warnings"],
            *about_ranking(len(drawn), int(errors(drawn).sum()), len(classes), present),
            *about_direction(lost, len(clean)),
        ],
        "images": len(clean),
        "chance": 1 / len(classes),
        "clean": found.figures(_clean, "clean"),
        "attacked": attacked,
        "radius_for_ninety_percent": min((row["radius"] for row in attacked if row["of_worst"] >= 0.9), default=None),
        "thresholds": threshold_damage(
            (uncertainty(drawn, measure), errors(drawn)),
            {
                radius: (uncertainty(rows, measure), errors(rows))
                for radius in radii
                for rows in [found.judged("attacked", radius)]
            },
        ),
        **_selector(found, clean, run.settings),
        "classes": _per_class(clean, drawn, found.judged("attacked", max(radii)), classes),
    }


def _selector(found: "Judged", clean: pa.Table, settings: AuditSettings) -> dict[str, Any]:
    """Of a victim that selects its inputs and is judged by that, what becomes of its selection; else nothing."""
    word = settings.victim.estimator
    if word is None or word.name != "selective-net" or found.measure != "native":
        return {}

    def pair(rows: pa.Table) -> tuple[Tensor, Tensor]:
        return uncertainty(rows, found.measure), errors(rows)

    attacked = {radius: pair(found.rows("attacked", radius)) for radius in settings.radii}
    coverage = float(word.settings["coverage"])
    return {"selector": selection(pair(clean), attacked, coverage=coverage, seed=settings.seed)}


Figures = Callable[[pa.Table, pa.Table, str], dict[str, Any]]
"""From what one set of draws says of inputs, what it says of the clean ones, and the measure that ranks."""


@final
@dataclass(frozen=True)
class Judged:
    """Records by variant, radius and repeat: of one at a time, and the columns that summaries are made of.

    Attributes:
        table: all records.
        measure: the measure that ranks.
    """

    table: Table
    measure: str
    _sets: dict[tuple[str, float | None], list[pa.Table]] = field(
        default_factory=dict[tuple[str, float | None], list[pa.Table]], repr=False, compare=False
    )

    def rows(self, variant: str, radius: float | None = None) -> pa.Table:
        """What the attack's own set of draws says, in the order of the inputs."""
        return self.draws(variant, radius)[0]

    def draws(self, variant: str, radius: float | None = None) -> list[pa.Table]:
        """What each set of draws says of the same inputs, the attack's own first; read at once.

        The clean ones stay in memory, which all others are held against, and of these the last three.
        """
        if (variant, radius) not in self._sets:
            for old in [each for each in self._sets if each[0] != "clean"][:-2]:
                del self._sets[old]
            self._sets[variant, radius] = self._read(variant, {} if radius is None else {"radius": radius})
        return self._sets[variant, radius]

    def _read(self, variant: str, where: Mapping[str, float]) -> list[pa.Table]:
        measures = dict.fromkeys((records.MEASURE + self.measure, f"{records.MEASURE}max_probability"))
        rows: Any = self.table.read(
            [*COLUMNS, *measures], variant=variant, **where
        )  # what its stubs say of a mask is unknown
        repeats = rows.column("repeat").to_numpy()
        return [rows.filter(pa.array(repeats == repeat)) for repeat in range(repeats.max(initial=0) + 1)]

    def judged(self, variant: str, radius: float | None = None) -> pa.Table:
        """Inputs as they are judged: by all fresh draws together, where there are any."""
        own, *fresh = self.draws(variant, radius)
        return pa.concat_tables(fresh) if fresh else own

    def figures(self, of: Figures, variant: str, radius: float | None = None) -> dict[str, Any]:
        """Figures as they are judged, by fresh draws where there are any."""
        sets = list(zip(self.draws(variant, radius), self.draws("clean"), strict=True))
        own, *fresh = [of(rows, clean, self.measure) for rows, clean in sets]
        if variant == "clean" and fresh:
            # What fresh draws change without any attack.
            for row, (rows, _) in zip((own, *fresh), sets, strict=True):
                row["kept"] = kept(rows)
        return by_draws(own, fresh)


def _clean(rows: pa.Table, clean: pa.Table, measure: str) -> dict[str, Any]:
    possible = {"best_aurc": metrics.best_aurc(errors(rows)), "worst_aurc": metrics.worst_aurc(errors(rows))}
    return {**quality(rows, measure), **selective_risks(rows, measure), **possible}


def _moved(rows: pa.Table, clean: pa.Table, measure: str) -> dict[str, Any]:
    return {**quality(rows, measure), "kept": kept(rows)}


def _disrupted(rows: pa.Table, clean: pa.Table, measure: str) -> dict[str, Any]:
    ranked = {"of_worst": _of_worst(rows, measure), "kendall_tau": _kendall_tau(clean, rows, measure)}
    return {**_moved(rows, clean, measure), **selective_risks(rows, measure), **ranked}


def _attacked(found: Judged, radius: float, linf: bool) -> Mapping[str, Any]:
    attacked, rounded, random = (found.rows(each, radius) for each in ("attacked", "rounded", "random"))
    row: dict[str, Any] = {
        "radius": radius,
        **found.figures(_disrupted, "attacked", radius),
        **_spent(attacked),
        "measured_radius": column(attacked, "measured").mean().item(),
        "directionless": int(column(attacked, "directionless").sum()),
        "rounded": {
            **found.figures(_moved, "rounded", radius),
            "pixels_changed": column(rounded, "changed").mean().item(),
            "largest": column(rounded, "measured").max().item(),
            "outside": (column(rounded, "measured") > radius + 6e-8).double().mean().item() if linf else None,
        },
    }
    # What random signs of the same radius do, where they were tried; beyond it, the damage is the attack's own.
    return row | {"random": {**found.figures(_moved, "random", radius), **_spent(random)}} if len(random) else row


def _spent(rows: pa.Table) -> dict[str, float]:
    cost = {name: column(rows, name).double().mean().item() for name in ("gradients", "queries")}
    return {"effective_radius": column(rows, "accepted").mean().item(), **cost}


def _of_worst(attacked: pa.Table, measure: str) -> float:
    """The attacked AURC as a share of the worst possible one for these errors; 1 where there are none."""
    worst = metrics.worst_aurc(errors(attacked))
    return metrics.aurc(uncertainty(attacked, measure), errors(attacked)) / worst if worst > 0 else 1.0


def _kendall_tau(clean: pa.Table, attacked: pa.Table, measure: str) -> float | None:
    """How much of the clean order is left: 1 all of it, -1 its reverse; None where all are equally uncertain."""
    before, after = uncertainty(clean, measure), uncertainty(attacked, measure)
    if bool((before == before[0]).all()) or bool((after == after[0]).all()):
        return None
    return metrics.kendall_tau(before, after)


def _per_class(clean: pa.Table, drawn: pa.Table, attacked: pa.Table, classes: Sequence[str]) -> list[dict[str, Any]]:
    """By true class: how many, share correct, mean confidence clean and attacked, as they are judged."""
    labels, before_labels, after_labels = (column(rows, "label") for rows in (clean, drawn, attacked))
    wrong = errors(drawn)
    present: list[int] = np.unique(records.column(clean, "label")).tolist()
    before, after = (1 - uncertainty(rows, "max_probability") for rows in (drawn, attacked))
    return [
        {
            "label": label,
            "name": classes[label] if label < len(classes) else str(label),
            "images": int((labels == label).sum().item()),
            "accuracy": (~wrong[before_labels == label]).double().mean().item(),
            "confidence": before[before_labels == label].mean().item(),
            "confidence_attacked": after[after_labels == label].mean().item(),
        }
        for label in present
    ]
