"""An audit's report: what the attack did to the confidence, in figures, tables and pictures."""

from collections.abc import Mapping
from typing import Any

from feint.experiments.about import many, tabled, told
from feint.experiments.glossary import chosen
from feint.reports import Block, Column, Report, Stat, Stats, Table, Text, charts
from feint.reports.formats import count, fixed, percent, radius, times1000
from feint.runs.run import Run

from . import figures
from .summary import Judged, errors, judged, uncertainty

TERMS = (
    "Selective prediction", "AURC", "E-AURC", "AUGRC", "NLL", "Brier", "ECE", "KS", "Radius", "Effective radius",
    "Unspent radius", "Kept", "Kendall’s tau", "Gradients, queries",
)  # fmt: skip
SELECTOR = (
    "The victim answers where its selector g is at least 0.5. Beside: the risk where as many images as that are "
    "answered whatever is done to them, the ones that the selector prefers; and a threshold calibrated to a coverage "
    "of {}, judged on the others."
)
FRESH = "This victim draws: figures are of fresh draws, which the attack has not seen."
ANSWERED = "answered / wrong, %"


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What an audit tells a person."""
    notes, headed, summary = fresh_draws(summary), headline(summary), judged(summary)
    found, radii = Judged(run.table("records"), summary["measure"]), run.settings.radii
    stages = [(None, found.judged("clean")), *((at, found.judged("attacked", at)) for at in radii)]
    sure = [(at, 1 - uncertainty(each, "max_probability"), ~errors(each)) for at, each in stages]
    gallery = figures.gallery(run.arrays("gallery"), run.about["classes"])
    sections = {
        "": Stats(_stats(summary)),
        "Does confidence tell right from wrong?": figures.risk_coverage(stages, found, summary),
        "What becomes of a shipped threshold": _thresholds(summary),
        "What the selector answers": _selector(summary["selector"]) if "selector" in summary else (),
        "In numbers": scores(summary),
        "Where the confidence went": figures.confidence(sure),
        "Can a confidence be taken at its word?": figures.reliability(sure, summary),
        "How far the attack went": _order(summary),
        "What the attack looks like": gallery,
        "Saved as a picture": (figures.rounding(summary), _rounding(summary)),
        "Class by class": many(_classes(summary, max(radii)), "classes"),
    }
    facts = {"classes": str(len(run.about["classes"])), "confidence": _confidence(summary["measure"])}
    if (aim := run.settings.attack.measure) != summary["measure"]:
        facts["aimed at"] = _confidence(aim)
    return told(run, summary, headed, sections, facts=facts, notes=notes, terminal=True, glossary=chosen(*TERMS))


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence, of a stochastic victim as fresh draws judge it."""
    summary = judged(summary)
    clean, worst = summary["clean"], max(summary["attacked"], key=lambda row: row["aurc"])
    at, times = radius(worst["radius"]), float("inf") if worst["aurc"] else 1.0
    if clean["aurc"]:
        times = worst["aurc"] / clean["aurc"]
    labels = "no predicted label" if worst["kept"] == 1 else f"{1 - worst['kept']:.2%} of the predicted labels"
    if "fresh" in worst:
        labels += " under fresh draws"
    if times < 1.05:
        return _harmless(summary, f"within {at} that changed {labels}")
    grew = f"{times:.3g} times as large" if times < float("inf") else "larger than 0"
    return (
        f"An attack that moved no pixel by more than {at} of the full range and changed {labels} "
        f"made the area under the risk-coverage curve {grew} "
        f"({1000 * clean['aurc']:.2f} to {1000 * worst['aurc']:.2f}, × 1000)."
    )


