"""An audit's report: what the attack did to the confidence, in figures, tables and pictures."""

from collections.abc import Mapping
from typing import Any

from feint import metrics
from feint.experiments.about import closing
from feint.experiments.glossary import chosen
from feint.reports import Block, Column, Details, Report, Section, Stat, Stats, Table, Text
from feint.reports.formats import count, fixed, percent, radius, times1000
from feint.runs.run import Run

from . import figures
from .summary import Judged, errors, uncertainty

TERMS = (
    "Selective prediction", "AURC", "E-AURC", "AUGRC", "NLL", "Brier", "ECE", "KS", "Radius", "Effective radius",
    "Unspent radius", "Kept", "Kendall’s tau", "Gradients, queries",
)  # fmt: skip


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What an audit tells a person."""
    found = Judged(run.table("records"), summary["measure"])
    clean, radii = found.rows("clean"), run.settings.radii
    stages = [(None, clean), *((at, found.rows("attacked", at)) for at in radii)]
    rows = [summary["clean"], *summary["attacked"]]
    wrong = errors(clean)
    curves = [
        figures.curve(at, metrics.risk_coverage(uncertainty(each, found.measure), errors(each)), row["aurc"])
        for (at, each), row in zip(stages, rows, strict=True)
    ]
    sure = [(at, 1 - uncertainty(each, "max_probability"), ~errors(each)) for at, each in stages]
    sections = (
        Section("", (Stats(_stats(summary)),)),
        Section(
            "Does confidence tell right from wrong?",
            (
                Text.of(
                    "Let the classifier answer only the images it is surest of, and count how many of those answers "
                    "are wrong. A curve that stays low until the far right is a confidence to rely on; one that starts "
                    "high gives wrong answers exactly where the classifier is surest. The shaded area is everything "
                    "possible at this accuracy."
                ),
                figures.risk_coverage(curves, metrics.best_risk_coverage(wrong), metrics.worst_risk_coverage(wrong)),
            ),
        ),
        *([_thresholds(summary)] if summary["thresholds"] else []),
        *([_selector(summary["selector"])] if "selector" in summary else []),
        Section(
            "In numbers",
            (
                Text.of(
                    "One row for the images as they are, one per radius of the attack. Accuracy counts correct labels; "
                    "AURC, E-AURC and AUGRC judge how confidence ranks them; NLL, Brier and ECE judge the "
                    "probabilities. The glossary at the foot defines each."
                ),
                scores(summary),
            ),
        ),
        Section(
            "Where the confidence went",
            (
                Text.of(
                    "How confident the classifier is in its correct predictions (up) and in its wrong ones (down), "
                    "each kind in percent of its own. Good: blue to the right, orange to the left. The attack moves "
                    "them past each other."
                ),
                figures.confidence(sure),
            ),
        ),
        Section(
            "Can a confidence be taken at its word?",
            (
                Text.of(
                    "Images sorted into 15 bins by confidence; the height of a bar is the share of them that is "
                    "correct. On the dashed line a confidence of 80 % is right in 80 % of cases; below it the "
                    "classifier promises too much, above it too little. The grey bars count the images in each bin: a "
                    "bar above few images says little."
                ),
                figures.reliability(sure, rows),
            ),
        ),
        _distance(summary),
        _gallery(run),
        _rounding(summary),
        _classes(summary, max(radii)),
        *closing(run, _facts(run, summary), fresh_draws(summary), terminal=True),
    )
    return Report(
        title=f"feint audit: {run.about['victim']} on {run.about['data']}",
        headline=headline(summary),
        sections=sections,
        glossary=chosen(TERMS),
    )


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence, of a stochastic victim as fresh draws judge it."""
    rows = [{**row, **row["fresh"]["mean"]} if "fresh" in row else row for row in summary["attacked"]]
    clean = summary["clean"] | summary["clean"].get("fresh", {}).get("mean", {})
    worst = max(rows, key=lambda row: row["aurc"])
    at, times = radius(worst["radius"]), float("inf") if worst["aurc"] else 1.0
    if clean["aurc"]:
        times = worst["aurc"] / clean["aurc"]
    labels = "no predicted label" if worst["kept"] == 1 else f"{1 - worst['kept']:.2%} of the predicted labels"
    if "fresh" in worst:
        labels += " under fresh draws"
    if times < 1.05:
        return f"An attack within {at} that changed {labels} did not make the confidence rank errors worse."
    grew = f"{times:.3g} times as large" if times < float("inf") else "larger than 0"
    return (
        f"An attack that moved no pixel by more than {at} of the full range and changed {labels} "
        f"made the area under the risk-coverage curve {grew} "
        f"({1000 * clean['aurc']:.2f} to {1000 * worst['aurc']:.2f}, × 1000)."
    )


