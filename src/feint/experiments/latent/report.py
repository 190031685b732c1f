"""The report of a latent plane: the plane itself, the victims' measures over it, and confident rubbish."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

import numpy as np

from feint.experiments.about import Summary, tabled, told
from feint.experiments.glossary import chosen, title
from feint.experiments.pictures import label
from feint.reports import Block, Column, Details, Figure, Panel, Picture, Pictures, Report, Table, Text, charts
from feint.reports.formats import fixed, measured, percent, write
from feint.runs.run import Run

from .plane import Mapped, Plane, read_mapped, read_plane
from .settings import LatentSettings

REGIONS: Final = {
    "near the data": "#f4f5f7",
    "far, flagged": "#c9ced6",
    "far, confident by entropy alone": charts.ATTACKED[0],
    "far, confident by all": charts.ATTACKED[2],
}
_FIRST: Final = ("predictive_entropy", "mutual_information")


def headline(summary: Summary) -> str:
    """The finding in one sentence."""
    found = {victim["name"]: victim["far_confident"]["both"] for victim in summary["victims"]}
    shares = [f"{name} {100 * share:.0f} %" for name, share in found.items() if share is not None]
    far = f"Far from all data, this much of the latent plane still looks familiar: {', '.join(shares)}."
    return far if shares else "No point of this plane is far from all data."


def report(run: Run, summary: Summary) -> Report:
    """What the plane tells a person."""
    settings: LatentSettings = run.settings
    about, end, usual = run.about, summary["extent"], f"{100 * (1 - settings.flagged):g} %"
    plane = read_plane(run)
    victims = [read_mapped(run, which) for which in range(len(about["victims"]))]
    points = charts.Points(plane.encoded, plane.labels, tuple(about["classes"]))
    rubbish = Pictures("rubbish", "Confident rubbish", _rubbish(run, summary))
    sections = {
        "The plane": _plane(run, plane, points),
        "What the victims make of it": _maps(plane, victims, points),
        "How much of the plane looks familiar": _shares(summary),
        "Confident far away from all data": _confident(plane, victims, summary),
        "Confident rubbish": rubbish if rubbish.items else Text.of("None: every point far from all data is flagged."),
    }
    terms = {
        **chosen("Entropy", "Mutual information"),
        "Far": "Further from the nearest encoded image than "
        f"{100 * settings.far:g} % of the encoded images are from the nearest other.",
        "Confident": f"A measure within the range of {usual} of the images: a detector that "
        f"raises a false alarm for {100 * settings.flagged:g} % of them stays silent.",
    }
    facts = {"plane": f"{settings.side} x {settings.side} points from {write(-end)} to {write(end)}"}
    who = settings.autoencoder.name
    return told(run, summary, headline(summary), sections, of=who, facts=facts, glossary=terms, usual=usual)


def _plane(run: Run, plane: Plane, points: charts.Points) -> tuple[Block, ...]:
    tiles = run.arrays("mosaic")["images"]
    side = round(len(tiles) ** 0.5)
    from_the_top = Picture(tuple(tiles.reshape(side, side, *tiles.shape[1:])[::-1].reshape(tiles.shape)))
    panel = charts.plane(plane.end, points=points, border=(plane.distance, plane.border))
    alt = "Encoded images by class; beyond the dashed line is far from all of them."
    ends = f"From {write(-plane.end)} to {write(plane.end)} in both coordinates."
    decoded = Pictures("mosaic", "Decoded images over the plane", (from_the_top,), ends, "mosaic")
    return (Figure.of("plane", "Encoded images by class", alt, [panel], "Beyond the dashed line is far."), decoded)


def _maps(plane: Plane, victims: Sequence[Mapped], points: charts.Points) -> tuple[Block, ...]:
    """A figure for each measure, all victims in one scale: entropy and information first, the others folded away."""
    names = list(dict.fromkeys(chain.from_iterable(victim.measures for victim in victims)))
    others = tuple(_map(name, plane, victims, None) for name in names if name not in _FIRST)
    rows = [{"victim": victim.name, "accuracy": victim.accuracy} for victim in victims]
    right = "Predictions for the images themselves that are right"
    return (
        *(_map(name, plane, victims, points) for name in names if name in _FIRST),
        *([Details("Other measures", others)] if others else []),
        tabled("accuracy", "victim accuracy", {}, rows, right, terminal=False),
    )


def _map(name: str, plane: Plane, victims: Sequence[Mapped], points: charts.Points | None) -> Figure:
    said, drawn = title(name), [victim for victim in victims if name in victim.measures]
    without = [victim.name for victim in victims if name not in victim.measures]
    values = np.array([victim.measures[name] for victim in drawn])
    span = (min(0.0, float(values.min())), float(values.max()))
    look: dict[str, Any] = {"span": span, "points": points, "border": (plane.distance, plane.border)}
    panels = [charts.heat(each.measures[name], plane.end, name=said, title=each.name, **look) for each in drawn]
    alt = f"{said} over the latent plane, for {', '.join(victim.name for victim in drawn)}."
    caption = f"Not applicable to {', '.join(without)}: a single draw." if without else ""
    return Figure.of(f"map_{name}", f"Over the latent plane: {said}", alt, panels, caption)


def _shares(summary: Summary) -> list[Table]:
    """How much of the plane passes for familiar, by victim and measure."""
    victims = summary["victims"]
    names = dict.fromkeys(name for victim in victims for name in victim["far_confident"] if name != "both")
    measures = {**{name: title(name) for name in names}, "both": "entropy and mutual information"}
    heads = (Column("measure"), *(Column(victim["name"], "%", percent(1)) for victim in victims))

    tables: list[Table] = []
    for where, caption in (("far", "Confident far away from all data"), ("near", "Confident near the data")):
        found = [victim[f"{where}_confident"] for victim in victims]
        rows = tuple((said, *(each.get(name) for each in found)) for name, said in measures.items())
        tables.append(Table(f"{where}_confident", heads, rows, caption, where == "far"))
    return tables


def _confident(plane: Plane, victims: Sequence[Mapped], summary: Summary) -> Figure:
    far, panels = plane.is_far, list[Panel]()
    for victim, found in zip(victims, summary["victims"], strict=True):
        codes = np.sum([far, far & victim.confident["predictive_entropy"], far & victim.confident_by_both], axis=0)
        letters = {_letter(at): (each["x"], each["y"]) for at, each in enumerate(found["rubbish"])}
        share = found["far_confident"]["both"]
        head = victim.name if share is None else f"{victim.name}: {100 * share:.0f} % of the far plane"
        panels.append(charts.regions(codes, REGIONS, plane.end, letters=letters, title=head))
    alt = "Regions of the plane by whether they are far and whether each victim is confident there."
    return Figure.of("confident", "Confident about what is far from all data", alt, panels)


def _rubbish(run: Run, summary: Summary) -> tuple[Picture, ...]:
    cards: list[Picture] = []
    near, small = fixed(2), measured(2)
    for which, (victim, known) in enumerate(zip(summary["victims"], run.about["victims"], strict=True)):
        images = run.arrays("rubbish", str(which))["images"]
        for at, (piece, image) in enumerate(zip(victim["rubbish"], images, strict=True)):
            name, sure = label(known["classes"], piece["prediction"]), percent(1)(piece["confidence"])
            lines = [f"at ({near(piece['x'])}, {near(piece['y'])})", f"{near(piece['distance'])} from any image"]
            lines.append(f"entropy {small(piece['entropy'])} nats")
            lines += [] if piece["information"] is None else [f"information {small(piece['information'])} nats"]
            cards.append(Picture((image,), (), f"{victim['name']} {_letter(at)}: “{name}”, {sure} %", tuple(lines)))
    return tuple(cards)


def _letter(at: int) -> str:
    """Letters, and then numbers: as many as are asked for."""
    return chr(ord("a") + at) if at < 26 else str(at + 1)
