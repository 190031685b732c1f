"""An attack's report: how often it succeeds, how far it went, and the first images, for show."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import closing
from feint.experiments.pictures import before_and_after
from feint.reports import Column, Figure, Picture, Pictures, Report, Section, Table, Text, charts
from feint.reports.formats import count, fixed, percent, radius
from feint.runs.run import Run

SHOWN = 4
"""Images that become pictures, at every radius."""
SUCCESS = "#c2410c"


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
    told = Text.of(
        "Success counts the labels that the attack changed (or brought to its target), of the images tried. A "
        "stochastic victim is judged by fresh draws, which the attack has not seen. 8 bits: what still succeeds after "
        "rounding to whole grey levels. Distances are means over the attacks that succeed."
    )
    shown = Text.of(
        "The first images: left as they are, right attacked, between them what was added, magnified as stated around "
        "mid-grey."
    )
    files = tuple(f"images, radius {radius(row['radius'])}: {run.path / name}" for row, name in _files(summary))
    return Report(
        title=f"feint attack: {settings.attack.title} on {about['victim']}",
        headline=headline(summary),
        sections=(
            Section("In numbers", (told, table(summary), _figure(summary))),
            Section("What it looks like", (shown, _pictures(run))),
            *closing(run, facts, files, terminal=True),
        ),
    )


def _files(summary: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
    return list(zip(summary["attacked"], summary["files"], strict=True))


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    right = summary["clean"]["accuracy"]
    worst = max(summary["attacked"], key=lambda row: row["success"] or 0.0)
    success = worst.get("fresh", {}).get("success", worst["success"])
    share = "no image was tried" if success is None else f"{percent(2)(success)} % of the attacks succeed"
    return (
        f"{summary['images']:,} images, {percent(2)(right)} % right before the attack; "
        f"within {radius(worst['radius'])}, {share}."
    )


def table(summary: Mapping[str, Any]) -> Table:
    """One row a radius."""
    share = percent(2)
    columns = (
        Column("radius", format=radius),
        Column("tried", format=count),
        Column("success", "%", share),
        Column("fresh draws", "%", share),
        Column("8 bits", "%", share),
        Column("accuracy", "%", share),
        Column("L-inf", format=fixed(4)),
        Column("L2", format=fixed(3)),
        Column("gradients", "per image", fixed(1)),
        Column("queries", "per image", fixed(1)),
    )

    def fresh(row: Mapping[str, Any]) -> Any:
        found = row.get("fresh", {"success": row["success"], "std": None})
        if found["std"] is None:
            return found["success"]
        return f"{share(found['success'])} ± {share(found['std'])}"

    rows = tuple(
        (
            *(row[name] for name in ("radius", "tried", "success")),
            fresh(row),
            row["rounded"]["success"],
            *(row[name] for name in ("accuracy", "linf", "l2", "gradients", "queries")),
        )
        for row in summary["attacked"]
    )
    caption = "L-inf and L2: mean over the attacks that succeed, of the images tried"
    return Table("attacked", columns, rows, caption=caption, terminal=True)


def _figure(summary: Mapping[str, Any]) -> Figure:
    rows = summary["attacked"]

    def shares(values: list[float | None]) -> tuple[float | None, ...]:
        return tuple(None if value is None else 100 * value for value in values)

    groups = (
        charts.Bars("success", shares([row["success"] for row in rows]), SUCCESS),
        charts.Bars("after rounding to 8 bits", shares([row["rounded"]["success"] for row in rows]), charts.REFERENCE),
    )
    panel = charts.bars([charts.stage(row["radius"]) for row in rows], groups, title="success (% of images tried)")
    alt = "; ".join(f"{charts.stage(row['radius'])}: {percent(1)(row['success'])} % succeed" for row in rows)
    return Figure("success", "How often the attack succeeds", alt, (panel,), legend=tuple(each.mark for each in groups))


def _pictures(run: Run) -> Pictures:
    arrays, classes = run.arrays("attacked", run.pieces("attacked")[0]), run.about["classes"]

    def name(label: int) -> str:
        return classes[label] if label < len(classes) else str(label)

    items: list[Picture] = []
    for index, at in enumerate(run.settings.radii):
        for row in range(min(SHOWN, len(arrays["samples"]))):
            images, labels = before_and_after(arrays["originals"][row], arrays[f"images-{index}"][row])
            now = name(int(arrays[f"predictions-{index}"][row]))
            title = f"image {arrays['samples'][row]}, radius {radius(at)}"
            items.append(Picture(images, labels, title, (f"{name(int(arrays['labels'][row]))}, now taken for {now}",)))
    return Pictures("attacked", "Before, what was added, after", tuple(items))