def _stats(summary: Mapping[str, Any]) -> tuple[Stat, ...]:
    """The few numbers that say it: clean, and at the radius that hurts most."""
    clean, worst = summary["clean"], max(summary["attacked"], key=lambda row: row["aurc"])
    levels = 255 * worst["radius"]
    grey = f"{levels:.2g} of 255 grey levels" if levels < 10 else f"{levels:.0f} of 255 grey levels"
    share, areas = percent(1), times1000(1)
    return (
        Stat(
            "AURC × 1000",
            f"{areas(clean['aurc'])} → {areas(worst['aurc'])}",
            f"at radius {radius(worst['radius'])}, {grey}",
        ),
        Stat("Accuracy, %", f"{share(clean['accuracy'])} → {share(worst['accuracy'])}", "share of correct predictions"),
        Stat("Calibration error, %", f"{share(clean['ece'])} → {share(worst['ece'])}", "ECE, 15 bins"),
        Stat("Predictions kept", f"{share(worst['kept'])} %", "same class as before the attack"),
    )


def scores(summary: Mapping[str, Any]) -> Table:
    """The table: clean, then one row per radius."""
    columns = (
        ("radius", Column("radius", format=radius)),
        ("aurc", Column("AURC", format=times1000(2))),
        ("e_aurc", Column("E-AURC", format=times1000(2))),
        ("augrc", Column("AUGRC", format=times1000(2))),
        ("nll", Column("NLL", "nats", fixed(3))),
        ("brier", Column("Brier", "0 to 2", fixed(3))),
        ("ece", Column("ECE", format=percent(1))),
        ("accuracy", Column("accuracy", format=percent(2))),
        ("kept", Column("kept", format=percent(2))),
        ("effective_radius", Column("eff. radius", format=radius)),
        ("gradients", Column("gradients", "per image", fixed(1))),
        ("queries", Column("queries", "per image", fixed(1))),
    )
    rows = [{**summary["clean"], "radius": "clean"}, *summary["attacked"]]
    return Table(
        "scores",
        tuple(column for _, column in columns),
        tuple(tuple(row.get(name) for name, _ in columns) for row in rows),
        caption="Clean and attacked, lower is better but for accuracy and kept",
        terminal=True,
        marked=0,
    )


def _thresholds(summary: Mapping[str, Any]) -> Section:
    rows = summary["thresholds"]
    radii = [found["radius"] for found in rows[0]["attacked"]]
    columns = [Column("threshold", "calibrated on clean images"), Column("answers where"), Column("clean", ANSWERED)]
    columns += [Column(f"radius {radius(at)}", ANSWERED) for at in radii]
    table = Table(
        "thresholds",
        tuple(columns),
        tuple(
            (
                figures.promise(row),
                _bound(summary["measure"], row["threshold"]),
                *(_shares(found) for found in (row["clean"], *row["attacked"])),
            )
            for row in rows
        ),
        caption="Share of images answered / share of those answers that is wrong",
    )
    told = Text.of(f"{_damage(rows)} The bars show, for each threshold, how many of its answers are wrong.")
    return Section("What becomes of a shipped threshold", (told, figures.thresholds(rows), table))


def _selector(found: Mapping[str, Any]) -> Section:
    """What becomes of what the victim itself chooses to answer."""
    columns = (
        Column("radius", format=radius),
        Column("g at least 0.5", ANSWERED),
        Column("risk at the clean coverage", "%", percent(2)),
        Column("calibrated", ANSWERED),
    )
    rows = tuple(
        (
            row.get("radius", "clean"),
            _shares(row),
            row["selective_risk"],
            _shares(row["calibrated"]) if row["calibrated"] else None,
        )
        for row in (found["clean"], *found["attacked"])
    )
    told = Text.of(
        "The victim answers where its selector g is at least 0.5. Beside: the risk where as many images as that are "
        "answered whatever is done to them, the ones that the selector prefers; and a threshold calibrated to a "
        f"coverage of {percent(1)(found['wanted'])} % on {count(found['calibrated_on'])} of the clean images, judged "
        "on the others."
    )
    caption = "What the selector answers / share of those answers that is wrong"
    return Section("What the selector answers", (told, Table("selector", columns, rows, caption, terminal=True)))


ANSWERED = "answered / wrong, %"


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