def _harmless(summary: Mapping[str, Any], attack: str) -> str:
    """An attack that did no harm, and why that need not be robustness."""
    right, images = summary["clean"]["accuracy"], summary["images"]
    lost = max(row["directionless"] for row in summary["attacked"])
    if right in (0, 1):
        every = "No image is misclassified" if right else "Every image is misclassified"
        return f"{every}, so there is nothing to rank: what an attack {attack} does to confidence AURC cannot show."
    if lost:
        whole = f"for {'any' if lost == images else f'{lost:,}'} of {images:,} images"
        return f"The gradient shows no direction {whole}: that an attack {attack} did no harm is not robustness."
    if right <= summary["chance"] + 1e-9:
        return (
            f"Accuracy is {right:.1%}, no better than chance: that an attack {attack} did not make the confidence rank "
            "errors worse says nothing."
        )
    return f"An attack {attack} did not make the confidence rank errors worse."


def _stats(summary: Mapping[str, Any]) -> tuple[Stat, ...]:
    """The few numbers that say it: clean, and at the radius that hurts most."""
    clean, worst = summary["clean"], max(summary["attacked"], key=lambda row: row["aurc"])
    levels = 255 * worst["radius"]
    grey = f"{levels:.2g} of 255 grey levels" if levels < 10 else f"{levels:.0f} of 255 grey levels"
    areas, shares, errors = (
        f"{form(clean[name])} → {form(worst[name])}"
        for name, form in (("aurc", times1000(1)), ("accuracy", percent(1)), ("ece", percent(1)))
    )
    return (
        Stat("AURC × 1000", areas, f"at radius {radius(worst['radius'])}, {grey}"),
        Stat("Accuracy, %", shares, "share of correct predictions"),
        Stat("Calibration error, %", errors, "ECE, 15 bins"),
        Stat("Predictions kept", f"{percent(1)(worst['kept'])} %", "same class as before the attack"),
    )


def scores(summary: Mapping[str, Any]) -> Table:
    """The table: clean, one row per radius, and one per radius of random signs where they were tried."""
    order = "radius aurc e_aurc augrc nll brier ece accuracy kept effective_radius gradients queries"
    own = {"own_aurc": Column("AURC, attack’s draws", format=times1000(2))} if "own_aurc" in summary["clean"] else {}
    rows = [{**summary["clean"], "radius": "clean"}, *summary["attacked"]]
    drawn = [row for row in summary["attacked"] if "random" in row]
    rows += [{**row["random"], "radius": f"random {radius(row['radius'])}"} for row in drawn]
    caption = "Clean and attacked, lower is better but for accuracy and kept"
    return tabled("scores", order, own, rows, caption, marked=0)


def _thresholds(summary: Mapping[str, Any]) -> tuple[Block, ...]:
    if not (rows := summary["thresholds"]):
        return ()
    stages = [charts.stage(found["radius"]) for found in rows[0]["attacked"]]
    heads = [Column("threshold", "calibrated on clean images"), Column("answers where"), Column("clean", ANSWERED)]
    cells: list[tuple[str, ...]] = []
    for row in rows:
        shares = [_shares(each) for each in (row["clean"], *row["attacked"])]
        cells.append((figures.promise(row), _bound(summary["measure"], row["threshold"]), *shares))
    caption = "Share of images answered / share of those answers that is wrong"
    table = Table("thresholds", (*heads, *(Column(stage, ANSWERED) for stage in stages)), tuple(cells), caption)
    told = f"{_damage(rows)} The bars show, for each threshold, how many of its answers are wrong."
    return (Text.of(told), figures.thresholds(rows), table)


def _selector(found: Mapping[str, Any]) -> tuple[Block, ...]:
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
    wanted = f"{percent(1)(found['wanted'])} % on {count(found['calibrated_on'])} of the clean images"
    return (Text.of(SELECTOR.format(wanted)), tabled("selector", "radius", said, rows, caption))


def _shares(found: Mapping[str, Any]) -> str:
    share = percent(1)
    return f"{share(found['coverage'])} / {share(found['risk'])}"


