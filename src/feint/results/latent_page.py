"""The page of feint latent: one HTML file that opens offline, and its figures as PNG."""

from html import escape
from typing import Any

import numpy as np

from . import latent_png
from .latent import LatentReport, Mapped, thinned, title
from .latent_png import CLASSES
from .latent_sections import TERMS, Specs, picture, write_page
from .markup import data_uri, plot, section, table
from .plotly_figures import base_layout
from .png_figures import image as as_picture
from .run_folder import RunFolder
from .sections import facts
from .tables import percent

_POINTS = 1500  # on top of a map that a browser draws


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
        picture(
            "The plane",
            "The autoencoder has learnt to write every image as a point of a plane, and to paint an image for every "
            "point. Left where the images lie; right what is painted at each place.",
            pictures["plane"],
            "Encoded images by class, and decoded images over the plane.",
        ),
        *(_map(report, victim, specs, pictures["maps"]) for victim in report.victims),
        _shares(report),
        picture(
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
    write_page(folder, report.title, headline, parts, specs, pictures, TERMS | terms)


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
