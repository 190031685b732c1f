"""An attack's report: how often it succeeds, how far it went, and the first images, for show."""

from typing import Any

from feint.experiments.about import Row, Summary, tabled, told
from feint.experiments.glossary import chosen
from feint.experiments.pictures import before_and_after, label, named
from feint.reports import Column, Figure, Picture, Pictures, Report, Table, charts
from feint.reports.formats import count, fixed, percent, radius
from feint.runs.grammar import DISTANCES
from feint.runs.run import Run

SHOWN = 4
"""Images that become pictures, at every radius."""
SHARE, TERMS = percent(2), ("Radius", "Gradients, queries")


def report(run: Run, summary: Summary) -> Report:
    """What an attack tells a person."""
    files = tuple(
        f"images, radius {radius(row['radius'])}: {run.path / name}"
        for row, name in zip(summary["attacked"], summary["files"], strict=True)
    )
    sections = {"In numbers": (table(summary), _figure(summary)), "What it looks like": _pictures(run)}
    title, head = f"feint attack: {run.settings.attack.title} on {run.about['victim']}", headline(summary)
    facts, terms = {"distance": str(DISTANCES.get(run.about["distance"], run.about["distance"]))}, chosen(*TERMS)
    return told(run, summary, head, sections, title=title, facts=facts, notes=files, terminal=True, glossary=terms)


def headline(summary: Summary) -> str:
    """The finding in one sentence."""
    worst = max(summary["attacked"], key=lambda row: row["success"] or 0.0)
    share = "no image was tried" if worst["success"] is None else f"{SHARE(worst['success'])} % of the attacks succeed"
    right = f"{SHARE(summary['clean']['accuracy'])} % right before the attack"
    return f"{summary['images']:,} images, {right}; within {radius(worst['radius'])}, {share}."


def table(summary: Summary) -> Table:
    """One row a radius."""

    def drawn(row: Row) -> Any:
        """With how far fresh draws differ, where there are several sets of them."""
        several = row["success"] is not None and row.get("draws", {}).get("repeats", 0) > 1
        return f"{SHARE(row['success'])} ± {SHARE(row['draws']['std']['success'])}" if several else row["success"]

    heads = {"success": "success", "rounded": "8 bits", "accuracy": "accuracy"}
    said = {
        "tried": Column("tried", format=count),
        **{name: Column(head, "%", SHARE) for name, head in heads.items()},
        "linf": Column("L-inf", format=fixed(4)),
        "l2": Column("L2", format=fixed(3)),
    }
    rows = [{**row, "success": drawn(row), "rounded": row["rounded"]["success"]} for row in summary["attacked"]]
    if "draws" in summary["clean"]:
        said["own"] = Column("success, attack’s draws", "%", SHARE)
        rows = [{**row, "own": row["draws"]["own"]["success"]} for row in rows]
    caption = "L-inf and L2: mean over the attacks that succeed, of the images tried"
    return tabled("attacked", f"radius {' '.join(said)} gradients queries", said, rows, caption)


def _figure(summary: Summary) -> Figure:
    rows = [summary["attacked"][at] for at in charts.some(len(summary["attacked"]))]
    kinds = {"success": rows, "after rounding to 8 bits": [row["rounded"] for row in rows]}
    groups = [(name, [row["success"] for row in found]) for name, found in kinds.items()]
    names, shades = [charts.stage(row["radius"]) for row in rows], (charts.WRONG, charts.REFERENCE)
    title, axis = "How often the attack succeeds", "success (% of images tried)"
    return charts.bars("success", title, names, groups, shades, axis=axis, times=100)


def _pictures(run: Run) -> Pictures:
    arrays, classes = run.arrays("attacked", run.pieces("attacked")[0]), run.about["classes"]
    items: list[Picture] = []
    for index, at in enumerate(run.settings.radii):
        for row, sample in enumerate(arrays["samples"][:SHOWN]):
            images, labels = before_and_after(arrays["originals"][row], arrays[f"images-{index}"][row])
            was, now = (label(classes, int(arrays[name][row])) for name in ("labels", f"predictions-{index}"))
            title = f"{named(arrays, row, int(sample))}, radius {radius(at)}"
            taken = f"{was}, {'still' if was == now else 'now'} taken for {now}"
            items.append(Picture(images, labels, title, (taken,)))
    return Pictures("attacked", "Before, what was added, after", tuple(items))
