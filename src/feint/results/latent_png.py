"""The figures of feint latent, interpolate and spread as PNG."""

from typing import Any, Final

import numpy as np

from .figures import ATTACKED, CLEAN, REFERENCE
from .latent import KINDS, Array, Blended, InterpolationReport, LatentReport, Plane, SpreadReport, thinned, title
from .png_figures import GRID, INK, MUTED, as_png, canvas, dress
from .tables import percent

# Ten classes told apart by hue; more start over.
CLASSES: Final = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#6b6b6b", "#bcbd22", "#17becf"),
)
KIND_COLOURS: Final = {"latent": CLEAN, "pixel": ATTACKED[1], "reconstruction": ATTACKED[0]}
REGIONS: Final = ("#f4f5f7", "#c9ced6", ATTACKED[0], ATTACKED[2])
_MOST = 3000  # points on top of a map


def plane(report: LatentReport) -> bytes:
    """The encoded images by class, and what the decoder makes of the plane."""
    found = report.plane
    page = canvas(11.6, 5.4)
    left, right = page.subplots(1, 2)
    _encoded(left, found, size=3.0)
    _square(left, found)
    _border(left, found)
    side = round(len(found.mosaic) ** 0.5)
    height, width, channels = found.mosaic.shape[1:]
    tiles = found.mosaic.reshape(side, side, height, width, channels)[::-1]
    picture = tiles.transpose(0, 2, 1, 3, 4).reshape(side * height, side * width, channels)
    end = float(found.axis[-1]) * (1 + 1 / (side - 1))
    right.imshow(np.repeat(picture, 3, axis=2) if channels == 1 else picture, extent=(-end, end, -end, end))
    right.set_title("decoded", color=INK, fontsize=10)
    left.set_title("encoded images by class; beyond the dashed line is far from all of them", color=INK, fontsize=10)
    for axes in (left, right):
        dress(axes, "first latent coordinate", "second latent coordinate" if axes is left else "")
        axes.grid(visible=False)
    handles, names = left.get_legend_handles_labels()
    page.legend(handles, names, loc="outside right center", frameon=False, labelcolor=INK, fontsize=9, markerscale=4)
    page.suptitle("The latent plane", x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def maps(report: LatentReport, measures: tuple[str, ...]) -> bytes:
    """Measures in rows, victims in columns: the darker, the more uncertain; encoded images on top."""
    shown = [name for name in measures if name in report.measures]
    columns = len(report.victims)
    page = canvas(3.6 * columns + 1.5, 3.5 * len(shown) + 0.7)
    grid = page.subplots(len(shown), columns, squeeze=False, sharex=True, sharey=True)
    end = float(report.plane.axis[-1])
    for row, name in zip(grid, shown, strict=True):
        found = [victim.measures[name] for victim in report.victims if name in victim.measures]
        top = max(float(values.max()) for values in found)
        drawn = None
        for axes, victim in zip(row, report.victims, strict=True):
            if name in victim.measures:
                drawn = axes.imshow(
                    victim.measures[name], origin="lower", extent=(-end, end, -end, end), cmap="Greys", vmin=0, vmax=top
                )
                _encoded(axes, report.plane, size=0.8)
                _border(axes, report.plane)
            else:
                axes.text(
                    0.5, 0.5, "not applicable:\na single draw", ha="center", va="center", transform=axes.transAxes
                )
            axes.set_title(f"{victim.name}: {title(name)}", color=INK, fontsize=10)
            dress(axes, "", "")
            axes.grid(visible=False)
            _square(axes, report.plane)
        if drawn is not None:
            bar = page.colorbar(drawn, ax=list(row), fraction=0.03, pad=0.015)
            bar.outline.set_visible(False)
            bar.ax.tick_params(colors=MUTED, labelsize=9, length=0)
    handles, names = grid[0, 0].get_legend_handles_labels()
    page.legend(
        handles, names, loc="outside lower center", ncols=10, frameon=False, labelcolor=INK, fontsize=9, markerscale=8
    )
    head = "Uncertainty over the latent plane: the darker, the more uncertain"
    page.suptitle(head, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def confident(report: LatentReport) -> bytes:
    """Where each victim is confident though all data are far away."""
    from matplotlib.colors import ListedColormap

    page = canvas(3.6 * len(report.victims) + 0.6, 4.5)
    row = page.subplots(1, len(report.victims), squeeze=False, sharex=True, sharey=True)[0]
    end = float(report.plane.axis[-1])
    far = report.plane.is_far
    for axes, victim in zip(row, report.victims, strict=True):
        region = sum(
            part.astype(np.int64)
            for part in (far, far & victim.confident["predictive_entropy"], far & victim.confident_by_both)
        )
        colours = ListedColormap(list(REGIONS))
        axes.imshow(region, origin="lower", extent=(-end, end, -end, end), cmap=colours, vmin=-0.5, vmax=3.5)
        share = victim.shares(far)["both"]
        said = "" if share is None else f": {100 * share:.0f} % of the far plane"
        axes.set_title(f"{victim.name}{said}", color=INK, fontsize=10)
        for at, piece in enumerate(victim.rubbish):
            inside = [float(np.clip(place, -0.96 * end, 0.96 * end)) for place in (piece.x, piece.y)]
            axes.text(*inside, chr(ord("a") + at), ha="center", va="center", fontsize=10, color="white", weight="bold")
        dress(axes, "", "")
        axes.grid(visible=False)
    names = ("near the data", "far, flagged", "far, confident by entropy alone", "far, confident by all")
    handles = [_patch(shade) for shade in REGIONS]
    page.legend(handles, names, loc="outside lower center", ncols=4, frameon=False, labelcolor=INK, fontsize=9)
    head = "Confident about what is far from all data"
    page.suptitle(head, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def rubbish(report: LatentReport) -> bytes:
    """Decoded points far from all data that each victim is confident about."""
    columns = max((len(victim.rubbish) for victim in report.victims), default=0)
    page = canvas(max(1.4 * columns + 1.2, 6.0), 2.05 * len(report.victims) + 0.6)
    grid = page.subplots(len(report.victims), max(columns, 1), squeeze=False)
    for row, victim in zip(grid, report.victims, strict=True):
        for axes in row:
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
        for at, (axes, piece) in enumerate(zip(row, victim.rubbish, strict=False)):
            _image(axes, piece.image)
            name = report.plane.classes[piece.prediction]
            information = "" if piece.information is None else f"\nI {piece.information:.1g}"
            says = f"{chr(ord('a') + at)}: “{name}” {percent(piece.confidence)} %\nH {piece.entropy:.1g}{information}"
            axes.set_title(says, fontsize=8, color=INK)
        row[0].set_ylabel(victim.name, fontsize=10, color=MUTED)
        if not victim.rubbish:
            row[0].text(0.5, 0.5, "none", ha="center", va="center", color=MUTED, transform=row[0].transAxes)
    head = "Confident rubbish: entropy H and mutual information I in nats"
    page.suptitle(head, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def path(report: InterpolationReport, victim: Blended) -> bytes:
    """One pair blended in each way, and the measures along the way for many."""
    measures = [name for name in ("predictive_entropy", "mutual_information") if name in victim.paths["latent"]]
    page = canvas(5.6 * max(len(measures), 2), 1.05 * len(report.strips) + 4.2)
    above, below = page.subfigures(2, 1, height_ratios=[1.05 * len(report.strips) + 0.4, 3.8])
    grid = above.subplots(len(report.strips), len(report.steps), squeeze=False)
    for row, (kind, images) in zip(grid, report.strips.items(), strict=True):
        for axes, image in zip(row, images, strict=True):
            _image(axes, image)
        label = KINDS[kind].replace(" of the ", "\nof the ")
        row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9, color=KIND_COLOURS[kind])
    for axes, name in zip(below.subplots(1, len(measures), squeeze=False)[0], measures, strict=True):
        for kind in report.strips:
            values, shade = victim.paths[kind][name], KIND_COLOURS[kind]
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
            axes.fill_between(report.steps, low, high, color=shade, alpha=0.13, linewidth=0)
            axes.plot(report.steps, middle, color=shade, linewidth=2.2, label=KINDS[kind])
        dress(axes, "way from the first image to the second", f"{title(name)} (nats)")
        axes.set_xlim(0, 1)
        axes.set_ylim(bottom=0)
    handles, names = below.axes[0].get_legend_handles_labels()
    below.legend(handles, names, loc="outside lower center", ncols=3, frameon=False, labelcolor=INK, fontsize=10)
    pairs = len(victim.paths["latent"][measures[0]])
    head = f"{victim.name}: between two images (median and quartiles of {pairs} pairs)"
    page.suptitle(head, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def halves(report: InterpolationReport) -> bytes:
    """Histograms of the measures half-way: victims in rows, entropy and mutual information in columns."""
    measures = ("predictive_entropy", "mutual_information")
    page = canvas(11.0, 2.5 * len(report.victims) + 1.0)
    grid = page.subplots(len(report.victims), 2, squeeze=False)
    for row, victim in zip(grid, report.victims, strict=True):
        for axes, name in zip(row, measures, strict=True):
            if name not in victim.halves["latent"]:
                axes.set_axis_off()
                axes.text(0.5, 0.5, "not applicable: a single draw", ha="center", color=MUTED, transform=axes.transAxes)
                continue
            found = {kind: victim.halves[kind][name] for kind in KINDS}
            edges = np.linspace(0, max(float(np.quantile(values, 0.999)) for values in found.values()), 50)
            for kind, values in found.items():
                shade, filled = KIND_COLOURS[kind], kind != "reconstruction"
                weights = np.full(len(values), 100 / len(values))
                style: dict[str, Any] = {"alpha": 0.5} if filled else {"histtype": "step", "linewidth": 1.6}
                axes.hist(values.clip(max=edges[-1]), edges, weights=weights, color=shade, label=KINDS[kind], **style)
            low, estimate, high = victim.detection["pixel"][name]
            says = f"{victim.name}: AUROC {estimate:.3f} ({low:.3f} to {high:.3f})"
            axes.set_title(says, color=INK, fontsize=10)
            bottom = victim is report.victims[-1]
            dress(axes, f"{title(name)} (nats)" if bottom else "", "% of pairs" if axes is row[0] else "")
    labelled = next(axes for axes in grid.flat if axes.get_legend_handles_labels()[1])
    handles, names = labelled.get_legend_handles_labels()
    page.legend(handles, names, loc="outside lower center", ncols=3, frameon=False, labelcolor=INK, fontsize=10)
    head = f"Half-way between {report.pairs:,} pairs of different classes: entropy left, mutual information right"
    page.suptitle(head, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def spread(report: SpreadReport) -> bytes:
    """Both approximations against the mutual information, a panel for each victim and data set."""
    page = canvas(max(5.4 * len(report.spreads), 6.0), 5.4)
    row = page.subplots(1, len(report.spreads), squeeze=False, sharex=True, sharey=True)[0]
    for axes, found in zip(row, report.spreads, strict=True):
        chosen = thinned(len(found.information), 10_000)
        for values, shade, name in (
            (found.variance, ATTACKED[1], "sum of variances"),
            (found.limit, CLEAN, "half the sum of variance / mean"),
        ):
            axes.plot(
                found.information[chosen],
                values[chosen],
                ".",
                color=shade,
                markersize=2.2,
                alpha=0.3,
                label=name,
                markeredgewidth=0,
                rasterized=True,
            )
        ends = [max(float(found.information.min()), 1e-16), float(found.information.max())]
        axes.plot(ends, ends, color=INK, linewidth=1.0, linestyle="--", label="equal")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.minorticks_off()
        dress(axes, "mutual information (nats)", "approximation (nats)" if axes is row[0] else "")
        axes.set_title(f"{found.victim} on {found.data}", color=INK, fontsize=10)
    handles, names = row[0].get_legend_handles_labels()
    legend = page.legend(
        handles, names, loc="outside lower center", ncols=3, frameon=False, labelcolor=INK, fontsize=10, markerscale=6
    )
    for handle in legend.legend_handles:
        handle.set_alpha(1)
    head = "Softmax variance against mutual information, one point per image"
    page.suptitle(head, x=0.01, ha="left", color=INK, fontsize=13, fontweight="bold")
    return as_png(page)


def _encoded(axes: Any, found: Plane, size: float) -> None:
    """The images' places in the colours of their classes."""
    chosen = thinned(len(found.labels), _MOST)
    for label in np.unique(found.labels):
        places = found.encoded[chosen][found.labels[chosen] == label]
        shade = CLASSES[int(label) % len(CLASSES)]
        axes.scatter(
            *places.T, s=size, color=shade, linewidths=0, alpha=0.8, label=found.classes[int(label)], rasterized=True
        )


def _border(axes: Any, found: Plane) -> None:
    """The line beyond which a point is far from all data."""
    if found.is_far.any() and not found.is_far.all():
        axes.contour(
            found.axis, found.axis, found.distance, [found.border], colors=REFERENCE, linewidths=0.9, linestyles="--"
        )


def _square(axes: Any, found: Plane) -> None:
    end = float(found.axis[-1])
    axes.set_xlim(-end, end)
    axes.set_ylim(-end, end)
    axes.set_aspect("equal")


def _image(axes: Any, image: Array) -> None:
    axes.imshow(np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(GRID)


def _patch(shade: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=shade)
