"""The report of a latent plane: the plane itself, the victims' measures over it, and confident rubbish."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

from feint.experiments.terms import TERMS, title
from feint.reports import (
    Block,
    Column,
    Command,
    Details,
    Facts,
    Figure,
    Mark,
    Picture,
    Pictures,
    Report,
    Section,
    Table,
    Text,
    charts,
    formats,
)
from feint.runs.run import Run

from .plane import Mapped, Plane, read_mapped, read_plane
from .settings import LatentSettings

REGIONS: Final = ("#f4f5f7", "#c9ced6", charts.ATTACKED[0], charts.ATTACKED[2])
_KINDS: Final = ("near the data", "far, flagged", "far, confident by entropy alone", "far, confident by all")
_FIRST: Final = ("predictive_entropy", "mutual_information")


def headline(summary: Mapping[str, Any]) -> str:
    """The finding in one sentence."""
    shares = [
        f"{victim['name']} {100 * victim['far_confident']['both']:.0f} %"
        for victim in summary["victims"]
        if victim["far_confident"]["both"] is not None
    ]
    if not shares:
        return "No point of this plane is far from all data."
    return f"Far from all data, this much of the latent plane still looks familiar: {', '.join(shares)}."


def report(run: Run, summary: Mapping[str, Any]) -> Report:
    """What the plane tells a person."""
    settings: LatentSettings = run.settings
    plane = read_plane(run)
    victims = [read_mapped(run, which) for which in range(len(run.about["victims"]))]
    points = charts.Points(plane.encoded, plane.labels, tuple(run.about["classes"]))
    usual = f"{100 * (1 - settings.flagged):g} %"
    return Report(
        title=f"feint latent: {settings.autoencoder.name} on {run.about['data']}",
        headline=headline(summary),
        sections=(
            Section("The plane", _plane(run, plane, points)),
            Section("What the victims make of it", _maps(plane, victims, points)),
            Section("How much of the plane looks familiar", _shares(summary, usual)),
            Section("Confident far away from all data", _confident(plane, victims, summary, usual)),
            Section("Confident rubbish", _rubbish(run, summary)),
            Section("How it was made", _made(run, summary, settings)),
        ),
        glossary={
            **TERMS,
            "Far": "Further from the nearest encoded image than "
            f"{100 * settings.far:g} % of the encoded images are from the nearest other.",
            "Confident": f"A measure within the range of {usual} of the images: a detector that "
            f"raises a false alarm for {100 * settings.flagged:g} % of them stays silent.",
        },
    )


def _plane(run: Run, plane: Plane, points: charts.Points) -> tuple[Block, ...]:
    tiles = run.arrays("mosaic")["images"]
    side = round(len(tiles) ** 0.5)
    from_the_top = tiles.reshape(side, side, *tiles.shape[1:])[::-1].reshape(tiles.shape)
    border = (plane.distance, plane.border)
    panel = charts.encoded(points, plane.end, border=border)
    alt = "Encoded images by class; beyond the dashed line is far from all of them."
    return (
        Text.of(
            "The autoencoder has learnt to write every image as a point of a plane, and to paint an image for every "
            "point. First where the images lie, then what is painted at each place."
        ),
        Figure("plane", "Encoded images by class", alt, (panel,), "Beyond the dashed line is far.", points.legend),
        Pictures(
            "mosaic",
            "Decoded images over the plane",
            (Picture(tuple(from_the_top)),),
            f"From {-plane.end:g} to {plane.end:g} in both coordinates.",
            layout="mosaic",
        ),
    )


def _maps(plane: Plane, victims: Sequence[Mapped], points: charts.Points) -> tuple[Block, ...]:
    """A figure for each measure, all victims in one scale: entropy and information first, the others folded away."""
    names = list(dict.fromkeys(chain.from_iterable(victim.measures for victim in victims)))
    rows = tuple((victim.name, victim.accuracy) for victim in victims)
    others = tuple(_map(name, plane, victims, None) for name in names if name not in _FIRST)
    return (
        Text.of("The darker, the more uncertain. Dots are the images, in the colours of their classes."),
        *(_map(name, plane, victims, points) for name in names if name in _FIRST),
        *([Details("Other measures", others)] if others else []),
        Table(
            "accuracy",
            (Column("victim"), Column("accuracy", format=formats.percent(2))),
            rows,
            caption="Predictions for the images themselves that are right",
        ),
    )


def _map(name: str, plane: Plane, victims: Sequence[Mapped], points: charts.Points | None) -> Figure:
    drawn = [victim for victim in victims if name in victim.measures]
    without = [victim.name for victim in victims if name not in victim.measures]
    top = max(float(victim.measures[name].max()) for victim in drawn)
    panels = tuple(
        charts.heat(
            victim.measures[name],
            plane.end,
            name=title(name),
            top=top,
            points=points,
            border=(plane.distance, plane.border),
            title=victim.name,
        )
        for victim in drawn
    )
    lowest = min(0.0, *(float(victim.measures[name].min()) for victim in drawn))
    ramp = charts.sequential_ramp(title(name), formats.write(lowest), formats.write(top))
    return Figure(
        f"map_{name}",
        f"Over the latent plane: {title(name)}",
        f"{title(name)} over the latent plane, for {', '.join(victim.name for victim in drawn)}.",
        panels,
        f"Not applicable to {', '.join(without)}: a single draw." if without else "",
        (ramp, *(points.legend if points else ())),
    )


def _shares(summary: Mapping[str, Any], usual: str) -> tuple[Block, ...]:
    """How much of the plane passes for familiar, by victim and measure."""
    victims = summary["victims"]
    names = [*dict.fromkeys(name for victim in victims for name in victim["far_confident"] if name != "both"), "both"]
    heads = (Column("measure"), *(Column(victim["name"], "%", formats.percent(1)) for victim in victims))

    def table(where: str, name: str, caption: str, *, terminal: bool = False) -> Table:
        rows = tuple(
            (
                "entropy and mutual information" if name == "both" else title(name),
                *(victim[where].get(name) for victim in victims),
            )
            for name in names
        )
        return Table(name, heads, rows, caption, terminal)

    return (
        Text.of(
            f"The share of points where the victim is as confident as with {usual} of the images. Far from all data it "
            "should be 0; near them it need not be 100, for between two classes doubt is right."
        ),
        table("far_confident", "far_confident", "Confident far away from all data", terminal=True),
        table("near_confident", "near_confident", "Confident near the data"),
    )


def _confident(plane: Plane, victims: Sequence[Mapped], summary: Mapping[str, Any], usual: str) -> tuple[Block, ...]:
    far = plane.is_far
    panels = tuple(
        charts.regions(
            np.sum([far, far & victim.confident["predictive_entropy"], far & victim.confident_by_both], axis=0),
            REGIONS,
            plane.end,
            letters=[charts.Letter(_letter(at), each["x"], each["y"]) for at, each in enumerate(found["rubbish"])],
            title=_far_share(found),
        )
        for victim, found in zip(victims, summary["victims"], strict=True)
    )
    marks = tuple(Mark(name, shade) for name, shade in zip(_KINDS, REGIONS, strict=True))
    alt = "Regions of the plane by whether they are far and whether each victim is confident there."
    return (
        Text.of(
            "Coloured: points further from any image than images are from each other, which the victim finds as "
            f"familiar as {usual} of real images. Letters are the images below."
        ),
        Figure("confident", "Confident about what is far from all data", alt, panels, legend=marks),
    )


def _far_share(victim: Mapping[str, Any]) -> str:
    share = victim["far_confident"]["both"]
    return victim["name"] if share is None else f"{victim['name']}: {100 * share:.0f} % of the far plane"


def _rubbish(run: Run, summary: Mapping[str, Any]) -> tuple[Block, ...]:
    cards: list[Picture] = []
    for which, (victim, known) in enumerate(zip(summary["victims"], run.about["victims"], strict=True)):
        images = run.arrays("rubbish", str(which))["images"]
        for at, (piece, image) in enumerate(zip(victim["rubbish"], images, strict=True)):
            name, sure = known["classes"][piece["prediction"]], formats.percent(1)(piece["confidence"])
            lines = (
                f"at ({piece['x']:.2f}, {piece['y']:.2f})",
                f"{piece['distance']:.2f} from any image",
                f"entropy {piece['entropy']:.2g} nats",
                *([] if piece["information"] is None else [f"information {piece['information']:.2g} nats"]),
            )
            cards.append(Picture((image,), (), f"{victim['name']} {_letter(at)}: “{name}”, {sure} %", lines))
    if not cards:
        return (Text.of("None: every point far from all data is flagged."),)
    return (
        Text.of(
            "Decoded points far from all data that the victim is confident about by entropy and, where it has any, by "
            "mutual information: always the one furthest from all images and from those shown before it."
        ),
        Pictures("rubbish", "Confident rubbish", tuple(cards)),
    )


def _letter(at: int) -> str:
    """Letters, and then numbers: as many as are asked for."""
    return chr(ord("a") + at) if at < 26 else str(at + 1)


def _made(run: Run, summary: Mapping[str, Any], settings: LatentSettings) -> tuple[Block, ...]:
    end = summary["extent"]
    facts = {
        "data": f"{run.about['data']}, {summary['images']} images",
        "autoencoder": settings.autoencoder.name,
        "plane": f"{settings.side} x {settings.side} points from {-end:g} to {end:g}",
        "victims": ", ".join(victim["name"] for victim in run.about["victims"]),
        **run.facts,
    }
    return Facts(facts), *([Command(run.command)] if run.command else [])
