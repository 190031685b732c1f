"""The report of a detection run: one HTML file that opens offline, and its figures as PNG."""

from collections.abc import Mapping
from typing import Any

from . import detection_figures as figures
from . import sections
from .detection import DetectionReport
from .markup import section, table
from .report import document
from .run_folder import RunFolder

SIDES: tuple[figures.Side, ...] = ("roc", "pr")
GLOSSARY = {
    "AUROC": "The chance that an attacked input scores above one that is not: 1 finds all, 0.5 knows nothing, below "
    "0.5 calls attacked inputs the safer ones.",
    "AUPR": "Average precision: the share of attacked inputs among those flagged, averaged over the share found.",
    "FPR95": "The share of innocent inputs that are flagged at the threshold which finds 95 % of the attacked ones.",
    "(S)": "Only attacked inputs whose label changed count as positives: those that the attack was after.",
    "Noise": "Each attacked input comes with a noisy one as far from the original in L2. A detector that flags "
    "whatever was touched is not a detector of attacks.",
    "Adaptive": "An attacker who knows the detector, and keeps its measure low while the label changes.",
    "ACE": "An attacker who changes confidence and no label: what looks for changed labels has nothing to find.",
}


def write_page(folder: RunFolder, report: DetectionReport, name: str = "") -> None:
    """Write ``report.html`` and ``figures/*.png`` into a run's folder, the page last.

    Args:
        folder: the run's.
        report: what to show.
        name: of the figures, where there are those of several reports.

    Raises:
        StoreError: one of them cannot be written.
    """
    pictures = write_figures(folder, report, name)
    folder.write_bytes("report.html", page(report, pictures).encode())


def write_figures(folder: RunFolder, report: DetectionReport, name: str = "") -> dict[figures.Side, bytes]:
    """Write ``figures/detection-SIDE.png``, or ``figures/detection-SIDE-NAME.png``; returns what it wrote.

    Raises:
        StoreError: one of them cannot be written.
    """
    pictures: dict[figures.Side, bytes] = {side: figures.picture(report, side, name) for side in SIDES}
    for side, png in pictures.items():
        folder.write_bytes(f"figures/detection-{side}{name and f'-{name}'}.png", png)
    return pictures


def page(report: DetectionReport, pictures: Mapping[figures.Side, bytes]) -> str:
    """The report as one HTML document; ``pictures`` stand in for its figures where scripts do not run."""
    specs: dict[str, dict[str, Any]] = {}
    parts = [_table(report), *(_curves(report, side, pictures[side], specs) for side in SIDES)]
    parts += [sections.notes((), report.skipped), sections.facts(report.facts, report.command)]
    return document(report.title, report.headline, parts, specs, GLOSSARY)


def _table(report: DetectionReport) -> str:
    return section(
        "In numbers",
        "One row per victim, attack and detector. Intervals are 95 %, from resampled images. Below 0.5 an AUROC says "
        "that the detector finds attacked inputs less suspicious than clean and noisy ones.",
        table("Every measure as a detector of every attack", report.heads, report.rows),
    )


def _curves(report: DetectionReport, side: figures.Side, png: bytes, specs: dict[str, dict[str, Any]]) -> str:
    shown = figures.measures_of(report)
    marks = sections.key(*((figures.shade(shown, name), name.replace("_", " ")) for name in shown))
    titles = [f"{panel.victim}: {panel.attack}, {panel.subject}" for panel in report.panels]
    alts = [figures.words(panel, side) for panel in report.panels]
    drawn = [figures.plotly(report, panel, side) for panel in report.panels]
    places = sections.panels(side, titles, alts, drawn, specs)
    read = {
        "roc": "For every threshold the share of attacked inputs that are found, against the share of innocent ones "
        "flagged along with them. On the diagonal a detector knows nothing.",
        "pr": "For every threshold the share of truly attacked inputs among those flagged, against the share found.",
    }[side]
    instead = sections.instead_of(" ".join(alts), png)
    return section(figures.TITLES[side], read, f"<figure>{marks}{instead}{places}</figure>")