def _distance(summary: Mapping[str, Any]) -> Section:
    """How much of the clean order is left, and how much radius."""
    columns = (
        Column("radius", format=radius),
        Column("order left", "Kendall’s tau, −1 to 1", fixed(3)),
        Column("effective radius", "mean, of [0, 1]", radius),
        Column("unspent", "mean, of [0, 1]", radius),
        Column("unspent", "% of the radius", percent(1)),
    )
    rows: list[tuple[Any, ...]] = []
    for row in summary["attacked"]:
        # A mean of float32 radii may lie a rounding above the radius.
        unspent = max(row["radius"] - row["effective_radius"], 0.0)
        rows.append((row["radius"], row["kendall_tau"], row["effective_radius"], unspent, unspent / row["radius"]))
    told = Text.of(
        "Left, how much of the clean order from most to least certain is left: 1 all of it, 0 nothing, −1 turned "
        "around. Right, how much of its radius the attack did not use, because a longer step would have changed the "
        "prediction or gained nothing: a small share says that a larger radius may do more damage still."
    )
    return Section(
        "How far the attack went", (told, Table("order", columns, tuple(rows), "Order left and radius left"))
    )


def _gallery(run: Run) -> Section:
    told = Text.of(
        "The images whose confidence moved most. Left the image, right the same after the attack, between them what "
        "was added, magnified as stated around mid-grey: without that it would be one flat grey."
    )
    return Section("What the attack looks like", (told, figures.gallery(run.arrays("gallery"), run.about["classes"])))


def _rounding(summary: Mapping[str, Any]) -> Section:
    columns = (
        Column("radius", format=radius),
        Column("radius", "grey levels", radius),
        Column("AURC attacked", format=times1000(2)),
        Column("AURC rounded", format=times1000(2)),
        Column("increase left", "%", percent(1)),
        Column("pixel values changed", "%", percent(1)),
        Column("kept", "%", percent(2)),
    )
    clean, rows = summary["clean"]["aurc"], list[tuple[Any, ...]]()
    for row in summary["attacked"]:
        rounded, grew = row["rounded"], row["aurc"] - clean
        left = (rounded["aurc"] - clean) / grew if grew > 0 else None
        numbers = (row["radius"], 255 * row["radius"], row["aurc"], rounded["aurc"], left)
        rows.append((*numbers, rounded["pixels_changed"], rounded["kept"]))
    told = Text.of(
        "A picture file stores whole grey levels, so a change of less than half a level is rounded away. The grey bars "
        "show what is left of the attack after that: as high as the attacked one, it survives; as low as the clean "
        "one, it is gone."
    )
    table = Table("rounding", columns, tuple(rows), caption="Attacked, then rounded to 8 bits")
    return Section("Saved as a picture", (told, figures.rounding(summary), table))


def _classes(summary: Mapping[str, Any], at: float) -> Section:
    share = percent(1)
    columns = (
        Column("class", "true"),
        Column("images", "count", count),
        Column("accuracy", "%", share),
        Column("confidence, clean", "mean, %", share),
        Column("confidence, attacked", "mean, %", share),
    )
    names = ("name", "images", "accuracy", "confidence", "confidence_attacked")
    rows = tuple(tuple(row[name] for name in names) for row in summary["classes"])
    told = Text.of("How sure the classifier is of the images of each true class, before and after the attack.")
    table = Table("classes", columns, rows, caption=f"Confidence by true class, radius {radius(at)}")
    many: Block = Details(f"all {len(rows)} classes", (table,)) if len(rows) > 40 else table
    return Section("Class by class", (told, many))


def fresh_draws(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """What fresh draws make of it, where there are any: the table is of the draws that the attack has seen."""
    rows = [("clean", summary["clean"])]
    rows += [(f"radius {radius(row['radius'])}", row) for row in summary["attacked"]]
    return tuple(
        f"{name}, asked {fresh['repeats']} times with fresh draws: AURC × 1000 {1000 * fresh['mean']['aurc']:.2f} "
        f"± {1000 * fresh['std']['aurc']:.2f}, accuracy {fresh['mean']['accuracy']:.2%}, "
        f"labels kept {fresh['mean']['kept']:.2%} ± {fresh['std']['kept']:.2%}"
        for name, fresh in ((name, row["fresh"]) for name, row in rows if "fresh" in row)
    )


def _facts(run: Run, summary: Mapping[str, Any]) -> dict[str, str]:
    settings = run.settings
    weights = [network.weights for network in settings.victim.networks if network.weights]
    sizes = {"resize": settings.data.resize, "crop": settings.data.crop}
    return {
        "data": run.about["data"],
        "network": run.about["victim"],
        **({"weights": ", ".join(weights)} if weights else {}),
        "images": f"{summary['images']:,}, {'x'.join(map(str, run.about['shape']))}",
        **{name: f"{pixels} pixels" for name, pixels in sizes.items() if pixels},
        "classes": str(len(run.about["classes"])),
        "attack": run.about["attack"],
        "confidence": confidence(summary["measure"]),
        **({"aimed at": confidence(aim)} if (aim := settings.attack.measure) != summary["measure"] else {}),
        "estimator": str(settings.victim.estimator),
    }


def confidence(measure: str) -> str:
    """What ranks the inputs, in words."""
    if measure == "max_probability":
        return "the probability of the predicted class"
    return f"low {measure.replace('_', ' ')}"
