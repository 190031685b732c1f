"""The report of an audit: one HTML file that opens offline, and its figures as PNG."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib import import_module, resources
from string import Template
from typing import Any

from . import audit_figures, png_figures, sections
from .audit import GLOSSARY, AuditReport
from .run_folder import RunFolder


def write_report(folder: RunFolder, report: AuditReport) -> None:
    """Write ``report.html`` and ``figures/*.png`` into a run's folder, the page last.

    Raises:
        StoreError: one of them cannot be written.
    """
    pictures = _pictures(report)
    for name, png in pictures.items():
        folder.write_bytes(f"figures/{name}.png", png)
    folder.write_bytes("report.html", page(report, pictures).encode())


def _pictures(report: AuditReport) -> dict[str, bytes]:
    """The figures as PNG, by name."""
    found = {
        "risk_coverage": png_figures.lines(audit_figures.risk_coverage(report)),
        "confidence": png_figures.histograms(audit_figures.confidence(report)),
    }
    if report.calibrations:
        found["reliability"] = png_figures.reliabilities(audit_figures.reliability(report))
    if report.thresholds:
        found["thresholds"] = png_figures.bars(audit_figures.thresholds(report))
    if report.rounding:
        found["rounding"] = png_figures.bars(audit_figures.rounding(report))
    if report.gallery:
        found["gallery"] = png_figures.pictures(audit_figures.gallery(report))
    return found


def page(report: AuditReport, pictures: Mapping[str, bytes]) -> str:
    """The report as one HTML document; ``pictures`` stand in for its figures where scripts do not run."""
    specs: dict[str, dict[str, Any]] = {}
    parts = (
        sections.stats(report.scores),
        sections.risk_coverage(report, pictures, specs),
        sections.thresholds(report, pictures, specs),
        sections.table_of_scores(report.scores),
        sections.confidence(report, pictures, specs),
        sections.reliability(report, pictures, specs),
        sections.order(report.scores),
        sections.gallery(report),
        sections.rounding(report, pictures, specs),
        sections.classes(report),
        sections.notes(report.notes, report.skipped),
        sections.facts(report.facts, report.command),
    )
    return document(report.title, report.headline, parts, specs, GLOSSARY)


def document(
    title: str,
    headline: str,
    parts: Sequence[str],
    specs: Mapping[str, Mapping[str, Any]],
    glossary: Mapping[str, str],
) -> str:
    """One HTML document in the house's dress, with everything it needs inside.

    Args:
        title: what the page is about.
        headline: the finding, in one sentence.
        parts: sections as HTML; empty ones are left out.
        specs: what Plotly draws, by the name of its place.
        glossary: terms and what they mean, at the foot.
    """
    offline: Any = import_module("plotly.offline")  # it has no stubs

    terms = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(text)}</dd></div>" for term, text in glossary.items())
    last = f'<section><h2>Glossary</h2>\n<dl class="glossary">{terms}</dl></section>'
    template = Template((resources.files(__package__ or "feint.results") / "report.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        headline=escape(headline),
        body="\n".join(part for part in (*parts, last) if part),
        specs="\n".join(
            f'<script type="application/json" data-figure="{name}">{_json(spec)}</script>'
            for name, spec in specs.items()
        ),
        plotly=offline.get_plotlyjs(),
    )


def _json(value: Any) -> str:
    """JSON that no parser of HTML can take for the end of a script."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")
