"""The report of uncertainty spans: one HTML file that opens offline, its figure as PNG, and the terminal's table."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import plotly_figures, png_figures, sections
from .figures import CORRECT, REFERENCE, WRONG, IntervalFigure, IntervalPanel
from .markup import section, table
from .report import document
from .run_folder import RunFolder
from .span import GLOSSARY, Intervals, SpanReport, SpanRow
from .tables import aligned, percent, radius_text

MOST = 600
"""Inputs shown per panel: more than lie side by side on a screen."""


def write_span_report(folder: RunFolder, report: SpanReport) -> None:
    """Write ``report.html`` and ``figures/span.png`` into a run's folder, the page last.

    Raises:
        StoreError: one of them cannot be written.
    """
    png = png_figures.intervals(span_figure(report))
    folder.write_bytes("figures/span.png", png)
    folder.write_bytes("report.html", span_page(report, png).encode())


def span_page(report: SpanReport, png: bytes) -> str:
    """The report as one HTML document; ``png`` stands in for its figure where scripts do not run."""
    specs: dict[str, dict[str, Any]] = {}
    parts = (
        _intervals(report, png, specs),
        _table(report.rows),
        sections.notes(report.notes, report.skipped),
        sections.facts(report.facts, report.command),
    )
    return document(report.title, report.headline, parts, specs, GLOSSARY)


def span_figure(report: SpanReport) -> IntervalFigure:
    """Inputs by clean confidence, each with its interval, per radius."""
    crossing = {row.radius: row.crossing for row in report.rows if row.kind == "all"}
    panels = tuple(_panel(found, crossing[found.radius]) for found in report.intervals)
    return IntervalFigure(
        name="span",
        title="From where to where a confidence can be moved",
        alt=f"Intervals of confidence per image. {'; '.join(panel.title for panel in panels)}.",
        x_title="images by clean confidence (%, the least certain first)",
        y_title="confidence (%)",
        threshold=100 * report.threshold,
        panels=panels,
    )


def _panel(found: Intervals, crossing: float | None) -> IntervalPanel:
    order = np.argsort(found.clean, kind="stable")
    count = len(order)
    ranks = np.unique(np.linspace(0, count - 1, min(MOST, count)).round().astype(np.int64))
    shown = order[ranks]
    return IntervalPanel(
        title=f"radius {radius_text(found.radius)}: {_cell(crossing)} % cross the threshold",
        place=100 * (ranks + 0.5) / count,
        clean=100 * found.clean[shown],
        low=100 * found.low[shown],
        high=100 * found.high[shown],
        correct=found.correct[shown].astype(bool),
    )


def _intervals(report: SpanReport, png: bytes, specs: dict[str, dict[str, Any]]) -> str:
    figure = span_figure(report)
    count = len(report.intervals[0].clean)
    key = sections.key(
        (CORRECT, "correct predictions"), (WRONG, "wrong predictions"), (REFERENCE, "the threshold, dashed")
    )
    titles = [panel.title for panel in figure.panels]
    found = plotly_figures.intervals(figure)
    shown = sections.panels(figure.name, titles, [f"Intervals, {title}." for title in titles], found, specs)
    thinned = f" Shown are {MOST} of {count:,} images, evenly spaced." if count > MOST else ""
    return section(
        "A confidence is an interval",
        "Every image is one vertical line: from the lowest to the highest confidence that an attacker can give it "
        "without changing its predicted class; the dot is its confidence as it came. Above the dashed threshold an "
        f"image is answered, below it is passed on: a line that crosses it can be put on either side.{thinned}",
        f"<figure>{key}{sections.instead_of(figure.alt, png)}{shown}</figure>",
    )


def _table(rows: Sequence[SpanRow]) -> str:
    return section(
        "In numbers",
        "All predictions, then the correct and the wrong ones by themselves. Widths are in percentage points.",
        table("Spans per radius", [(title, unit) for title, unit, _ in COLUMNS], cells(rows)),
    )


def _cell(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


COLUMNS: tuple[tuple[str, str, Callable[[SpanRow], str]], ...] = (
    ("radius", "of [0, 1]", lambda row: radius_text(row.radius)),
    ("predictions", "", lambda row: row.kind),
    ("images", "count", lambda row: str(row.images)),
    ("clean", "mean, %", lambda row: _cell(row.clean)),
    ("lowest", "mean, %", lambda row: _cell(row.low)),
    ("highest", "mean, %", lambda row: _cell(row.high)),
    ("width", "mean, %", lambda row: _cell(row.mean_width)),
    ("width", "median, %", lambda row: _cell(row.median_width)),
    ("crossing", "%", lambda row: _cell(row.crossing)),
    ("gradients", "per image", lambda row: _mean(row.gradients)),
    ("queries", "per image", lambda row: _mean(row.queries)),
)


def cells(rows: Sequence[SpanRow]) -> list[list[str]]:
    """The table's cells."""
    return [[text(row) for _, _, text in COLUMNS] for row in rows]


def plain_span_table(rows: Sequence[SpanRow]) -> str:
    """The table for a terminal."""
    return aligned([[title for title, _, _ in COLUMNS], [unit for _, unit, _ in COLUMNS]], cells(rows))
