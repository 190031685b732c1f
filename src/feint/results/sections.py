"""The sections of an audit's report, in the order of the page; each returns HTML, empty where there is nothing to show.

Sections with figures put what Plotly draws into ``specs``, under the name of the figure's place; ``pictures`` holds the
figures as PNG.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from . import audit_figures, plotly_figures, png_figures
from .audit import Answered, AuditReport, Score, Threshold
from .figures import CORRECT, WRONG, Picture
from .markup import data_uri, plot, section, table
from .tables import COLUMNS, percent, radius_text


def stats(scores: Sequence[Score]) -> str:
    """The few numbers that say it: clean, and at the radius that hurts most."""
    clean = next(score for score in scores if score.radius is None)
    worst = max((score for score in scores if score.radius is not None), key=lambda score: score.aurc, default=clean)
    if worst.radius is None:
        return ""
    radius = f"at radius {radius_text(worst.radius)}, {_grey_levels(worst.radius)}"

    def stat(name: str, was: str, now: str, remark: str) -> str:
        change = f'<span class="was">{was}</span> <span class="to">→</span> <span class="now">{now}</span>'
        return f'<div class="stat"><dt>{name}</dt><dd>{change}</dd><dd>{remark}</dd></div>'

    cells = [
        stat("AURC × 1000", f"{1000 * clean.aurc:.1f}", f"{1000 * worst.aurc:.1f}", radius),
        stat("Accuracy, %", percent(clean.accuracy), percent(worst.accuracy), "share of correct predictions"),
        stat("Calibration error, %", percent(clean.ece), percent(worst.ece), "ECE, 15 bins"),
    ]
    if worst.kept is not None:
        kept = f'<dd class="now">{percent(worst.kept)} %</dd>'
        cells.append(f'<div class="stat"><dt>Predictions kept</dt>{kept}<dd>same class as before the attack</dd></div>')
    return f'<dl class="stats">{"".join(cells)}</dl>'


def _grey_levels(radius: float) -> str:
    levels = 255 * radius
    return f"{levels:.2g} of 255 grey levels" if levels < 10 else f"{levels:.0f} of 255 grey levels"


def risk_coverage(report: AuditReport, pictures: Mapping[str, bytes], specs: dict[str, dict[str, Any]]) -> str:
    """Risk-coverage curves."""
    figure = audit_figures.risk_coverage(report)
    specs[figure.name] = plotly_figures.lines(figure)
    return section(
        "Does confidence tell right from wrong?",
        "Let the classifier answer only the images it is surest of, and count how many of those answers are wrong. A "
        "curve that stays low until the far right is a confidence to rely on; one that starts high gives wrong answers "
        "exactly where the classifier is surest. The shaded area is everything possible at this accuracy.",
        f"<figure>{plot(figure.name, figure.alt, pictures[figure.name])}</figure>",
    )


def table_of_scores(scores: Sequence[Score]) -> str:
    """The table."""
    rows = [[column.cell(score) for column in COLUMNS] for score in scores]
    heads = [(column.title, column.unit) for column in COLUMNS]
    clean = next((at for at, score in enumerate(scores) if score.radius is None), -1)
    return section(
        "In numbers",
        "One row for the images as they are, one per radius of the attack. Accuracy counts correct labels; AURC, "
        "E&#8209;AURC and AUGRC judge how confidence ranks them; NLL, Brier and ECE judge the probabilities. The "
        "glossary at the foot defines each.",
        table("Clean and attacked, lower is better but for accuracy and kept", heads, rows, clean),
    )


def confidence(report: AuditReport, pictures: Mapping[str, bytes], specs: dict[str, dict[str, Any]]) -> str:
    """Histograms of confidence."""
    figure = audit_figures.confidence(report)
    alts = [f"Histogram of confidence, {panel.title}: correct upwards, wrong downwards." for panel in figure.panels]
    found = plotly_figures.histograms(figure)
    shown = panels(figure.name, [panel.title for panel in figure.panels], alts, found, specs)
    marks = key((CORRECT, "correct predictions, upwards"), (WRONG, "wrong predictions, downwards"))
    return section(
        "Where the confidence went",
        "How confident the classifier is in its correct predictions (up) and in its wrong ones (down), each kind in "
        "percent of its own. Good: blue to the right, orange to the left. The attack moves them past each other.",
        f"<figure>{marks}{instead_of(figure.alt, pictures[figure.name])}{shown}</figure>",
    )


def panels(
    name: str,
    titles: Sequence[str],
    alts: Sequence[str],
    found: Sequence[dict[str, Any]],
    specs: dict[str, dict[str, Any]],
) -> str:
    """The places of a figure's panels, side by side where there is room; what is drawn there goes into ``specs``."""
    cells: list[str] = []
    for at, (title, alt, spec) in enumerate(zip(titles, alts, found, strict=True)):
        specs[f"{name}-{at}"] = spec
        cells.append(f"<div><h3>{escape(title)}</h3>{plot(f'{name}-{at}', alt)}</div>")
    return f'<div class="panels">{"".join(cells)}</div>'


