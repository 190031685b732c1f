"""Figures as Plotly reads them in a browser: plain dictionaries. The page fills in what depends on light or dark."""

from typing import Any

from .figures import (
    CORRECT,
    REFERENCE,
    WRONG,
    BarFigure,
    Curve,
    HistogramFigure,
    IntervalFigure,
    IntervalPanel,
    LineFigure,
    Panel,
    ReliabilityFigure,
    ReliabilityPanel,
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
    layout = base_layout(figure.x_title, figure.y_title)
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
    layout = base_layout(figure.x_title, figure.y_title)
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
            "y": [None if height is None else round(height, 3) for height in bar.heights],
            "marker": {"color": colour(bar.role, bar.strength)},
            "text": ["" if height is None else f"{height:.1f}" for height in bar.heights],
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": figure.hover,
        }
        for bar in figure.bars
    ]
    layout = base_layout(figure.x_title, figure.y_title)
    layout["xaxis"] |= {"type": "category", "showgrid": False}
    layout["yaxis"] |= {"rangemode": "tozero"}
    return {"data": traces, "layout": layout | {"barmode": "group", "bargap": 0.3, "bargroupgap": 0.08, "height": 360}}


def reliabilities(figure: ReliabilityFigure) -> list[dict[str, Any]]:
    """One figure per panel, on the same axes: accuracy above, counts below."""
    return [_reliability(figure, panel) for panel in figure.panels]


def _reliability(figure: ReliabilityFigure, panel: ReliabilityPanel) -> dict[str, Any]:
    centres = _short((panel.edges[:-1] + panel.edges[1:]) / 2)
    width = 0.92 * float(panel.edges[1] - panel.edges[0])
    spans = [f"{low:.3g} to {high:.3g} %" for low, high in zip(panel.edges[:-1], panel.edges[1:], strict=True)]
    held = [count > 0 for count in panel.count]
    facts = [
        [span, int(count), round(float(sure), 1)] if count else [span, 0, None]
        for span, count, sure in zip(spans, panel.count, panel.confidence, strict=True)
    ]
    shade = {"color": colour(panel.role, panel.strength)}
    traces = [
        {
            "type": "bar",
            "x": centres,
            "y": [round(float(y), 3) if here else None for y, here in zip(panel.accuracy, held, strict=True)],
            "width": width,
            "marker": shade,
            "customdata": facts,
            "hovertemplate": "%{customdata[1]} images at %{customdata[0]}, %{customdata[2]} % on average:<br>"
            "%{y:.1f} % correct<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 100],
            "y": [0, 100],
            "line": {"color": REFERENCE, "width": 1.5, "dash": "dash"},
            "hoverinfo": "skip",
        },
        {
            "type": "bar",
            "x": centres,
            "y": [int(count) for count in panel.count],
            "yaxis": "y2",
            "width": width,
            "marker": {"color": REFERENCE},
            "customdata": facts,
            "hovertemplate": "%{customdata[1]} images at %{customdata[0]}<extra></extra>",
        },
    ]
    layout = base_layout(figure.x_title, figure.y_title)
    below = base_layout("", figure.count_title)["yaxis"]
    layout["xaxis"] |= {"range": [0, 100], "dtick": 25, "anchor": "y2"}
    layout["yaxis"] |= {"range": [0, 102], "dtick": 25, "domain": [0.32, 1]}
    layout["yaxis2"] = below | {"range": [0, 1.05 * figure.most], "domain": [0, 0.22], "nticks": 3}
    return {"data": traces, "layout": layout | {"barmode": "overlay", "showlegend": False, "height": 360}}


def intervals(figure: IntervalFigure) -> list[dict[str, Any]]:
    """One figure per panel, on the same axes."""
    return [_intervals(figure, panel) for panel in figure.panels]


def _intervals(figure: IntervalFigure, panel: IntervalPanel) -> dict[str, Any]:
    traces: list[dict[str, Any]] = []
    for name, chosen, shade in (("correct", panel.correct, CORRECT), ("wrong", ~panel.correct, WRONG)):
        place, clean, low, high = (
            _short(values[chosen]) for values in (panel.place, panel.clean, panel.low, panel.high)
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for at in place for x in (at, at, None)],
                "y": [y for pair in zip(low, high, strict=True) for y in (*pair, None)],
                "line": {"color": shade, "width": 1.4},
                "opacity": 0.55,
                "hoverinfo": "skip",
            }
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": place,
                "y": clean,
                "marker": {"color": shade, "size": 3.5},
                "customdata": [list(pair) for pair in zip(low, high, strict=True)],
                "hovertemplate": f"{name}: %{{y:.1f}} %, can be moved to anything from %{{customdata[0]:.1f}} to "
                "%{customdata[1]:.1f} %<extra></extra>",
            }
        )
    layout = base_layout(figure.x_title, figure.y_title)
    layout["xaxis"] |= {"range": [-1, 101], "showgrid": False}
    layout["yaxis"] |= {"range": [-2, 102], "dtick": 25}
    line = {"color": REFERENCE, "width": 1.5, "dash": "dash"}
    layout["shapes"] = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": figure.threshold,
            "y1": figure.threshold,
            "line": line,
        }
    ]
    return {"data": traces, "layout": layout | {"showlegend": False, "height": 380}}


def _short(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


def base_layout(x_title: str, y_title: str) -> dict[str, Any]:
    """What all figures have in common."""
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
