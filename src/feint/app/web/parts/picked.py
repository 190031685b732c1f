"""A mark of a chart that somebody clicked, as words for the images that it stands for; they stand in an address too."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from feint.errors import SpecError
from feint.experiments.glossary import title as measure_title
from feint.reports.charts import stage

NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,20})?(e-\d{1,3})?")
NUMBERS: Final = ("radius", "low", "high", "coverage", "place", "across", "found", "x", "y")
TEXTS: Final = ("figure", "protocol", "focus", "name", "kind", "panel", "on", "measure")
FLAGS: Final = ("correct", "changed")
PLANES: Final = re.compile(r"plane|confident|map_.*")
"""Figures of a latent plane."""


def criteria(title: str, datum: Mapping[str, Any], figure: str = "") -> dict[str, Any]:
    """What a mark of a panel says of the images that it stands for; nothing where it says nothing.

    Of a detector's curve that is where on it somebody clicked: what it flags by mistake in ROC curves, what it finds in
    curves of precision and recall, by the figure's name; of a latent plane and its maps likewise.

    >>> criteria("radius 0.1", {"span": "50 to 55 %", "kind": "wrong"})
    {'radius': 0.1, 'low': 0.5, 'high': 0.55, 'correct': False}
    >>> criteria("digits", {"low": 48, "high": 52, "name": "foreign"})
    {'panel': 'digits', 'low': 0.48, 'high': 0.52, 'kind': 'foreign'}
    >>> criteria("", {"category": "90 % answered", "group": "radius 0.1"}, "thresholds")
    {'radius': 0.1, 'kind': '90 % answered'}
    >>> criteria("digits: fgsm 0.1, all", {"name": "margin", "area": 0.9, "across": 20.0}, "detection-roc")
    {'panel': 'digits: fgsm 0.1, all', 'name': 'margin', 'across': 0.2}
    """
    plane = PLANES.fullmatch(figure) is not None
    if datum.get("ground") and not plane and figure != "spread":
        return {}
    if figure == "per-class" and not datum.get("label"):  # a line through its points
        return {}
    if "area" in datum:
        share, way = datum.get("across"), "across" if "roc" in figure.split("-") else "found"
        if not _is_number(share):
            return {}
        released = {"protocol": "as-released"} if figure.endswith("as-released") else {}
        return {"panel": title, "name": str(datum.get("name", "")), way: round(float(share) / 100, 4), **released}
    places = {way: float(datum[way]) for way in ("x", "y", "low", "high") if _is_number(datum.get(way))}
    called = datum.get("name") or datum.get("series")
    kind = {"kind": str(called)} if called else {}
    if plane:
        return places
    if figure in ("spread", "halves") or re.fullmatch(r"path_\d+", figure):
        return {"figure": figure, "panel": title, **places, **kind} if places else {}
    if figure == "reject-rates":  # what is less sure than was asked for
        return {"panel": title, "kind": f"foreign, {datum.get('series', '')}", "low": 0.0, "high": places.get("x", 0.0)}
    if figure in ("aurc", "reject") and "category" in datum:  # of a paper, whose bars stand for runs
        return {"figure": figure, "name": str(datum["category"]), "kind": str(datum.get("group", ""))}
    found: dict[str, Any] = {}
    said = " ".join(str(datum.get(name, "")) for name in ("group", "series", "stage", "category")) + " " + title
    if radius := re.search(r"radius ([\d.e-]+)", said):
        found["radius"] = float(radius[1])
    if figure == "thresholds":
        return {**found, "kind": str(datum.get("category", ""))}
    if datum.get("kind") in ("correct", "wrong"):
        found["correct"] = datum["kind"] == "correct"
    if span := re.fullmatch(r"([\d.]+) to ([\d.]+) %", str(datum.get("span", ""))):
        correct = {name: found.pop(name) for name in ("correct",) if name in found}
        return {**found, "low": float(span[1]) / 100, "high": float(span[2]) / 100, **correct}
    numbers = {name: float(datum[name]) for name in ("low", "high", "place", "x") if _is_number(datum.get(name))}
    if "place" in numbers:
        return {**found, "place": numbers["place"] / 100}
    if "name" in datum and {"low", "high"} <= numbers.keys():
        ends = {name: numbers[name] / 100 for name in ("low", "high")}
        return {"panel": title, **ends, "kind": str(datum["name"])}
    if datum.get("label"):
        return {"panel": title, "name": str(datum["label"])}
    if "category" in datum:
        changed = {"changed": True} if "success" in said else {}
        return {**found, **(changed if "radius" in found else {"name": str(datum["category"])})}
    if 0 < numbers.get("x", 0.0) <= 100:
        return {**found, "coverage": numbers["x"] / 100}
    return {}


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def where_of(said: Mapping[str, str]) -> dict[str, Any]:
    """The same as it stands in an address; whatever else stands there is left out.

    Raises:
        SpecError: something that is no number where one must be.
    """
    found: dict[str, Any] = {name: said[name] for name in TEXTS if name in said}
    if "kind" not in said or "panel" in said:  # then they say what a threshold is tried on, and no bar was clicked
        found = {name: value for name, value in found.items() if name not in ("on", "measure")}
    found |= {name: said[name] == "True" for name in FLAGS if name in said}
    for name in NUMBERS:
        if name in said:
            if not NUMBER.fullmatch(said[name]):
                raise SpecError(f"{name}: expected a number, got {said[name][:40]!r}")
            found[name] = float(said[name])
    return found


def names(where: Mapping[str, Any]) -> list[str]:
    """What charts call that which was chosen: a stage, a class, a victim, a detector, a kind.

    >>> names({"radius": 0.1, "low": 0.5, "high": 0.55, "correct": False})
    ['radius 0.1', 'wrong']
    >>> names({"coverage": 0.5}), names({"panel": "digits, notmnist", "kind": "foreign, radius 0.1"})
    (['clean'], ['digits, notmnist', 'foreign, radius 0.1', 'radius 0.1'])
    >>> names({"on": "digits: fgsm, radius 0.1", "measure": "predictive_entropy"})
    ['digits: fgsm 0.1', 'entropy', 'radius 0.1']
    >>> names({"on": "clean", "kind": "wrong answers"})
    ['clean', 'wrong answers', 'wrong']
    """
    found = [str(where[name]).replace(", radius ", " ") for name in ("on",) if name in where]
    found += [measure_title(str(where[name])) for name in ("measure",) if name in where]
    found += [str(where[name]) for name in ("panel", "name", "kind", "focus") if where.get(name)]
    if "radius" in where:
        found.append(stage(where["radius"]))
    elif not where.keys() & {"panel", "name", "on", "figure", "x"} and where.keys() & {"low", "coverage", "kind"}:
        found.append(stage(None))
    for said in (where.get("kind", ""), where.get("on", "")):
        found += re.findall(r"radius [\d.e-]+", str(said))
    found += [("wrong", "correct")[where["correct"]]] if "correct" in where else []
    found += re.findall(r"(correct|wrong) answers", str(where.get("kind", "")))
    return list(dict.fromkeys(found))
