"""Figures as Plotly reads them in a browser: plain dictionaries. The page fills in what depends on light or dark."""

from typing import Any

import numpy as np

from .figures import (
    CORRECT,
    REFERENCE,
    WRONG,
    BarFigure,
    Curve,
    HistogramFigure,
    LineFigure,
    Panel,
    colour,
    percentages,
)


def lines(figure: LineFigure) -> dict[str, Any]:
    """Lines over a band."""
    lower, upper = figure.band.lower, figure.band.upper
    traces = [
        _line(lower, {"color": REFERENCE, "width": 1.5, "dash": "dot"}),
        _line(upper, {"color": REFERENCE, "width": 1.5, "dash": "dash"})
        | {"fill": "tonexty", "fillcolor": "rgba(138,145,156,0.10)"},
        # The first on top: where several curves run along zero, the clean one is seen.
        *(
            _line(curve, {"color": colour(curve.role, curve.strength), "width": 2.5})
            | {"zorder": len(figure.curves) - at}
            for at, curve in enumerate(figure.curves)
        ),
    ]
    layout = _layout(figure.x_title, figure.y_title)
    layout["xaxis"] |= {"range": [0, 100]}
    layout["yaxis"] |= {"range": [0, 102]}
    return {"data": traces, "layout": layout | {"hovermode": "x"}}


def _line(curve: Curve, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": curve.name,
        "x": _short(curve.x),
        "y": _short(curve.y),
        "line": line,
        "hovertemplate": "%{y:.1f} % wrong",
    }


def histograms(figure: HistogramFigure) -> list[dict[str, Any]]:
    """One figure per panel, on the same axes."""
    return [_histogram(figure, panel) for panel in figure.panels]


def _histogram(figure: HistogramFigure, panel: Panel) -> dict[str, Any]:
    top = figure.top
    centres = (panel.edges[:-1] + panel.edges[1:]) / 2
    width = float(panel.edges[1] - panel.edges[0])
    ranges = [f"{low:g} to {high:g} %" for low, high in zip(panel.edges[:-1], panel.edges[1:], strict=True)]
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": _short(centres),
            "y": _short(sign * percentages(counts)),
            "width": width * 0.92,
            "marker": {"color": shade},
            "customdata": [[int(count), span] for count, span in zip(counts, ranges, strict=True)],
            "hovertemplate": f"%{{customdata[0]}} {name} images at %{{customdata[1]}}<extra></extra>",
        }
        for name, counts, sign, shade in (("correct", panel.correct, 1, CORRECT), ("wrong", panel.wrong, -1, WRONG))
    ]
    layout = _layout(figure.x_title, figure.y_title)
    step = 25 if top > 50 else 10
    marks = [*range(-int(top // step) * step, int(top) + 1, step)]
    layout["xaxis"] |= {"range": [0, 100], "dtick": 25}
    layout["yaxis"] |= {"range": [-top, top], "tickvals": marks, "ticktext": [str(abs(mark)) for mark in marks]}
    return {"data": traces, "layout": layout | {"barmode": "overlay", "showlegend": False, "height": 300}}


def bars(figure: BarFigure) -> dict[str, Any]:
    """Groups of bars."""
    traces = [
        {
            "type": "bar",
            "name": bar.name,
            "x": list(figure.categories),
            "y": _short(np.array(bar.heights)),
            "marker": {"color": colour(bar.role, 0.5)},
            "text": [f"{height:.1f}" for height in bar.heights],
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": "AURC × 1000: %{y:.2f}",
        }
        for bar in figure.bars
    ]
    layout = _layout(figure.x_title, figure.y_title)
    layout["xaxis"] |= {"type": "category", "showgrid": False}
    layout["yaxis"] |= {"rangemode": "tozero"}
    return {"data": traces, "layout": layout | {"barmode": "group", "bargap": 0.3, "bargroupgap": 0.08, "height": 360}}


def _short(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


def _layout(x_title: str, y_title: str) -> dict[str, Any]:
    axis: dict[str, Any] = {"automargin": True, "zeroline": True, "fixedrange": False, "ticks": ""}
    return {
        "xaxis": axis | {"title": {"text": x_title, "standoff": 12}},
        "yaxis": axis | {"title": {"text": y_title, "standoff": 10}},
        "margin": {"l": 56, "r": 30, "t": 12, "b": 52},
        "height": 440,
        "legend": {
            "traceorder": "normal",
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "xanchor": "left",
        },
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }
