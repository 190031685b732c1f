"""A training's report: how good it became, and the loss and accuracy of every epoch."""

from feint.experiments.about import Rows, Summary, told
from feint.reports import Block, Column, Details, Figure, Report, Stat, Stats, Table, charts
from feint.reports.formats import count, fixed, percent, significant
from feint.runs.grammar import spoken
from feint.runs.run import Run

COLUMNS = {
    **{name: Column(name.partition("_")[0], format=count) for name in ("member", "epochs", "best_epoch")},
    **{f"{kind}_loss": Column(f"{kind} loss", "nats", fixed(4)) for kind in ("training", "validation")},
    "validation_accuracy": Column("accuracy", format=percent(2)),
}


def report(run: Run, summary: Summary) -> Report:
    """What a training tells a person."""
    settings, about = run.settings, run.about
    epochs = run.table("epochs").read().to_pylist()
    validated = any(row["validation_loss"] is not None for row in epochs)
    shown = {name: each for name, each in COLUMNS.items() if validated or "validation" not in name}
    rows = [{**row, **row["best"], "member": at} for at, row in enumerate(summary["members"])]
    caption = "each member, at the epoch that its weights are from"
    quality = (
        f"accuracy {percent(2)(summary['accuracy'])} %" if "accuracy" in summary else f"ELBO {summary['elbo']:.2f} nats"
    )
    members = Table.of("members", shown, rows, caption=caption)
    sections = {"": Stats(_stats(summary)), "Epoch by epoch": _curves(epochs), "Members": members}
    facts = {
        "network": spoken(str(settings.network)),
        "estimator": spoken(str(settings.estimator)),
        "recipe": ", ".join(f"{name} {v}" for name, v in settings.recipe.plain().items() if v is not None),
        "adversarial": spoken(str(settings.adversarial or "none")),
    }
    headline = f"{settings.name}: {quality} on {count(about['test_images'])} images of {about['test']}"
    return told(run, summary, headline, sections, of=settings.name, facts=facts)


def _curves(epochs: Rows) -> tuple[Block, ...]:
    """The first member's curves, and those of the others folded away."""
    found: list[Figure] = []
    for member in sorted({row["member"] for row in epochs}):
        rows = [row for row in epochs if row["member"] == member]
        losses = {kind: [row[f"{kind}_loss"] for row in rows] for kind in ("training", "validation")}
        best = next(row["epoch"] for row in rows if row["best"])
        accuracies = {"validation": [row["validation_accuracy"] for row in rows]}
        found.append(charts.training(losses, accuracies, best=best, name=f"training-{member}"))
    return (found[0], *([Details("the other members", tuple(found[1:]))] if found[1:] else []))


def _stats(summary: Summary) -> tuple[Stat, ...]:
    seconds = sum(summary["seconds_an_epoch"]) / len(summary["seconds_an_epoch"])
    pace = Stat("seconds an epoch", significant(3)(seconds), "of one member")
    if "accuracy" not in summary:
        return (Stat("ELBO, nats", fixed(2)(summary["elbo"]), f"KL {fixed(2)(summary['kl'])}"), pace)
    images = f"{count(summary['test_images'])} test images"
    return (Stat("accuracy, %", percent(2)(summary["accuracy"]), images), pace)