def _bound(measure: str, threshold: float) -> str:
    """A threshold in words: of a confidence where the measure is one minus it."""
    if measure == "max_probability":
        return f"confidence ≥ {percent(2)(1 - threshold)} %"
    return f"{measure.replace('_', ' ')} ≤ {threshold:.4g}"


def _damage(rows: Any) -> str:
    """One threshold as an example, in words: the one that answers most, at the radius that hurts it most."""
    row = max(rows, key=lambda row: (row["calibrated_to"] == "coverage", row["value"]))
    worst = max(row["attacked"], key=lambda found: -1.0 if found["risk"] is None else found["risk"])

    def said(found: Mapping[str, Any]) -> str:
        share = f"{percent(1)(found['coverage'])} % of the images"
        return share if found["risk"] is None else f"{share}, {percent(1)(found['risk'])} % of those answers wrong"

    return (
        f"Say you ship a threshold at which your system answers {said(row['clean'])}, and passes the rest to a person. "
        f"Within radius {radius(worst['radius'])} of the attack the same threshold answers {said(worst)}."
    )


def _order(summary: Mapping[str, Any]) -> Table:
    """How much of the clean order is left, and how much radius."""
    said = {
        "kendall_tau": Column("order left", "Kendall’s tau, −1 to 1", fixed(3)),
        "effective_radius": Column("effective radius", "mean, of [0, 1]", radius),
        "unspent": Column("unspent", "mean, of [0, 1]", radius),
        "share": Column("unspent", "% of the radius", percent(1)),
    }
    rows: list[dict[str, Any]] = []
    for row in summary["attacked"]:
        # A mean of float32 radii may lie a rounding above the radius.
        unspent = max(row["radius"] - row["effective_radius"], 0.0)
        rows.append({**row, "unspent": unspent, "share": unspent / row["radius"]})
    return tabled("order", "radius", said, rows, "Order left and radius left", terminal=False)


def _rounding(summary: Mapping[str, Any]) -> Table:
    said = {
        "levels": Column("radius", "grey levels", radius),
        "attacked": Column("AURC attacked", format=times1000(2)),
        "aurc": Column("AURC rounded", format=times1000(2)),
        "left": Column("increase left", "%", percent(1)),
        "largest": Column("largest change", "of [0, 1]", radius),
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


def _classes(summary: Mapping[str, Any], at: float) -> Table:
    said = {
        "name": Column("class", "true"),
        "images": Column("images", "count", count),
        "accuracy": Column("accuracy", "%", percent(1)),
        "confidence": Column("confidence, clean", "mean, %", percent(1)),
        "confidence_attacked": Column("confidence, attacked", "mean, %", percent(1)),
    }
    return Table.of("classes", said, summary["classes"], caption=f"Confidence by true class, radius {radius(at)}")


def fresh_draws(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a victim that draws: what fresh draws change without an attack, and how far they differ among each other."""
    rows = [("clean", summary["clean"]), *((charts.stage(row["radius"]), row) for row in summary["attacked"])]
    found = [(name, row["fresh"]) for name, row in rows if "fresh" in row]
    changed = [f"{1 - fresh['mean']['kept']:.2%}" for name, fresh in found if name == "clean"]
    return (
        *(f"{FRESH} They change {share} of the predicted labels without any attack." for share in changed),
        *(
            f"{name}, asked {fresh['repeats']} times with fresh draws: AURC × 1000 {1000 * fresh['mean']['aurc']:.2f} "
            f"± {1000 * fresh['std']['aurc']:.2f}, accuracy {fresh['mean']['accuracy']:.2%}, "
            f"labels kept {fresh['mean']['kept']:.2%} ± {fresh['std']['kept']:.2%}"
            for name, fresh in found
        ),
    )


def _confidence(measure: str) -> str:
    """What ranks the inputs, in words."""
    if measure == "max_probability":
        return "the probability of the predicted class"
    return f"low {measure.replace('_', ' ')}"