def instead_of(alt: str, png: bytes) -> str:
    """The picture of a figure with panels, where scripts do not run."""
    return f'<noscript><img src="{data_uri(png)}" style="max-width:100%" alt="{escape(alt)}"></noscript>'


def key(*marks: tuple[str, str]) -> str:
    """Colours and what they stand for."""
    items = "".join(f'<li><i style="background:{shade}"></i>{escape(text)}</li>' for shade, text in marks)
    return f'<ul class="key">{items}</ul>'


def reliability(report: AuditReport, pictures: Mapping[str, bytes], specs: dict[str, dict[str, Any]]) -> str:
    """Reliability diagrams and calibration errors."""
    if not report.calibrations:
        return ""
    figure = audit_figures.reliability(report)
    titles = [panel.title for panel in figure.panels]
    found = plotly_figures.reliabilities(figure)
    shown = panels(figure.name, titles, [f"Reliability diagram, {title}." for title in titles], found, specs)
    return section(
        "Can a confidence be taken at its word?",
        "Images sorted into 15 bins by confidence; the height of a bar is the share of them that is correct. On the "
        "dashed line a confidence of 80 % is right in 80 % of cases; below it the classifier promises too much, above "
        "it too little. The grey bars count the images in each bin: a bar above few images says little.",
        f"<figure>{instead_of(figure.alt, pictures[figure.name])}{shown}</figure>",
    )


def thresholds(report: AuditReport, pictures: Mapping[str, bytes], specs: dict[str, dict[str, Any]]) -> str:
    """What becomes of thresholds that were calibrated on clean images."""
    if not report.thresholds:
        return ""
    figure = audit_figures.thresholds(report)
    specs[figure.name] = plotly_figures.bars(figure)
    radii = [found.radius for found in report.thresholds[0].attacked]
    heads = [("threshold", "calibrated on clean images"), ("answers where", ""), ("clean", _ANSWERED)]
    heads += [(f"radius {radius_text(radius or 0.0)}", _ANSWERED) for radius in radii]
    rows = [
        [audit_figures.promise(row), row.bound, *(_shares(found) for found in (row.clean, *row.attacked))]
        for row in report.thresholds
    ]
    return section(
        "What becomes of a shipped threshold",
        escape(f"{_damage(report.thresholds)} The bars show, for each threshold, how many of its answers are wrong."),
        f"<figure>{plot(figure.name, figure.alt, pictures[figure.name])}</figure>"
        + table("Share of images answered / share of those answers that is wrong", heads, rows),
    )


_ANSWERED = "answered / wrong, %"


def _shares(found: Answered) -> str:
    return f"{percent(found.coverage)} / {'–' if found.risk is None else percent(found.risk)}"


def _damage(rows: Sequence[Threshold]) -> str:
    """One threshold as an example, in words: the one that answers most, at the radius that hurts it most."""
    row = max(rows, key=lambda row: (row.calibrated_to == "coverage", row.value))
    worst = max(row.attacked, key=lambda found: -1.0 if found.risk is None else found.risk, default=row.clean)

    def said(found: Answered) -> str:
        share = f"{percent(found.coverage)} % of the images"
        return share if found.risk is None else f"{share}, {percent(found.risk)} % of those answers wrong"

    return (
        f"Say you ship a threshold at which your system answers {said(row.clean)}, and passes the rest to a person. "
        f"Within radius {radius_text(worst.radius or 0.0)} of the attack the same threshold answers {said(worst)}."
    )


def order(scores: Sequence[Score]) -> str:
    """How much of the clean order is left, and how much radius."""
    attacked = [score for score in scores if score.radius is not None]
    if all(score.kendall_tau is None and score.unspent is None for score in attacked):
        return ""
    heads = (
        ("radius", "of [0, 1]"),
        ("order left", "Kendall’s tau, −1 to 1"),
        ("effective radius", "mean, of [0, 1]"),
        ("unspent", "mean, of [0, 1]"),
        ("unspent", "% of the radius"),
    )
    rows = [
        (
            radius_text(score.radius or 0.0),
            "–" if score.kendall_tau is None else f"{score.kendall_tau:.3f}".replace("-", "−"),
            "–" if score.effective_radius is None else radius_text(score.effective_radius),
            "–" if score.unspent is None else radius_text(score.unspent),
            "–" if score.unspent is None or not score.radius else percent(score.unspent / score.radius),
        )
        for score in attacked
    ]
    return section(
        "How far the attack went",
        "Left, how much of the clean order from most to least certain is left: 1 all of it, 0 nothing, −1 turned "
        "around. Right, how much of its radius the attack did not use, because a longer step would have changed the "
        "prediction or gained nothing: a small share says that a larger radius may do more damage still.",
        table("Order left and radius left", heads, rows),
    )


