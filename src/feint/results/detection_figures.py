"""ROC and precision-recall curves of detectors: as PNG, and as Plotly reads them in a browser."""

import io
from typing import Any, Literal

import numpy as np

from .detection import DetectionPanel, DetectionReport, DetectorCurve
from .figures import REFERENCE

Side = Literal["roc", "pr"]
TITLES: dict[Side, str] = {"roc": "ROC curves", "pr": "Precision-recall curves"}
AXES: dict[Side, tuple[str, str]] = {
    "roc": ("false positive rate (%)", "true positive rate (%)"),
    "pr": ("recall (%)", "precision (%)"),
}
STEPS: dict[Side, tuple[str, str]] = {"roc": ("default", "linear"), "pr": ("steps-pre", "vh")}
"""How points are joined, as matplotlib and as Plotly call it."""
FOREMOST = ("mutual_information", "predictive_entropy")
"""Drawn last, in this order, over others with which they all but coincide: the two that the paper compares."""

# Told apart by the colour-blind (Okabe & Ito 2008), in the order in which measures come.
_COLOURS = ("#0072b2", "#e69f00", "#cc79a7", "#009e73", "#d55e00", "#56b4e9", "#8a7a00", "#5b6372")
_INK, _MUTED, _GRID = "#1f2430", "#5b6372", "#e3e6eb"


def shade(measures: tuple[str, ...], measure: str) -> str:
    """The colour of a measure."""
    return _COLOURS[measures.index(measure) % len(_COLOURS)]


def measures_of(report: DetectionReport) -> tuple[str, ...]:
    """The measures on the page, in their order."""
    return tuple(dict.fromkeys(curve.measure for panel in report.panels for curve in panel.curves))


def layered(panel: DetectionPanel) -> list[DetectorCurve]:
    """A panel's curves from the back to the front: the first measures over the later ones, the foremost over all."""
    return sorted(
        reversed(panel.curves), key=lambda curve: FOREMOST.index(curve.measure) if curve.measure in FOREMOST else -1
    )


def points(curve: DetectorCurve, side: Side) -> tuple[Any, Any]:
    """What is drawn, in percent.

    Precision and recall are drawn in steps, and from recall 0: a line between two thresholds would promise precisions
    that none has (Davis & Goadrich 2006), and the area under steps is the average precision that tables have.
    """
    if side == "roc":
        return 100 * curve.false_positive_rate, 100 * curve.true_positive_rate
    return 100 * np.insert(curve.recall, 0, 0.0), 100 * np.insert(curve.precision, 0, curve.precision[0])


def words(panel: DetectionPanel, side: Side) -> str:
    """A panel for those who do not see it."""
    areas = ", ".join(f"{each.measure} {each.auroc if side == 'roc' else each.aupr:.3f}" for each in panel.curves)
    return f"{TITLES[side]}, {panel.victim}, {panel.attack}, {panel.subject}. Area under each: {areas}."


def picture(report: DetectionReport, side: Side, name: str = "") -> bytes:
    """All panels as one PNG: a row for each victim, a column for each attack; ``name`` goes into the title."""
    from matplotlib.figure import Figure

    victims = list(dict.fromkeys(panel.victim for panel in report.panels))
    attacks = list(dict.fromkeys(panel.attack for panel in report.panels))
    size = (max(2.5 * len(attacks), 5.0), 2.6 * len(victims) + 0.9)
    page: Any = Figure(figsize=size, dpi=110, layout="constrained", facecolor="white")
    grid = page.subplots(len(victims), len(attacks), sharex=True, sharey=True, squeeze=False)
    shown = measures_of(report)
    drawn: dict[str, Any] = {}
    for axes in grid.flat:
        axes.set_visible(False)
    for panel in report.panels:
        row, column = victims.index(panel.victim), attacks.index(panel.attack)
        axes = grid[row, column]
        axes.set_visible(True)
        if side == "roc":
            axes.plot([0, 100], [0, 100], color=REFERENCE, linewidth=1, linestyle=":")
        for curve in layered(panel):
            style = {"color": shade(shown, curve.measure), "linewidth": 1.8, "drawstyle": STEPS[side][0]}
            (drawn[curve.measure],) = axes.plot(*points(curve, side), **style)
        axes.set_xlim(-1, 101)
        axes.set_ylim(-1, 101)
        axes.set_xticks([0, 50, 100])
        axes.set_yticks([0, 50, 100])
        axes.tick_params(colors=_MUTED, labelsize=8, length=0)
        axes.grid(color=_GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
        axes.set_title(f"{panel.victim}\n{panel.attack}, {panel.subject}", fontsize=8, color=_INK)
        axes.set_xlabel(AXES[side][0] if row == len(victims) - 1 else "", color=_MUTED, fontsize=8)
        axes.set_ylabel(AXES[side][1] if column == 0 else "", color=_MUTED, fontsize=8)
    page.suptitle(TITLES[side] + (name and f", {name}"), x=0.01, ha="left", color=_INK, fontsize=12, fontweight="bold")
    handles, names = [drawn[measure] for measure in shown], [measure.replace("_", " ") for measure in shown]
    page.legend(handles, names, loc="outside lower left", ncols=4, frameon=False, labelcolor=_INK, fontsize=9)
    file = io.BytesIO()
    page.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def plotly(report: DetectionReport, panel: DetectionPanel, side: Side) -> dict[str, Any]:
    """One panel for the page."""
    shown = measures_of(report)
    traces: list[dict[str, Any]] = []
    for curve in layered(panel):
        x, y = points(curve, side)
        area = curve.auroc if side == "roc" else curve.aupr
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": curve.measure.replace("_", " "),
                "x": [round(float(value), 2) for value in x],
                "y": [round(float(value), 2) for value in y],
                "line": {"color": shade(shown, curve.measure), "width": 2.2, "shape": STEPS[side][1]},
                "hovertemplate": f"%{{y:.1f}} at %{{x:.1f}} (area {area:.3f})",
            }
        )
    axis: dict[str, Any] = {"automargin": True, "zeroline": False, "ticks": "", "range": [-1, 101]}
    return {
        "data": traces,
        "layout": {
            "xaxis": {**axis, "title": {"text": AXES[side][0], "standoff": 8}},
            "yaxis": {**axis, "title": {"text": AXES[side][1], "standoff": 8}},
            "margin": {"l": 50, "r": 12, "t": 8, "b": 44},
            "height": 300,
            "showlegend": False,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
        },
    }
