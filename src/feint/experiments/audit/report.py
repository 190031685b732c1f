"""An audit's report: what the attack did to the confidence, in figures, tables and pictures."""

from feint.experiments.about import Row, Summary, many, told
from feint.experiments.glossary import chosen, title
from feint.reports import Block, Report, Stat, Stats, Text, charts
from feint.reports.formats import percent, radius, times1000
from feint.runs.run import Run

from . import figures, tables
from .summary import Judged, errors, uncertainty

TERMS = (
    "Selective prediction", "AURC", "E-AURC", "AUGRC", "NLL", "Brier", "ECE", "KS", "Radius", "Effective radius",
    "Unspent radius", "Kept", "Kendall’s tau", "Gradients, queries",
)  # fmt: skip
FRESH = "This victim draws: figures are of fresh draws, which the attack has not seen."


def report(run: Run, summary: Summary) -> Report:
    """What an audit tells a person."""
    found, radii = Judged(run.table("records"), summary["measure"]), run.settings.radii
    stages = [(None, found.judged("clean")), *((at, found.judged("attacked", at)) for at in radii)]
    sure = [(at, 1 - uncertainty(each, "max_probability"), ~errors(each)) for at, each in stages]
    gallery = figures.gallery(run.arrays("gallery"), run.about["classes"])
    sections = {
        "": Stats(_stats(summary)),
        "Does confidence tell right from wrong?": figures.risk_coverage(stages, found, summary),
        "What becomes of a shipped threshold": _thresholds(summary),
        "What the selector answers": tables.selector(summary["selector"]) if "selector" in summary else (),
        "In numbers": tables.scores(summary),
        "Where the confidence went": figures.confidence(sure),
        "Can a confidence be taken at its word?": figures.reliability(sure, summary),
        "How far the attack went": tables.order(summary),
        "What the attack looks like": gallery,
        "Saved as a picture": (figures.rounding(summary), tables.rounding(summary)),
        "Class by class": many(tables.classes(summary, max(radii)), "classes"),
    }
    facts = {"classes": str(len(run.about["classes"])), "confidence": _confidence(summary["measure"])}
    if (aim := run.settings.attack.measure) != summary["measure"]:
        facts["aimed at"] = _confidence(aim)
    head, notes = headline(summary), fresh_draws(summary)
    return told(run, summary, head, sections, facts=facts, notes=notes, terminal=True, glossary=chosen(*TERMS))


def headline(summary: Summary) -> str:
    """The finding in one sentence."""
    clean, worst = summary["clean"], max(summary["attacked"], key=lambda row: row["aurc"])
    least = float("inf") if worst["aurc"] else 1.0
    at, times = radius(worst["radius"]), worst["aurc"] / clean["aurc"] if clean["aurc"] else least
    labels = (
        "no predicted label" if worst["kept"] == 1 else f"{percent(2)(1 - worst['kept'])} % of the predicted labels"
    )
    labels += " under fresh draws" if "draws" in worst else ""
    if times < 1.05:
        return _harmless(summary, f"within {at} that changed {labels}")
    grew = f"{times:.3g} times as large" if times < float("inf") else "larger than 0"
    lost = max(row["directionless"] for row in summary["attacked"])
    still = f" The gradient shows no direction for {lost:,} of {summary['images']:,} images." if lost else ""
    return (
        f"An attack that moved no pixel by more than {at} of the full range and changed {labels} "
        f"made the area under the risk-coverage curve {grew} "
        f"({1000 * clean['aurc']:.2f} to {1000 * worst['aurc']:.2f}, × 1000).{still}"
    )


def _harmless(summary: Summary, attack: str) -> str:
    """An attack that did no harm, and why that need not be robustness."""
    right, images = summary["clean"]["accuracy"], summary["images"]
    lost = max(row["directionless"] for row in summary["attacked"])
    harmless = f"attack {attack} did not make the confidence rank errors worse"
    if right in (0, 1):
        every = "No image is misclassified" if right else "Every image is misclassified"
        return f"{every}, so there is nothing to rank: what an attack {attack} does to confidence AURC cannot show."
    if lost:
        whole = f"for {'any' if lost == images else f'{lost:,}'} of {images:,} images"
        return f"The gradient shows no direction {whole}: that an attack {attack} did no harm is not robustness."
    if right <= summary["chance"] + 1e-9:
        return f"Accuracy is {percent(1)(right)} %, no better than chance: that an {harmless} says nothing."
    return f"An {harmless}."


def _stats(summary: Summary) -> tuple[Stat, ...]:
    """The few numbers that say it: clean, and at the radius that hurts most."""
    clean, worst = summary["clean"], max(summary["attacked"], key=lambda row: row["aurc"])
    levels, share = 255 * worst["radius"], percent(1)
    grey = f"{levels:.2g} of 255 grey levels" if levels < 10 else f"{levels:.0f} of 255 grey levels"
    written = {"aurc": times1000(1), "accuracy": share, "ece": share}
    areas, shares, errors = (f"{form(clean[name])} → {form(worst[name])}" for name, form in written.items())
    return (
        Stat("AURC × 1000", areas, f"at radius {radius(worst['radius'])}, {grey}"),
        Stat("Accuracy, %", shares, "share of correct predictions"),
        Stat("Calibration error, %", errors, "ECE, 15 bins"),
        Stat("Predictions kept", f"{share(worst['kept'])} %", "same class as before the attack"),
    )


def _thresholds(summary: Summary) -> tuple[Block, ...]:
    """One threshold as an example, in words: the one that answers most, at the radius that hurts it most; then all."""
    if not (rows := summary["thresholds"]):
        return ()
    row = max(rows, key=lambda row: (row["calibrated_to"] == "coverage", row["value"]))
    worst = max(row["attacked"], key=lambda found: -1.0 if found["risk"] is None else found["risk"])

    def said(found: Row) -> str:
        share = f"{percent(1)(found['coverage'])} % of the images"
        return share if found["risk"] is None else f"{share}, {percent(1)(found['risk'])} % of those answers wrong"

    told = (
        f"Say you ship a threshold at which your system answers {said(row['clean'])}, and passes the rest to a person. "
        f"Within radius {radius(worst['radius'])} of the attack the same threshold answers {said(worst)}. "
        "The bars show, for each threshold, how many of its answers are wrong."
    )
    return (Text.of(told), figures.thresholds(rows), tables.thresholds(summary))


def fresh_draws(summary: Summary) -> tuple[str, ...]:
    """Of a victim that draws: what fresh draws change without an attack, and how far they differ among each other."""
    rows = [("clean", summary["clean"]), *((charts.stage(row["radius"]), row) for row in summary["attacked"])]
    found = [(name, row, row["draws"]["std"], row["draws"]["repeats"]) for name, row in rows if "draws" in row]
    changed = [f"{percent(2)(1 - row['kept'])} %" for name, row, _, _ in found if name == "clean"]
    return (
        *(f"{FRESH} They change {share} of the predicted labels without any attack." for share in changed),
        *(
            f"{name}, asked {repeats} times with fresh draws: AURC × 1000 {1000 * row['aurc']:.2f} "
            f"± {1000 * std['aurc']:.2f}, accuracy {percent(2)(row['accuracy'])} %, "
            f"labels kept {percent(2)(row['kept'])} ± {percent(2)(std['kept'])} %"
            for name, row, std, repeats in found
        ),
    )


def _confidence(measure: str) -> str:
    """What ranks the inputs, in words."""
    return "the probability of the predicted class" if measure == "max_probability" else f"low {title(measure)}"
