"""Figures as PNG, by matplotlib's objects: nothing global is touched, and no window system is asked for."""

import io
import math
from typing import Any

import numpy as np

from .figures import (
    CORRECT,
    REFERENCE,
    WRONG,
    BarFigure,
    HistogramFigure,
    IntervalFigure,
    LineFigure,
    PictureFigure,
    ReliabilityFigure,
    colour,
    percentages,
)

INK, MUTED, GRID = "#1f2430", "#5b6372", "#e3e6eb"


def lines(figure: LineFigure) -> bytes:
    """Lines over a band."""
    page = canvas(8.0, 5.2)
    axes = page.subplots()
    lower, upper = figure.band.lower, figure.band.upper
    grid = np.linspace(0, 100, 400)
    floor, roof = np.interp(grid, lower.x, lower.y), np.interp(grid, upper.x, upper.y)
    axes.fill_between(grid, floor, roof, color=REFERENCE, alpha=0.10, linewidth=0)
    axes.plot(upper.x, upper.y, color=REFERENCE, linewidth=1.2, linestyle="--", label=upper.name)
    for curve in reversed(figure.curves):
        axes.plot(curve.x, curve.y, color=colour(curve.role, curve.strength), linewidth=2.2, label=curve.name)
    axes.plot(lower.x, lower.y, color=REFERENCE, linewidth=1.2, linestyle=":", label=lower.name)
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 102)
    dress(axes, figure.x_title, figure.y_title)
    axes.set_title(figure.title, loc="left", color=INK, fontsize=13, fontweight="bold", pad=12)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, labelcolor=INK, fontsize=10)
    return as_png(page)


