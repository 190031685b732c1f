"""A training's report: how good it became, and the loss and accuracy of every epoch."""

from feint.experiments.about import Rows, Summary, called, told, worded
from feint.reports import Block, Column, Details, Figure, Report, Stat, Stats, Table, charts
from feint.reports.formats import count, fixed, percent, significant
from feint.runs.grammar import formatted
from feint.runs.run import Run

COLUMNS = {
    **{name: Column(name.replace("_", " "), format=count) for name in ("member", "epochs", "best_epoch")},
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
    right, elbo = (format(summary.get(name)) for name, format in (("accuracy", percent(2)), ("elbo", fixed(2))))
    quality = f"accuracy {right} %" if "accuracy" in summary else f"ELBO {elbo} nats"
    members = Table.of("members", shown, rows, caption="Each member, at the epoch that its weights are from")
    sections = {"": Stats(_stats(summary)), "Epoch by epoch": _curves(epochs), "Members": members}
    recipe = {name: each for name, each in settings.recipe.plain().items() if each not in (None, False, "none")}
    if settings.recipe.optimizer == "adam":
        del recipe["momentum"]
    facts = {
        "network": worded(settings.network),
        "estimator": worded(settings.estimator),
        "recipe": worded(formatted({"name": "trained", **recipe})).removeprefix("trained: ").removesuffix(" true"),
        "adversarial": worded(settings.adversarial or "none"),
    }
    headline = f"{settings.name}: {quality} on {count(about['test_images'])} images of {called(about['test'])}"
    return told(run, summary, headline, sections, of=settings.name, facts=facts)


def _curves(epochs: Rows) -> tuple[Block, ...]:
    """The first member's curves, and those of the others folded away."""
    found, members = list[Figure](), sorted({row["member"] for row in epochs})
    for member in members:
        rows = [row for row in epochs if row["member"] == member]
        losses = {kind: [row[f"{kind}_loss"] for row in rows] for kind in ("training", "validation")}
        best = next(row["epoch"] for row in rows if row["best"])
        accuracies = {"validation": [row["validation_accuracy"] for row in rows]}
        title = f"Member {member}" if len(members) > 1 else ""
        found.append(charts.training(losses, accuracies, best=best, name=f"training-{member}", title=title))
    return (found[0], *([Details("the other members", tuple(found[1:]))] if found[1:] else []))


def _stats(summary: Summary) -> tuple[Stat, ...]:
    seconds = sum(summary["seconds_an_epoch"]) / len(summary["seconds_an_epoch"])
    pace = Stat("seconds an epoch", significant(3)(seconds), "of one member")
    if "accuracy" not in summary:
        return (Stat("ELBO, nats", fixed(2)(summary["elbo"]), f"KL {fixed(2)(summary['kl'])}"), pace)
    return (Stat("accuracy, %", percent(2)(summary["accuracy"]), f"{count(summary['test_images'])} test images"), pace)
