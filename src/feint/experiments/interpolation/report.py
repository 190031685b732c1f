"""The page of feint interpolate: one HTML file that opens offline, and its figures as PNG."""

from html import escape

import numpy as np

from . import latent_png
from .latent import KINDS, Blended, InterpolationReport, title
from .latent_png import KIND_COLOURS
from .latent_sections import TERMS, Specs, digits, picture, write_page
from .markup import data_uri, plot, section, table
from .plotly_figures import base_layout
from .run_folder import RunFolder
from .sections import facts


def write_interpolation(folder: RunFolder, report: InterpolationReport, headline: str, command: str) -> None:
    """Write ``report.html`` and ``figures/*.png`` of feint interpolate.

    Raises:
        StoreError: one of them cannot be written.
    """
    pictures = {"halves": latent_png.halves(report)}
    pictures |= {f"path_{at}": latent_png.path(report, victim) for at, victim in enumerate(report.victims)}
    specs: Specs = {}
    parts = [
        picture(
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
    write_page(folder, report.title, headline, parts, specs, pictures, TERMS | terms)


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
                "y": digits(np.median(values[measure], axis=0)),
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
