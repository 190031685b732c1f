"""An audit's tables: its scores, thresholds, selector, order, rounding and classes, from the summary."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import tabled
from feint.experiments.glossary import title
from feint.reports import Block, Column, Table, Text, charts
from feint.reports.formats import count, fixed, measured, percent, radius, times1000

from .figures import promise

SELECTOR = (
    "The victim answers where its selector g is at least 0.5. Beside: the risk where as many images as that are "
    "answered whatever is done to them, the ones that the selector prefers; and thresholds calibrated to a coverage "
    "of {} %, one on each half of the clean images, which judges the other half{}."
)
ANSWERED = "answered / wrong, %"


def scores(summary: Mapping[str, Any]) -> Table:
    """The table: clean, one row per radius, and one per radius of random signs where they were tried."""
    order = "radius aurc e_aurc augrc nll brier ece accuracy kept effective_radius gradients queries"
    rows: list[Mapping[str, Any]] = [{**summary["clean"], "radius": "clean"}, *summary["attacked"]]
    drawn = [row for row in summary["attacked"] if "random" in row]
    rows += [{**row["random"], "radius": f"random {radius(row['radius'])}"} for row in drawn]
    own = {}
    if "draws" in summary["clean"]:
        own = {"own_aurc": Column("AURC, attack’s draws", format=times1000(2))}
        rows = [{**row, "own_aurc": row["draws"]["own"]["aurc"]} for row in rows]
    caption = "Clean and attacked, lower is better but for accuracy and kept"
    return tabled("scores", order, own, rows, caption, marked=0)


def thresholds(summary: Mapping[str, Any]) -> Table:
    """What each threshold answers, and how much of that is wrong, clean and per radius."""
    rows = summary["thresholds"]
    stages = [charts.stage(found["radius"]) for found in rows[0]["attacked"]]
    heads = [Column("threshold", "calibrated on clean images"), Column("answers where"), Column("clean", ANSWERED)]
    cells: list[tuple[str, ...]] = []
    for row in rows:
        shares = [_shares(each) for each in (row["clean"], *row["attacked"])]
        cells.append((promise(row), _bound(summary["measure"], row["threshold"]), *shares))
    caption = "Share of images answered / share of those answers that is wrong"
    return Table("thresholds", (*heads, *(Column(stage, ANSWERED) for stage in stages)), tuple(cells), caption)


def selector(found: Mapping[str, Any]) -> tuple[Block, ...]:
    """What becomes of what the victim itself chooses to answer."""
    said = {
        "answered": Column("g at least 0.5", ANSWERED),
        "selective_risk": Column("risk at the clean coverage", "%", percent(2)),
        "calibrated": Column("calibrated", ANSWERED),
    }
    stages: list[Mapping[str, Any]] = [{**found["clean"], "radius": "clean"}, *found["attacked"]]
    rows = [
        {**row, "answered": _shares(row), "calibrated": _shares(row["calibrated"]) if row["calibrated"] else None}
        for row in stages
    ]
    caption = "What the selector answers / share of those answers that is wrong"
    halves = found["calibrated_coverages"]
    each = f" (they answer {' and '.join(map(percent(1), halves))} %)" if halves else ""
    told = Text.of(SELECTOR.format(percent(1)(found["wanted"]), each))
    return (told, tabled("selector", "radius", said, rows, caption))


def _shares(found: Mapping[str, Any]) -> str:
    share = percent(1)
    return f"{share(found['coverage'])} / {share(found['risk'])}"


def _bound(measure: str, threshold: float) -> str:
    """A threshold in words: of a confidence where the measure is one minus it."""
    if measure == "max_probability":
        share = percent(2)(1 - threshold)
        return f"confidence > {share[1:]} %" if share[0] == ">" else f"confidence ≥ {share} %"
    return f"{title(measure)} ≤ {threshold:.4g}"


def order(summary: Mapping[str, Any]) -> Table:
    """How much of the clean order is left, and how much radius."""
    said = {
        "kendall_tau": Column("order left", "Kendall’s tau, −1 to 1", fixed(3)),
        "effective_radius": Column("effective radius", "mean, of [0, 1]", measured(3)),
        "unspent": Column("unspent", "mean, of [0, 1]", measured(3)),
        "share": Column("unspent", "% of the radius", percent(1)),
    }
    rows: list[dict[str, Any]] = []
    for row in summary["attacked"]:
        # A mean of float32 radii may lie a rounding above the radius.
        unspent = max(row["radius"] - row["effective_radius"], 0.0)
        rows.append({**row, "unspent": unspent, "share": unspent / row["radius"]})
    return tabled("order", "radius", said, rows, "Order left and radius left", terminal=False)


def rounding(summary: Mapping[str, Any]) -> Table:
    """What is left of the attack after rounding to 8 bits."""
    said = {
        "levels": Column("radius", "grey levels", measured(3)),
        "attacked": Column("AURC attacked", format=times1000(2)),
        "aurc": Column("AURC rounded", format=times1000(2)),
        "left": Column("increase left", "%", percent(1)),
        "largest": Column("largest change", "of [0, 1]", measured(3)),
        "outside": Column("beyond the radius", "%", percent(1)),
        "pixels_changed": Column("pixel values changed", "%", percent(1)),
        "kept": Column("kept", "%", percent(2)),
    }
    clean, rows = summary["clean"]["aurc"], list[dict[str, Any]]()
    for row in summary["attacked"]:
        after, at, grew = row["rounded"], row["radius"], row["aurc"] - clean
        left = (after["aurc"] - clean) / grew if grew > 0 else None
        rows.append({**after, "radius": at, "levels": 255 * at, "attacked": row["aurc"], "left": left})
    return tabled("rounding", "radius", said, rows, "Attacked, then rounded to 8 bits", terminal=False)


def classes(summary: Mapping[str, Any], at: float) -> Table:
    """How sure the victim is of each class, clean and at a radius."""
    said = {
        "name": Column("class", "true"),
        "images": Column("images", "count", count),
        "accuracy": Column("accuracy", "%", percent(1)),
        "confidence": Column("confidence, clean", "mean, %", percent(1)),
        "confidence_attacked": Column("confidence, attacked", "mean, %", percent(1)),
    }
    return Table.of("classes", said, summary["classes"], caption=f"Confidence by true class, radius {radius(at)}")
