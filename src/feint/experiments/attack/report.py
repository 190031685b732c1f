"""An attack's report: how often it succeeds, how far it went, and the first images, for show."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import closing, columns
from feint.experiments.glossary import chosen
from feint.experiments.pictures import before_and_after, label, named
from feint.reports import Column, Figure, Picture, Pictures, Report, Section, Table, Text, charts
from feint.reports.formats import count, fixed, percent, radius
from feint.runs.run import Run

SHOWN = 4
"""Images that become pictures, at every radius."""
SHARE = percent(2)


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What an attack tells a person."""
    about, settings = run.about, run.settings
    facts = {
        "data": about["data"],
        "network": about["victim"],
        "images": f"{summary['images']:,}",
        "attack": str(settings.attack),
        "distance": about["distance"],
        "estimator": str(settings.victim.estimator),
    }
    told = (
        "Success counts the labels that the attack changed (or brought to its target), of the images tried. A "
        "stochastic victim is judged by fresh draws, which the attack has not seen. 8 bits: what still succeeds after "
        "rounding to whole grey levels. Distances are means over the attacks that succeed."
    )
    shown = (
        "The first images: left as they are, right attacked, between them what was added, magnified as stated around "
        "mid-grey."
    )
    files = tuple(
        f"images, radius {radius(row['radius'])}: {run.path / name}"
        for row, name in zip(summary["attacked"], summary["files"], strict=True)
    )
    return Report(
        title=f"feint attack: {settings.attack.title} on {about['victim']}",
        headline=headline(summary),
        sections=(
            Section("In numbers", (Text.of(told), table(summary), _figure(summary))),
            Section("What it looks like", (Text.of(shown), _pictures(run))),
            *closing(run, facts, files, terminal=True),
        ),
        glossary=chosen("Radius", "Gradients, queries"),
        warnings=tuple(summary["warnings"]),
    )


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    worst = max(summary["attacked"], key=lambda row: row["success"] or 0.0)
    success = worst.get("fresh", {}).get("success", worst["success"])
    share = "no image was tried" if success is None else f"{SHARE(success)} % of the attacks succeed"
    right = f"{SHARE(summary['clean']['accuracy'])} % right before the attack"
    return f"{summary['images']:,} images, {right}; within {radius(worst['radius'])}, {share}."


def table(summary: Mapping[str, Any]) -> Table:
    """One row a radius."""

    def fresh(row: Mapping[str, Any]) -> Any:
        found = row.get("fresh", {"success": row["success"], "std": None})
        return found["success"] if found["std"] is None else f"{SHARE(found['success'])} ± {SHARE(found['std'])}"

    said = {
        "tried": Column("tried", format=count),
        **{name: Column(head, "%", SHARE) for name, head in (("success", "success"), ("fresh", "fresh draws"))},
        **{name: Column(head, "%", SHARE) for name, head in (("rounded", "8 bits"), ("accuracy", "accuracy"))},
        "linf": Column("L-inf", format=fixed(4)),
        "l2": Column("L2", format=fixed(3)),
    }
    order = "radius tried success fresh rounded accuracy linf l2 gradients queries"
    rows = [{**row, "fresh": fresh(row), "rounded": row["rounded"]["success"]} for row in summary["attacked"]]
    caption = "L-inf and L2: mean over the attacks that succeed, of the images tried"
    return Table.of("attacked", columns(order, **said), rows, caption=caption, terminal=True)


def _figure(summary: Mapping[str, Any]) -> Figure:
    rows = [summary["attacked"][at] for at in charts.some(len(summary["attacked"]))]
    kinds = {"success": rows, "after rounding to 8 bits": [row["rounded"] for row in rows]}
    groups = tuple(
        charts.Bars(name, tuple(None if row["success"] is None else 100 * row["success"] for row in found), shade)
        for (name, found), shade in zip(kinds.items(), (charts.WRONG, charts.REFERENCE), strict=True)
    )
    names = [charts.stage(row["radius"]) for row in rows]
    return charts.bars("success", "How often the attack succeeds", names, groups, axis="success (% of images tried)")


def _pictures(run: Run) -> Pictures:
    arrays, classes = run.arrays("attacked", run.pieces("attacked")[0]), run.about["classes"]
    items: list[Picture] = []
    for index, at in enumerate(run.settings.radii):
        for row, sample in enumerate(arrays["samples"][:SHOWN]):
            images, labels = before_and_after(arrays["originals"][row], arrays[f"images-{index}"][row])
            was, now = (label(classes, int(arrays[name][row])) for name in ("labels", f"predictions-{index}"))
            title = f"{named(arrays, row, int(sample))}, radius {radius(at)}"
            items.append(Picture(images, labels, title, (f"{was}, now taken for {now}",)))
    return Pictures("attacked", "Before, what was added, after", tuple(items))