def histograms(figure: HistogramFigure) -> bytes:
    """Panels side by side, correct ones upwards, wrong ones downwards."""
    columns = min(len(figure.panels), 4)
    rows = math.ceil(len(figure.panels) / columns)
    page = canvas(max(3.0 * columns, 6.0), 3.2 * rows + 0.6)
    page.get_layout_engine().set(wspace=0.06)
    grid = page.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    top = figure.top
    for place, axes in enumerate(grid.flat):
        if place >= len(figure.panels):
            axes.set_visible(False)
            continue
        panel = figure.panels[place]
        width = panel.edges[1] - panel.edges[0]
        centres = (panel.edges[:-1] + panel.edges[1:]) / 2
        axes.bar(centres, percentages(panel.correct), width * 0.92, color=CORRECT, label="correct")
        axes.bar(centres, -percentages(panel.wrong), width * 0.92, color=WRONG, label="wrong")
        axes.axhline(0, color=MUTED, linewidth=0.8)
        axes.set_xlim(0, 100)
        axes.set_ylim(-top, top)
        below = place + columns >= len(figure.panels)
        dress(axes, figure.x_title if below else "", figure.y_title if place % columns == 0 else "")
        axes.set_xticks([0, 25, 50, 75, 100])
        axes.yaxis.set_major_formatter(_unsigned)
        axes.set_title(panel.title, color=INK, fontsize=10)
    handles, names = grid.flat[0].get_legend_handles_labels()
    page.legend(handles, names, loc="outside upper right", ncols=2, frameon=False, labelcolor=INK, fontsize=10)
    page.suptitle(figure.title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def bars(figure: BarFigure) -> bytes:
    """Groups of bars with their values above."""
    page = canvas(max((0.6 + 0.43 * len(figure.bars)) * len(figure.categories) + 2.0, 6.0), 4.2)
    axes = page.subplots()
    places = np.arange(len(figure.categories))
    width = 0.8 / len(figure.bars)
    for index, bar in enumerate(figure.bars):
        offset = (index - (len(figure.bars) - 1) / 2) * width
        heights = [0.0 if height is None else height for height in bar.heights]
        labels = ["" if height is None else f"{height:.1f}" for height in bar.heights]
        shade = colour(bar.role, bar.strength)
        drawn = axes.bar(places + offset, heights, width * 0.92, color=shade, label=bar.name)
        axes.bar_label(drawn, labels, fontsize=8, color=MUTED, padding=2)
    axes.margins(y=0.12)
    axes.set_xticks(places, figure.categories)
    dress(axes, figure.x_title, figure.y_title)
    axes.grid(axis="x", visible=False)
    page.suptitle(figure.title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    columns = min(len(figure.bars), 4)
    entries = axes.get_legend_handles_labels()
    page.legend(*entries, loc="outside lower right", ncols=columns, frameon=False, labelcolor=INK, fontsize=10)
    return as_png(page)


def reliabilities(figure: ReliabilityFigure) -> bytes:
    """Panels side by side: accuracy above, counts below."""
    columns = min(len(figure.panels), 4)
    rows = math.ceil(len(figure.panels) / columns)
    page = canvas(max(3.0 * columns, 6.0), 3.8 * rows + 0.6)
    page.get_layout_engine().set(wspace=0.06)
    grid = page.subplots(2 * rows, columns, sharex=True, sharey="row", squeeze=False, height_ratios=[3, 1] * rows)
    for place in range(rows * columns):
        row, column = divmod(place, columns)
        above, below = grid[2 * row, column], grid[2 * row + 1, column]
        if place >= len(figure.panels):
            above.set_visible(False)
            below.set_visible(False)
            continue
        panel = figure.panels[place]
        width = 0.92 * (panel.edges[1] - panel.edges[0])
        centres = (panel.edges[:-1] + panel.edges[1:]) / 2
        above.bar(centres, np.nan_to_num(panel.accuracy), width, color=colour(panel.role, panel.strength))
        above.plot([0, 100], [0, 100], color=REFERENCE, linewidth=1.2, linestyle="--")
        below.bar(centres, panel.count, width, color=REFERENCE)
        above.set_ylim(0, 102)
        below.set_ylim(0, 1.05 * figure.most)
        below.set_xlim(0, 100)
        dress(above, "", figure.y_title if column == 0 else "")
        dress(below, figure.x_title, figure.count_title if column == 0 else "")
        below.set_xticks([0, 25, 50, 75, 100])
        above.set_title(panel.title.replace(": ", "\n"), color=INK, fontsize=10)
    page.suptitle(figure.title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def intervals(figure: IntervalFigure) -> bytes:
    """Panels one below the other."""
    page = canvas(8.5, 3.0 * len(figure.panels) + 0.7)
    grid = page.subplots(len(figure.panels), 1, sharex=True, sharey=True, squeeze=False)
    for at, (axes, panel) in enumerate(zip(grid[:, 0], figure.panels, strict=True)):
        for name, chosen, shade in (("correct", panel.correct, CORRECT), ("wrong", ~panel.correct, WRONG)):
            place = panel.place[chosen]
            axes.vlines(place, panel.low[chosen], panel.high[chosen], color=shade, alpha=0.55, linewidth=0.9)
            axes.plot(place, panel.clean[chosen], ".", color=shade, markersize=3, label=name)
        axes.axhline(figure.threshold, color=MUTED, linewidth=1.2, linestyle="--", label="threshold")
        axes.set_xlim(-1, 101)
        axes.set_ylim(-2, 102)
        dress(axes, figure.x_title if at == len(figure.panels) - 1 else "", figure.y_title)
        axes.grid(axis="x", visible=False)
        axes.set_title(panel.title, color=INK, fontsize=10, loc="left")
    handles, names = grid[0, 0].get_legend_handles_labels()
    page.legend(handles, names, loc="outside upper right", ncols=3, frameon=False, labelcolor=INK, fontsize=10)
    page.suptitle(figure.title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def pictures(figure: PictureFigure, most: int = 6) -> bytes:
    """Images in columns: before, what was added, after."""
    shown = figure.pictures[:most]
    page = canvas(max(1.55 * len(shown) + 1.2, 4.0), 6.4)
    grid = page.subplots(3, len(shown), squeeze=False)
    for at, picture in enumerate(shown):
        added = "no change" if picture.magnification is None else f"× {picture.magnification:,.0f}"
        name = picture.prediction if len(picture.prediction) <= 16 else picture.prediction[:15] + "…"
        before = f"{picture.title}\n{name} ({'correct' if picture.correct else 'wrong'})\nconfidence {picture.before}"
        images = (picture.original, picture.perturbation, picture.attacked)
        captions = (before, added, f"confidence {picture.after}")
        for axes, image, caption in zip(grid[:, at], images, captions, strict=True):
            axes.imshow(image, interpolation="nearest")
            axes.set_title(caption, fontsize=9, color=INK if image is not picture.perturbation else MUTED)
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_color(GRID)
    for axes, name in zip(grid[:, 0], ("before", "added, magnified", "after"), strict=True):
        axes.set_ylabel(name, fontsize=10, color=MUTED)
    page.suptitle(figure.title, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def image(pixels: Any, largest: int = 256) -> bytes:
    """One image as PNG, made smaller where it is larger than a page wants."""
    from PIL import Image

    picture = Image.fromarray(pixels)
    if max(picture.size) > largest:
        picture.thumbnail((largest, largest), Image.Resampling.NEAREST)  # mixing pixels would wash the noise out
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def canvas(width: float, height: float) -> Any:
    """An empty page, so many inches wide and high."""
    from matplotlib.figure import Figure

    page: Any = Figure(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")
    return page


def dress(axes: Any, x_title: str, y_title: str) -> None:
    """Titles, ticks and a grid, quietly."""
    axes.set_xlabel(x_title, color=MUTED, fontsize=10)
    axes.set_ylabel(y_title, color=MUTED, fontsize=10)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)


def as_png(page: Any) -> bytes:
    """The page as a file."""
    file = io.BytesIO()
    page.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _unsigned(value: float, _: int) -> str:
    return f"{abs(value):.0f}"