def gallery(report: AuditReport) -> str:
    """Images before and after, with what was added."""
    if not report.gallery:
        return ""
    shown = audit_figures.gallery(report).pictures
    items: list[str] = []
    for item, picture in zip(report.gallery, shown, strict=True):
        kind = "correct" if item.correct else "wrong"
        verdict = f'predicted <span class="{kind}">{escape(item.prediction)}</span>, {kind}'
        truth = "" if item.correct else f" (it is {escape(item.label)})"
        changed = f"; after the attack {escape(item.attacked_prediction)}" if item.attacked_prediction else ""
        bars = "".join(
            f'<span>{name}</span><span class="bar {kind}"><b style="width:{100 * share:.1f}%"></b></span>'
            f"<span>{text}</span>"
            for name, share, text in (("before", item.before, picture.before), ("after", item.after, picture.after))
        )
        items.append(
            f'<div class="item"><h3>{escape(item.title)}</h3><p class="was">radius {radius_text(item.radius)}</p>'
            f'<div class="triple">{_triple(picture)}</div><p>{verdict}{truth}{changed}</p>'
            f'<div class="confidence">{bars}</div></div>'
        )
    return section(
        "What the attack looks like",
        "The images whose confidence moved most. Left the image, right the same after the attack, between them what "
        "was added, magnified as stated around mid-grey: without that it would be one flat grey.",
        f'<figure class="gallery">{"".join(items)}</figure>',
    )


def _triple(picture: Picture) -> str:
    added = "nothing added" if picture.magnification is None else f"added, × {picture.magnification:,.0f}"
    small = ' class="small"' if max(picture.original.shape[:2]) < 200 else ""
    cells = (
        (picture.original, "before", f"{picture.title} before the attack"),
        (picture.perturbation, added, f"what the attack added to {picture.title}, magnified"),
        (picture.attacked, "after", f"{picture.title} after the attack"),
    )
    return "".join(
        f'<div><img{small} src="{data_uri(png_figures.image(pixels))}" alt="{escape(alt)}"><span>{caption}</span></div>'
        for pixels, caption, alt in cells
    )


def rounding(report: AuditReport, pictures: Mapping[str, bytes], specs: dict[str, dict[str, Any]]) -> str:
    """What is left after rounding to 8 bits."""
    if not report.rounding:
        return ""
    figure = audit_figures.rounding(report)
    specs[figure.name] = plotly_figures.bars(figure)
    heads = (
        ("radius", "of [0, 1]"),
        ("radius", "grey levels"),
        ("AURC attacked", "× 1000"),
        ("AURC rounded", "× 1000"),
        ("increase left", "%"),
        ("pixel values changed", "%"),
        ("kept", "%"),
    )
    rows = [
        (
            radius_text(row.radius),
            f"{255 * row.radius:.3g}",
            f"{1000 * row.aurc_attacked:.2f}",
            f"{1000 * row.aurc_rounded:.2f}",
            "–" if row.surviving is None else percent(row.surviving),
            percent(row.pixels_changed),
            percent(row.kept, 2),
        )
        for row in report.rounding
    ]
    return section(
        "Saved as a picture",
        "A picture file stores whole grey levels, so a change of less than half a level is rounded away. The grey bars "
        "show what is left of the attack after that: as high as the attacked one, it survives; as low as the clean "
        "one, it is gone.",
        f"<figure>{plot(figure.name, figure.alt, pictures[figure.name])}</figure>"
        + table("Attacked, then rounded to 8 bits", heads, rows),
    )


def classes(report: AuditReport) -> str:
    """Confidence by true class."""
    if not report.classes:
        return ""
    at = "" if report.classes_radius is None else f", radius {radius_text(report.classes_radius)}"
    heads = (
        ("class", "true"),
        ("images", "count"),
        ("accuracy", "%"),
        ("confidence, clean", "mean, %"),
        ("confidence, attacked", "mean, %"),
    )
    rows = [
        (row.name, str(row.images), percent(row.accuracy), percent(row.clean), percent(row.attacked))
        for row in report.classes
    ]
    return section(
        "Class by class",
        "How sure the classifier is of the images of each true class, before and after the attack.",
        table(f"Confidence by true class{at}", heads, rows),
    )


def notes(notes: Sequence[str], skipped: Sequence[str]) -> str:
    """What else a reader should know, and what was skipped."""
    parts: list[str] = []
    if notes:
        parts.append(f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>")
    if skipped:
        count = len(skipped)
        listed = "".join(f"<li>{escape(name)}</li>" for name in skipped)
        what = "1 image was skipped" if count == 1 else f"{count:,} images were skipped"
        parts.append(f"<details><summary>{what}</summary><ul>{listed}</ul></details>")
    return f"<section><h2>To be noted</h2>{''.join(parts)}</section>" if parts else ""


def facts(facts: Mapping[str, str], command: str) -> str:
    """What it takes to make the same report again."""
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return (
        f'<section><h2>How it was made</h2><dl class="facts">{listed}</dl><h3>Command</h3>'
        f'<pre tabindex="0">{escape(command)}</pre></section>'
    )
