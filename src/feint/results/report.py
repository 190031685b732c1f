"""The report of an audit: one HTML file that opens offline, and its figures as PNG."""

import json
from html import escape
from importlib import import_module, resources
from string import Template
from typing import Any, BinaryIO

import numpy as np

from . import audit_figures, png_figures, sections
from .audit import AuditReport
from .run_folder import RunFolder


def write_report(folder: RunFolder, report: AuditReport) -> None:
    """Write ``report.html``, ``figures/*.png`` and ``gallery.npz`` into a run's folder, the page last.

    Raises:
        StoreError: one of them cannot be written.
    """
    folder.write_bytes("figures/risk_coverage.png", png_figures.lines(audit_figures.risk_coverage(report)))
    folder.write_bytes("figures/confidence.png", png_figures.histograms(audit_figures.confidence(report)))
    if report.rounding:
        folder.write_bytes("figures/rounding.png", png_figures.bars(audit_figures.rounding(report)))
    if report.gallery:
        folder.write_bytes("figures/gallery.png", png_figures.pictures(audit_figures.gallery(report)))

        def write(file: BinaryIO) -> None:
            np.savez_compressed(file, **_gallery_arrays(report))

        folder.write_file("gallery.npz", write)
    folder.write_bytes("report.html", page(report).encode())


def page(report: AuditReport) -> str:
    """The report as one HTML document."""
    offline: Any = import_module("plotly.offline")  # it has no stubs

    specs: dict[str, dict[str, Any]] = {}
    parts = (
        sections.stats(report.scores),
        sections.risk_coverage(report, specs),
        sections.table_of_scores(report.scores),
        sections.confidence(report, specs),
        sections.gallery(report),
        sections.rounding(report, specs),
        sections.classes(report),
        sections.notes(report),
        sections.facts(report),
    )
    template = Template((resources.files(__package__ or "feint.results") / "report.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(report.title),
        headline=escape(report.headline),
        body="\n".join(part for part in parts if part),
        specs="\n".join(
            f'<script type="application/json" data-figure="{name}">{_json(spec)}</script>'
            for name, spec in specs.items()
        ),
        plotly=offline.get_plotlyjs(),
    )


def _json(value: Any) -> str:
    """JSON that no parser of HTML can take for the end of a script."""
    return json.dumps(value, allow_nan=False).replace("<", "\\u003c")


def _gallery_arrays(report: AuditReport) -> dict[str, Any]:
    """The gallery as arrays that numpy loads without unpickling."""
    arrays: dict[str, Any] = {}
    for at, item in enumerate(report.gallery):
        arrays |= {f"original_{at:03d}": item.original, f"attacked_{at:03d}": item.attacked}
    for name in ("title", "radius", "label", "prediction", "before", "after", "correct"):
        arrays[name] = np.array([getattr(item, name) for item in report.gallery])
    return arrays
