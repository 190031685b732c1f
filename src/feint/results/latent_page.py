"""The pages of feint latent, interpolate and spread: one HTML file each that opens offline, and its figures as PNG."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from . import latent_png
from .figures import CLEAN, REFERENCE
from .latent import KINDS, Array, Blended, InterpolationReport, LatentReport, Mapped, SpreadReport, thinned, title
from .latent_png import CLASSES, KIND_COLOURS
from .markup import data_uri, plot, section, table
from .plotly_figures import base_layout
from .png_figures import image as as_picture
from .report import document
from .run_folder import RunFolder
from .sections import facts
from .tables import percent

Specs = dict[str, dict[str, Any]]
_POINTS = 1500  # on top of a map that a browser draws

_TERMS = {
    "Entropy": "Of the mean prediction over the draws, in nats: the total uncertainty, 0 to log C.",
    "Mutual information": "What the draws disagree on, in nats: high where the networks were not told what to say. "
    "A single network without dropout has none.",
}


def write_latent(folder: RunFolder, report: LatentReport, headline: str, command: str) -> None:
    """Write ``report.html`` and ``figures/*.png`` of feint latent.

    Raises:
        StoreError: one of them cannot be written.
    """
    pictures = {
        "plane": latent_png.plane(report),
        "maps": latent_png.maps(report, ("predictive_entropy", "mutual_information")),
        "confident": latent_png.confident(report),
        "rubbish": latent_png.rubbish(report),
        **{f"map_{name}": latent_png.maps(report, (name,)) for name in report.measures},
    }
    specs: Specs = {}
    parts = [
        _picture(
            "The plane",
            "The autoencoder has learnt to write every image as a point of a plane, and to paint an image for every "
            "point. Left where the images lie; right what is painted at each place.",
            pictures["plane"],
            "Encoded images by class, and decoded images over the plane.",
        ),
        *(_map(report, victim, specs, pictures["maps"]) for victim in report.victims),
        _shares(report),
        _picture(
            "Confident far away from all data",
            "Coloured: points further from any image than images are from each other, which the victim finds as "
            f"familiar as {100 * (1 - report.flagged):g} % of real images. Letters are the images below.",
            pictures["confident"],
            "Regions of the plane by confidence.",
        ),
        _rubbish(report),
        facts(report.facts, command),
    ]
    terms = {
        "Far": "Further from the nearest encoded image than "
        f"{100 * report.far:g} % of the encoded images are from the nearest other.",
        "Confident": f"A measure within the range of {100 * (1 - report.flagged):g} % of the images: a detector that "
        f"raises a false alarm for {100 * report.flagged:g} % of them stays silent.",
    }
    _write(folder, report.title, headline, parts, specs, pictures, _TERMS | terms)


def write_interpolation(folder: RunFolder, report: InterpolationReport, headline: str, command: str) -> None:
    """Write ``report.html`` and ``figures/*.png`` of feint interpolate.

    Raises:
        StoreError: one of them cannot be written.
    """
    pictures = {"halves": latent_png.halves(report)}
    pictures |= {f"path_{at}": latent_png.path(report, victim) for at, victim in enumerate(report.victims)}
    specs: Specs = {}
    parts = [
        _picture(
            "Half-way",
            "Both kinds of blend stand between two classes, but a latent blend is an image that the decoder might "
            "well have seen, and a pixel blend is two images on top of each other. A measure that tells them apart has "
            "its histograms apart.",
            pictures["halves"],
            "Histograms of entropy and mutual information half-way.",
        ),
        _detection(report),
        *(
            _path(report, victim, specs, f"path{at}", pictures[f"path_{at}"])
            for at, victim in enumerate(report.victims)
        ),
        facts(report.facts, command),
    ]
    terms = {
        "Latent blend": "Both images encoded, the point between their codes decoded.",
        "Pixel blend": "The mean of the two images, pixel by pixel; of the reconstructions: of what the autoencoder "
        "makes of them, so that both kinds of blend begin and end in the same images.",
        "AUROC": "The chance that a pixel blend has a larger value than a latent one: 1 tells them apart, ½ does not.",
    }
    _write(folder, report.title, headline, parts, specs, pictures, _TERMS | terms)


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
    _write(folder, report.title, headline, parts, specs, pictures, _TERMS | terms)


def _write(
    folder: RunFolder,
    name: str,
    headline: str,
    parts: Sequence[str],
    specs: Specs,
    pictures: Mapping[str, bytes],
    glossary: Mapping[str, str],
) -> None:
    for file, png in pictures.items():
        folder.write_bytes(f"figures/{file}.png", png)
    folder.write_bytes("report.html", document(name, headline, parts, specs, glossary).encode())


def _picture(head: str, read: str, png: bytes, alt: str) -> str:
    return section(
        head, escape(read), f'<figure><img style="max-width:100%" src="{data_uri(png)}" alt="{escape(alt)}"></figure>'
    )


def _map(report: LatentReport, victim: Mapped, specs: Specs, png: bytes) -> str:
    """A victim's measures as heat maps, one at a time, with the images on top."""
    plane, name = report.plane, f"map-{report.victims.index(victim)}"
    measures = list(victim.measures)
    axis = [round(float(value), 3) for value in plane.axis]
    shown = "mutual_information" if "mutual_information" in measures else measures[0]
    traces: list[dict[str, Any]] = [
        {
            "type": "heatmap",
            "name": title(measure),
            "x": axis,
            "y": axis,
            "z": [[float(f"{value:.3g}") for value in row] for row in victim.measures[measure]],
            "colorscale": [[0, "#ffffff"], [1, "#101318"]],
            "zmin": 0,
            "visible": measure == shown,
            "colorbar": {"thickness": 12, "outlinewidth": 0},
            "hovertemplate": f"(%{{x:.2f}}, %{{y:.2f}}): {title(measure)} %{{z}}<extra></extra>",
        }
        for measure in measures
    ]
    chosen = thinned(len(plane.labels), _POINTS)
    classes = np.unique(plane.labels[chosen])
    for label in classes:
        places = plane.encoded[chosen][plane.labels[chosen] == label]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": plane.classes[int(label)],
                "x": [round(float(value), 3) for value in places[:, 0]],
                "y": [round(float(value), 3) for value in places[:, 1]],
                "marker": {"size": 3, "color": CLASSES[int(label) % len(CLASSES)]},
                "hoverinfo": "skip",
            }
        )
    layout = base_layout("first latent coordinate", "second latent coordinate")
    end = float(plane.axis[-1])
    layout["xaxis"] |= {"range": [-end, end], "zeroline": False, "constrain": "domain"}
    layout["yaxis"] |= {"range": [-end, end], "zeroline": False, "scaleanchor": "x", "constrain": "domain"}
    layout["legend"] |= {"itemsizing": "constant"}
    buttons = [
        {
            "label": title(measure),
            "method": "restyle",
            "args": [{"visible": [other == measure for other in measures]}, list(range(len(measures)))],
        }
        for measure in measures
    ]
    menu = {"buttons": buttons, "active": measures.index(shown), "x": 0, "xanchor": "left", "y": 1.16}
    layout |= {
        "height": 640,
        "updatemenus": [menu | {"yanchor": "bottom"}],
        "margin": {"l": 56, "r": 30, "t": 96, "b": 52},
    }
    specs[name] = {"data": traces, "layout": layout}
    alt = f"Measures of {victim.name} over the latent plane."
    return section(
        f"What {escape(victim.name)} makes of it",
        f"The darker, the more uncertain; the menu changes the measure, and a click on a class hides it. "
        f"{percent(victim.accuracy, 2)} % of its predictions for the images themselves are right.",
        f"<figure>{plot(name, alt, png)}</figure>",
    )


def _shares(report: LatentReport) -> str:
    """How much of the far plane passes for familiar, by victim and measure."""
    names = [*report.measures, "both"]
    heads = [("measure", ""), *((victim.name, "far / near, %") for victim in report.victims)]
    columns = [(victim.shares(report.plane.is_far), victim.shares(~report.plane.is_far)) for victim in report.victims]

    def cell(share: float | None) -> str:
        return "–" if share is None else percent(share)

    rows = [
        [
            "entropy and mutual information" if name == "both" else title(name),
            *(f"{cell(far[name])} / {cell(near[name])}" if name in far else "–" for far, near in columns),
        ]
        for name in names
    ]
    return section(
        "How much of the plane looks familiar",
        f"The share of points where the victim is as confident as with {100 * (1 - report.flagged):g} % of the images. "
        "Far from all data it should be 0; near them it need not be 100, for between two classes doubt is right.",
        table("Share of confident points, far from all data and near", heads, rows),
    )


def _rubbish(report: LatentReport) -> str:
    cells: list[str] = []
    for victim in report.victims:
        for at, piece in enumerate(victim.rubbish):
            pixels = (255 * np.repeat(piece.image, 3 if piece.image.shape[2] == 1 else 1, axis=2)).round()
            uri = data_uri(as_picture(pixels.astype(np.uint8)))
            information = "" if piece.information is None else f", information {piece.information:.2g}"
            name = report.plane.classes[piece.prediction]
            cells.append(
                f'<div class="item"><h3>{escape(victim.name)} {chr(ord("a") + at)}: “{escape(name)}”, '
                f'{percent(piece.confidence)} %</h3><div class="triple"><div><img class="small" src="{uri}" '
                f'alt="decoded point ({piece.x:.2f}, {piece.y:.2f})"></div></div>'
                f'<p class="was">at ({piece.x:.2f}, {piece.y:.2f}), {piece.distance:.2f} from any image; '
                f"entropy {piece.entropy:.2g}{information} nats</p></div>"
            )
    if not cells:
        return section("Confident rubbish", "None: every point far from all data is flagged.", "")
    return section(
        "Confident rubbish",
        "Decoded points far from all data that the victim is confident about by entropy and, where it has any, by "
        "mutual information: always the one furthest from all images and from those shown before it.",
        f'<figure class="gallery">{"".join(cells)}</figure>',
    )


def _detection(report: InterpolationReport) -> str:
    """The AUROC of every measure."""

    def cell(interval: tuple[float, float, float]) -> str:
        low, estimate, high = interval
        return f"{estimate:.3f} ({low:.3f}–{high:.3f})"

    kinds = [kind for kind in KINDS if kind != "latent"]
    heads = [("victim", ""), ("measure", ""), *((KINDS[kind], "AUROC, 95 % interval") for kind in kinds)]
    rows: list[list[str]] = []
    for victim in report.victims:
        rows += [
            [victim.name, title(name), *(cell(victim.detection[kind][name]) for kind in kinds)]
            for name in victim.detection[kinds[0]]
        ]
        if victim.advantage:
            rows.append([victim.name, "information − entropy", *(cell(victim.advantage[kind]) for kind in kinds)])
    return section(
        "Which measure tells pixel blends from latent blends?",
        "Each pair gives one blend of each kind; intervals are from pairs drawn with replacement. The last row of a "
        "victim is how much better mutual information does than entropy.",
        table(f"{report.pairs:,} pairs of different classes, blended half-way", heads, rows),
    )


def _path(report: InterpolationReport, victim: Blended, specs: Specs, name: str, png: bytes) -> str:
    """The measures along the way."""
    cells: list[str] = []
    for measure in (m for m in ("predictive_entropy", "mutual_information") if m in victim.paths["latent"]):
        layout = base_layout("way from the first image to the second", f"{title(measure)} (nats)")
        layout["xaxis"] |= {"range": [0, 1]}
        layout["yaxis"] |= {"rangemode": "tozero"}
        traces = [
            {
                "type": "scatter",
                "mode": "lines",
                "name": KINDS[kind],
                "x": [round(float(value), 4) for value in report.steps],
                "y": _digits(np.median(values[measure], axis=0)),
                "line": {"color": KIND_COLOURS[kind], "width": 2.5},
                "hovertemplate": "%{y:.3g} nats",
            }
            for kind, values in victim.paths.items()
        ]
        specs[f"{name}-{measure}"] = {"data": traces, "layout": layout | {"height": 340, "hovermode": "x"}}
        place = plot(f"{name}-{measure}", f"{title(measure)} along the way, {victim.name}")
        cells.append(f"<div><h3>{escape(title(measure))}</h3>{place}</div>")
    picture = f'<img style="max-width:100%" src="{data_uri(png)}" alt="blends of one pair, and measures along the way">'
    return section(
        f"Along the way: {escape(victim.name)}",
        "The picture shows one pair blended step by step; the curves are medians over many pairs.",
        f'<figure>{picture}<div class="panels">{"".join(cells)}</div></figure>',
    )


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
                "x": _digits(found.information[chosen]),
                "y": _digits(values[chosen]),
                "marker": {"size": 3, "color": shade, "opacity": 0.5},
                "hoverinfo": "skip",
            }
            for name, shade, values in (
                ("sum of variances", KIND_COLOURS["pixel"], found.variance),
                ("half the sum of variance / mean", CLEAN, found.limit),
            )
        ]
        ends = _digits(np.array([found.information.min(), found.information.max()]))
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


def _digits(values: Array) -> list[float]:
    return [float(f"{float(value):.4g}") for value in values]
