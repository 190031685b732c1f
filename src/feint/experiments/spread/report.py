"""The page of feint spread: one HTML file that opens offline, and its figures as PNG."""

from html import escape

import numpy as np

from . import latent_png
from .figures import CLEAN, REFERENCE
from .latent import SpreadReport, thinned
from .latent_png import KIND_COLOURS
from .latent_sections import TERMS, Specs, digits, write_page
from .markup import plot, section, table
from .plotly_figures import base_layout
from .run_folder import RunFolder
from .sections import facts


def write_spread(folder: RunFolder, report: SpreadReport, headline: str, command: str) -> None:
    """Write ``report.html`` and ``figures/*.png`` of feint spread.

    Raises:
        StoreError: one of them cannot be written.
    """
    pictures = {"spread": latent_png.spread(report)}
    specs: Specs = {}
    parts = [_scatter(report, specs, pictures["spread"]), _ranks(report), _decades(report), _closer(report)]
    parts.append(facts(report.facts, command))
    terms = {
        "Sum of variances": "Over classes, of the variance over draws of a class's probability: C times the softmax "
        "variance. What is left of mutual information where the logarithm is expanded about 1.",
        "Half the sum of variance / mean": "What mutual information tends to where the draws lie close together.",
        "Spearman, Kendall": "How much of the order is the same: 1 all of it, 0 nothing, −1 turned around.",
    }
    write_page(folder, report.title, headline, parts, specs, pictures, TERMS | terms)


def _scatter(report: SpreadReport, specs: Specs, png: bytes) -> str:
    cells: list[str] = []
    for at, found in enumerate(report.spreads):
        layout = base_layout("mutual information (nats)", "approximation (nats)")
        for axis in ("xaxis", "yaxis"):
            layout[axis] |= {"type": "log", "exponentformat": "power", "zeroline": False}
        layout["legend"] |= {"itemsizing": "constant"}
        chosen = thinned(len(found.information), 1000)
        traces = [
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": digits(found.information[chosen]),
                "y": digits(values[chosen]),
                "marker": {"size": 3, "color": shade, "opacity": 0.5},
                "hoverinfo": "skip",
            }
            for name, shade, values in (
                ("sum of variances", KIND_COLOURS["pixel"], found.variance),
                ("half the sum of variance / mean", CLEAN, found.limit),
            )
        ]
        ends = digits(np.array([found.information.min(), found.information.max()]))
        line = {"color": REFERENCE, "width": 1.5, "dash": "dash"}
        traces.append({"type": "scatter", "mode": "lines", "name": "equal", "x": ends, "y": ends, "line": line})
        specs[f"spread-{at}"] = {"data": traces, "layout": layout}
        where = f"{found.victim} on {found.data}"
        cells.append(f"<div><h3>{escape(where)}</h3>{plot(f'spread-{at}', f'Scatter plot, {where}', png)}</div>")
    return section(
        "Two approximations against the real thing",
        "One point per image and approximation, both axes logarithmic. On the dashed line an approximation is exact.",
        f'<figure><div class="panels">{"".join(cells)}</div></figure>',
    )


def _ranks(report: SpreadReport) -> str:
    heads = (
        ("victim", ""),
        ("data", ""),
        ("images", "count"),
        ("sum of variances", "Spearman, 95 % interval"),
        ("", "Kendall"),
        ("variance / mean", "Spearman, 95 % interval"),
        ("", "Kendall"),
    )
    rows: list[list[str]] = []
    for found in report.spreads:
        row = [found.victim, found.data, f"{len(found.information):,}"]
        for name in ("variance", "limit"):
            low, estimate, high = found.spearman[name]
            row += [f"{estimate:.4f} ({low:.4f}–{high:.4f})", f"{found.kendall[name]:.4f}"]
        rows.append(row)
    return section(
        "Do they rank images alike?",
        "Rank correlation with mutual information: a detector only needs the order.",
        table("Rank correlation with mutual information", heads, rows),
    )


def _decades(report: SpreadReport) -> str:
    heads = (
        ("mutual information", "nats"),
        ("victim", ""),
        ("data", ""),
        ("images", "count"),
        ("sum of variances", "÷ information, median"),
        ("½ sum variance / mean", "÷ information, median"),
    )
    rows = [
        [f"{low:.0e} to {high:.0e}", found.victim, found.data, f"{count:,}", f"{variance:.3g}", f"{limit:.4g}"]
        for found in report.spreads
        for low, high, count, variance, limit in found.decades
    ]
    return section(
        "By the size of the mutual information",
        "The approximation over the mutual information: 1 where it is exact.",
        table("Median ratio by the size of the mutual information", heads, rows),
    )


def _closer(report: SpreadReport) -> str:
    heads = (
        ("draws moved to", "of their distance from the mean"),
        ("victim", ""),
        ("data", ""),
        ("sum of variances", "÷ information, median (5 % to 95 %)"),
        ("½ sum variance / mean", "÷ information, median (5 % to 95 %)"),
    )

    def cell(ratio: tuple[float, float, float]) -> str:
        low, middle, high = ratio
        return f"{middle:.4g} ({low:.3g} to {high:.4g})"

    rows = [
        [f"{factor:g}", found.victim, found.data, cell(variance), cell(limit)]
        for found in report.spreads
        for factor, variance, limit in found.closer
    ]
    return section(
        "As the spread shrinks",
        "Little mutual information does not mean draws that lie close together: they may all be sure, some a hundred "
        "times surer than others. So here the draws of every image are moved towards their mean.",
        table("Ratio as the draws are moved together", heads, rows),
    )
