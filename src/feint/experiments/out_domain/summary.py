"""The summary of a run on foreign inputs, computed from its records."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from feint.experiments.warnings import about_accuracy, about_direction
from feint.runs.run import Run

from .records import DOMAIN
from .scores import TAUS, Rows, entry, in_domain, threshold

Values = Mapping[str, Tensor]


def summarise(run: Run) -> dict[str, Any]:
    """``rows``: one per victim, set of images, attack, radius and judge; the untouched images have radius None."""
    about = run.about
    rows = [row for at in range(len(about["victims"])) for row in of_victim(run, at)]
    return {
        "warnings": list(dict.fromkeys(_warnings(run, rows))),
        "data": about["data"],
        "foreign": about["foreign"],
        "taus": list(TAUS),
        "victims": about["victims"],
        "rows": rows,
    }


def clean(run: Run, judge: int, data: int) -> Rows:
    """What a victim says of untouched images."""
    return Rows(run.table("records").read(victim=judge, judge=judge, data=data, attack=""))


def of_victim(run: Run, at: int) -> Iterator[dict[str, Any]]:
    """The rows of one victim."""
    sets, victims = range(1 + len(run.about["foreign"])), run.about["victims"]
    names = [run.about["data"], *run.about["foreign"]]
    known = {judge: Known.of(run, judge) for judge in (range(len(victims)) if run.settings.across else [at])}
    for data in sets:
        for attack, radius, members in [("", None, "joint"), *_attacks(run, data)]:
            for judge in [at] if attack == "" or members != "joint" else known:
                where = {"victim": at, "judge": judge, "data": data, "attack": attack}
                rows = Rows(run.table("records").read(**where, radius=0.0 if radius is None else radius))
                own = known[judge]
                foreign = own.foreign if data == DOMAIN and attack else None
                yield {
                    "victim": victims[at]["name"],
                    "judge": victims[judge]["name"],
                    "data": names[data],
                    "foreign": data != DOMAIN,
                    "attack": attack,
                    "members": members,
                    "radius": radius,
                    **entry(rows, victims[judge], own.thresholds, None if data == DOMAIN else own.domain, foreign),
                    **(in_domain(rows) if data == DOMAIN else {}),
                }


class Known:
    """What a judge says of untouched images: what attacked ones are held against.

    Args:
        domain: its uncertainties of in-domain images, by measure.
        foreign: those of all foreign images.
    """

    def __init__(self, domain: Values, foreign: Values) -> None:
        self.domain, self.foreign = domain, foreign
        self.thresholds = {name: threshold(values) for name, values in domain.items()}

    @classmethod
    def of(cls, run: Run, judge: int) -> "Known":
        """As the records say."""
        names = run.about["victims"][judge]["measures"]
        sets = [clean(run, judge, data) for data in range(1 + len(run.about["foreign"]))]
        foreign = {name: torch.cat([rows.uncertainty(name) for rows in sets[1:]]) for name in names}
        return cls({name: sets[DOMAIN].uncertainty(name) for name in names}, foreign)


def _attacks(run: Run, data: int) -> list[tuple[str, float, str]]:
    """Who attacks these images, at which radius, and whether the members of an ensemble see the same."""
    goal = "reject" if data == DOMAIN else "accept"
    return [
        (word.title, radius, word.members)
        for word in run.settings.attacks
        if word.goal in (None, goal)
        for radius in word.radii
    ]


def _warnings(run: Run, rows: list[dict[str, Any]]) -> Iterator[str]:
    yield from run.about["warnings"]
    classes, several = len(run.about["classes"]), len(run.about["victims"]) > 1
    for at, victim in enumerate(run.about["victims"]):
        found = clean(run, at, DOMAIN)
        wrong = int((found["prediction"] != found["label"]).sum())
        present = len(np.unique(found["label"]))
        name = victim["name"] if several else ""
        yield from about_accuracy(len(found), wrong, classes, present, name)
        attacked = [row for row in rows if row["radius"] is not None and row["victim"] == victim["name"]]
        if attacked:
            worst = max(attacked, key=lambda row: row["directionless"] / row["images"])
            where = f"{worst['data']}, {worst['attack']} at {worst['radius']:g}"
            yield from about_direction({f"{name}, {where}" if name else where: worst["directionless"]}, worst["images"])
