"""A training's report: how good it became, and the loss and accuracy of every epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

from feint.reports import Column, Details, Facts, Figure, Report, Section, Stat, Stats, Table, charts
from feint.reports.formats import count, fixed, percent
from feint.runs.run import Run


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What a training tells a person."""
    settings, about = run.settings, run.about
    epochs = run.table("epochs").read().to_pylist()
    validated = any(row["validation_loss"] is not None for row in epochs)
    return Report(
        title=f"feint train: {settings.name} on {about['data']}",
        headline=f"{settings.name}: {_quality(summary)} on {about['test_images']} images of {about['test']}",
        sections=(
            Section("At a glance", (Stats(_stats(summary)),)),
            Section("Epoch by epoch", _curves(epochs)),
            Section("Members", (_members(summary, validated),)),
            Section(
                "About this run",
                (
                    Facts(
                        {
                            "data": f"{about['data']}, {about['images']} images",
                            "network": str(settings.network),
                            "estimator": str(settings.estimator),
                            "recipe": ", ".join(
                                f"{k} {v}" for k, v in settings.recipe.plain().items() if v is not None
                            ),
                            "adversarial": str(settings.adversarial or "none"),
                            **run.facts,
                            "command": run.command,
                        }
                    ),
                ),
            ),
        ),
    )


def _curves(epochs: Sequence[Mapping[str, Any]]) -> tuple[Figure | Details, ...]:
    """The first member's curves, and those of the others folded away."""
    members = sorted({row["member"] for row in epochs})
    figures = [_curve([row for row in epochs if row["member"] == member], member) for member in members]
    return (figures[0], *([Details("the other members", tuple(figures[1:]))] if len(figures) > 1 else []))


def _curve(rows: Sequence[Mapping[str, Any]], member: int) -> Figure:
    return charts.training(
        {"training": [row["training_loss"] for row in rows], "validation": [row["validation_loss"] for row in rows]},
        {"validation": [row["validation_accuracy"] for row in rows]},
        best=next(row["epoch"] for row in rows if row["best"]),
        name=f"training-{member}",
    )


def _quality(summary: Mapping[str, Any]) -> str:
    if "accuracy" in summary:
        return f"accuracy {summary['accuracy']:.2%}"
    return f"ELBO {summary['elbo']:.2f} nats"


def _stats(summary: Mapping[str, Any]) -> tuple[Stat, ...]:
    seconds = sum(summary["seconds_an_epoch"]) / len(summary["seconds_an_epoch"])
    pace = Stat("seconds an epoch", f"{seconds:.3g}", "of one member")
    if "accuracy" in summary:
        return (Stat("accuracy, %", percent(2)(summary["accuracy"]), f"{summary['test_images']} test images"), pace)
    return (Stat("ELBO, nats", f"{summary['elbo']:.2f}", f"KL {summary['kl']:.2f}"), pace)


def _members(summary: Mapping[str, Any], validated: bool) -> Table:
    columns = [Column("member", format=count), Column("epochs", format=count), Column("best", format=count)]
    columns += [Column("training loss", "nats", fixed(4))]
    columns += [Column("validation loss", "nats", fixed(4)), Column("accuracy", format=percent(2))] if validated else []
    rows: list[tuple[Any, ...]] = []
    for index, member in enumerate(summary["members"]):
        best = member["best"]
        row = [index, member["epochs"], member["best_epoch"], best["training_loss"]]
        rows.append((*row, *((best["validation_loss"], best["validation_accuracy"]) if validated else ())))
    return Table("members", tuple(columns), tuple(rows), caption="each member, at the epoch that its weights are from")
