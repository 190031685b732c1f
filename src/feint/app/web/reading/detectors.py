"""What a detector's curve in a report is of: which inputs a threshold is tried on there, and by which measure."""

from dataclasses import dataclass, replace
from typing import Any, final

from feint.errors import SpecError
from feint.experiments.detection.records import GREY, Noise
from feint.experiments.glossary import untitled
from feint.experiments.papers.smith_gal.paper import GREY_LEVEL
from feint.reports.charts import stage
from feint.reports.formats import radius
from feint.reports.names import clean
from feint.runs.run import Run

from . import limits


@final
@dataclass(frozen=True)
class Curve:
    """A curve of all thresholds.

    Attributes:
        on: which inputs, as `limits.choices` calls them.
        measure: what is compared with a threshold.
        changed: whether only attacked inputs count whose label changed.
        noise: which kind of noise is among the other inputs.
    """

    on: str
    measure: str
    changed: bool = False
    noise: Noise = "noise"


def curve(run: Run, panel: str, name: str, protocol: str = "") -> Curve:
    """The curve that a panel of a report has under a name; of a paper's table under one of its protocols.

    Raises:
        SpecError: there is none.
    """
    find = {"detect": _of_attacks, "ood": _of_foreign}.get(limits.LIKE.get(run.experiment.name, ""))
    found = find(run, panel, name) if find is not None else None
    if found is None:
        raise SpecError(f"panel: expected one with a detector of this run, got {panel[:60]!r}")
    return replace(found, noise=GREY) if protocol == "as-released" else found


def panels(run: Run) -> list[tuple[str, int, int]]:
    """Of a run on foreign images: each panel's head, its victim, and its set of foreign images, from 1."""
    victims, foreign = limits.victims(run), run.about["foreign"]
    return [
        (clean(f"{victim}, {data}" if len(foreign) > 1 else victim), at, which)
        for at, victim in enumerate(victims)
        for which, data in enumerate(foreign, start=1)
    ]


def _of_attacks(run: Run, panel: str, name: str) -> Curve | None:
    """A panel is an attack on a victim at a radius; a curve is a measure."""
    for on, place in limits.places(run).items():
        head, far = f"{limits.victims(run)[place['victim']]}: {place['attack']}", place["radius"]
        levels = round(far * GREY_LEVEL)  # as a paper's table writes radii
        if panel.startswith((clean(f"{head} {radius(far)}, "), clean(f"{head} {levels}/{GREY_LEVEL}, "))):
            return Curve(on, untitled(name), changed=panel.endswith("(S)"))
    return None


def _of_foreign(run: Run, panel: str, name: str) -> Curve | None:
    """A panel is a set of foreign images before a victim; a curve is those as they come, or attacked at a radius."""
    victims: Any = run.about["victims"]
    for head, at, which in panels(run):
        if panel == head:
            for on, place in limits.places(run).items():
                own = (place["victim"], place["data"]) == (at, which)
                if own and stage(place.get("radius")) == name:
                    return Curve(on, victims[at]["measure"])
    return None
