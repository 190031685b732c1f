"""Which records stand behind a mark of a run's chart, as far as `picked` says."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from feint.errors import SpecError
from feint.experiments.audit.figures import promise
from feint.experiments.glossary import title
from feint.experiments.latent.plane import read_plane
from feint.experiments.out_domain.records import DOMAIN
from feint.experiments.spread.approximations import APPROXIMATIONS
from feint.experiments.spread.summary import read_spread
from feint.reports.formats import percent, significant
from feint.reports.names import clean
from feint.runs.run import Run
from feint.runs.runners.local import read_summary
from feint.victims.records import MEASURE

from . import blends, detectors, limits
from .row import AROUND, Row
from .runs import judging

Array = npt.NDArray[Any]
CONFIDENCE: Final = f"{MEASURE}max_probability"


def rows(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """The images that a mark stands for.

    Raises:
        FeintError: the run has no records of single images, or not what the mark says.
    """
    if run.experiment.name == "train":
        raise SpecError("a mark of this chart stands for an epoch of the training, not for single images")
    if "across" in where or "found" in where:
        return _near(run, where)
    if "on" in where:
        return _beyond(run, where)
    known = {"ood": _foreign, "span": _spans, "per-class": _by_class, "latent": _encoded}
    known |= {"spread": _spread, "interpolate": blends.pairs}
    return known.get(run.experiment.name, _judged)(run, where)


def _judged(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Records that say how sure a victim is of each image, clean or attacked: of an audit, or an attack."""
    table = run.table("records")
    names = ("sample", "label", "prediction", CONFIDENCE, "clean_prediction")
    missing = [name for name in (*names, "variant") if name not in table.names]
    if missing:
        raise SpecError(f"records: expected those of single images, got none with {missing[0]}")
    chosen: dict[str, Any] = {"variant": "clean"}
    if "radius" in where:
        radii = [float(each) for each in table.distinct("radius", variant="attacked")]
        chosen |= {"variant": "attacked", "radius": min(radii, key=lambda each: abs(each - where["radius"]))}
    limit = _threshold(run, where["kind"]) if "kind" in where else 0.0
    ranks = [MEASURE + run.settings.measure] if "kind" in where else []
    found = table.read(tuple(dict.fromkeys((*names, *ranks))), repeat=judging(run, **chosen), **chosen)
    sample, label, prediction, doubt, before = (found.column(name).to_numpy() for name in names)
    sure = 1 - doubt
    keep = np.ones(len(sample), dtype=bool)
    if "high" in where:
        keep &= (sure >= where["low"]) & ((sure < where["high"]) | (where["high"] >= 1))
    if "correct" in where:
        keep &= (prediction == label) == where["correct"]
    if where.get("changed"):
        keep &= prediction != before
    if "name" in where:
        keep &= label == _label(run, where["name"])
    if "kind" in where:
        keep &= (found.column(ranks[0]).to_numpy() <= limit) & (prediction != label)
    places = np.flatnonzero(keep)
    if where.get("ranked"):  # what an area under the risk-coverage curve is made of: the surest errors first
        places = places[np.argsort(-sure[places], kind="stable")]
    if "coverage" in where:
        places = _around(np.argsort(-sure, kind="stable"), where["coverage"])
    moved = chosen["variant"] == "attacked"
    return _once(
        Row(image, f"{_said(run, image, guess, share)}; {_is(run, truth)}", moved=moved)
        for image, guess, share, truth in _at(places, sample, prediction, sure, label)
    )


def _threshold(run: Run, called: str) -> float:
    """An audit's threshold, by what its chart calls it; its bars are of the wrong answers that it lets through."""
    for row in read_summary(run.path).get("thresholds", ()):
        if promise(row) == called:
            return float(row["threshold"])
    raise SpecError(f"threshold: expected one of the run's, got {called!r}")


def _spans(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Records of how far a confidence can be moved, in the chart's order: the least certain first."""
    table, names = run.table("records"), ("sample", "label", "prediction", "clean", "low", "high")
    radii = [float(each) for each in table.distinct("radius")]
    radius = min(radii, key=lambda each: abs(each - where.get("radius", radii[-1])))
    found = table.read(names, radius=radius)
    sample, label, prediction, clean, low, high = (found.column(name).to_numpy() for name in names)
    share, places = percent(1), _around(np.argsort(clean, kind="stable"), where.get("place", 0.0))
    return [
        Row(
            image,
            f"{_said(run, image, guess, own)}, which can be moved to {share(least)} and {share(most)} %; "
            f"{_is(run, truth)}",
        )
        for image, guess, own, least, most, truth in _at(places, sample, prediction, clean, low, high, label)
    ]


def _by_class(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Records by class: the clean images of one, the least sure of the truth first."""
    names = [str(each) for each in run.about["victims"]]
    victim = names.index(where["panel"]) if where.get("panel") in names else 0
    columns = ("sample", "label", "prediction", "softmax")
    own = {"victim": victim, "condition": "clean", "label": _label(run, where.get("name", ""))}
    found = run.table("records").read(columns, **own)
    sample, label, prediction, softmax = (found.column(name).to_numpy() for name in columns)
    places = np.argsort(softmax, kind="stable")
    return [
        Row(
            image,
            f"image {image}: {_named(run, guess)}; {_is(run, truth)}, whose mean softmax is {percent(1)(share)} %",
        )
        for image, guess, truth, share in _at(places, sample, prediction, label, softmax)
    ]


def _foreign(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Records of in-domain and foreign images, by their confidence."""
    foreign, panels = run.about["foreign"], detectors.panels(run)
    _, at, which = next((each for each in panels if each[0] == where.get("panel")), panels[0])
    kind = str(where.get("kind", ""))
    data = DOMAIN if kind == "in-domain" else which
    chosen: dict[str, Any] = {"victim": at, "judge": at, "data": data, "attack": ""}
    if radius := re.search(r"radius ([\d.e-]+)", kind):
        word = next(each for each in run.settings.attacks if each.goal in (None, "accept"))
        far = min(word.radii, key=lambda each: abs(each - float(radius[1])))
        chosen |= {"attack": word.title, "radius": far}
    names = ("sample", "prediction", CONFIDENCE)
    found = run.table("records").read(names, **chosen)
    sample, prediction, doubt = (found.column(name).to_numpy() for name in names)
    sure = 1 - doubt
    keep = (sure >= where.get("low", 0.0)) & ((sure < where.get("high", 1.0)) | (where.get("high", 1.0) > 0.999))
    told = "of the own data" if data == DOMAIN else f"of {foreign[data - 1]}"
    return _once(
        Row(image, f"{_said(run, image, guess, share)}; {told}", data, radius is not None)
        for image, guess, share in _at(np.flatnonzero(keep), sample, prediction, sure)
    )


def _encoded(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Images whose codes are nearest to a place of a latent plane."""
    found = read_plane(run)
    samples = np.unique(run.table("images").read(("sample",)).column("sample").to_numpy())  # codes are in their order
    far = np.linalg.norm(found.encoded - np.array([where.get("x", 0.0), where.get("y", 0.0)]), axis=1)
    places = np.argsort(far, kind="stable")[:AROUND]
    return [
        Row(image, f"image {image}: {_is(run, label)}; {significant(2)(away)} away on the plane")
        for image, label, away in _at(places, samples, found.labels, far)
    ]


def spreads(run: Run) -> Iterator[tuple[str, int, int, dict[str, Array]]]:
    """Of a run on softmax variance, each panel's title, its victim, its set of images, and its records."""
    for victim, name in enumerate(run.about["victims"]):
        for which, data in enumerate(run.about["data"]):
            yield f"{name} on {Path(data).name}", victim, which, read_spread(run, victim, which)


def _spread(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Images whose points are nearest to a place, as its logarithmic axes show it."""
    panels = {clean(title): (which, found) for title, _, which, found in spreads(run)}
    which, found = panels.get(clean(str(where.get("panel", ""))), next(iter(panels.values())))
    away = np.full(len(found["sample"]), np.inf)
    for name in APPROXIMATIONS:
        both = np.array([found["information"], found[name]])
        place = np.array([[where.get("x", 1.0)], [where.get("y", 1.0)]])
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.linalg.norm(np.log(both) - np.log(place), axis=0)
        away = np.fmin(away, np.where(np.isfinite(far), far, np.inf))
    near = np.argsort(away, kind="stable")[:AROUND]
    columns = (found[name] for name in ("sample", "label", "prediction", "information", *APPROXIMATIONS))
    write = significant(3)
    return [
        Row(
            image,
            f"image {image}: {_named(run, guess)}; {_is(run, label)}; {title('mutual_information')} "
            f"{write(information)}, sum of variances {write(variance)}, half the sum of variance / mean {write(limit)}",
            which,
        )
        for image, label, guess, information, variance, limit in _at(near, *columns)
    ]


def _beyond(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Inputs whose measure lies in a bin of the histogram on which a threshold is tried, or on one side of that."""
    found = limits.inputs(run, str(where["on"]), str(where.get("measure", "")))
    names = limits.told(run)
    keep = found.marked == (where.get("kind") == names.positive)
    if "high" in where:
        top = np.quantile(found.values, 0.999)  # the last bin takes in everything above it
        last = "low" in where and where["high"] >= top
        keep &= (found.values < where["high"]) | last
    if "low" in where:
        keep &= found.values >= where["low"]
    return _once(_valued(run, found, np.flatnonzero(keep), str(where.get("measure"))))


def _near(run: Run, where: Mapping[str, Any]) -> list[Row]:
    """Inputs nearest to a threshold: that of a place on a curve of all thresholds.

    The place is the share of all that is answered, in an audit; of those that should not be flagged and are; or, where
    it says so, of those that should be and are.
    """
    on, measure = str(where.get("on", "")), str(where.get("measure", ""))
    curve = detectors.Curve(on, measure)
    if not on:
        named = (str(where.get(name, "")) for name in ("panel", "name", "protocol"))
        curve = detectors.curve(run, *named)
    found = limits.inputs(run, curve.on, curve.measure, changed=curve.changed, noise=curve.noise)
    share = min(max(where.get("across", where.get("found", 0.0)), 0.0), 1.0)
    if limits.LIKE.get(run.experiment.name) == "audit":
        limit = np.quantile(found.values, share, method="lower")
    else:
        limit = np.quantile(found.values[found.marked == ("found" in where)], 1 - share, method="lower")
    order = np.argsort(np.abs(found.values - limit), kind="stable")[:AROUND]
    names = limits.told(run)
    return list(_valued(run, found, order, curve.measure, (f", one of {names.negative}", f", one of {names.positive}")))


def _valued(
    run: Run, found: limits.Inputs, places: Array, measure: str, kinds: tuple[str, str] = ("", "")
) -> Iterator[Row]:
    """Inputs with the values that a threshold is compared with, and of which kind each is."""
    columns = (found.samples, found.values, found.labels, found.data, found.moved, found.marked)
    for image, value, truth, data, moved, marked in _at(places, *columns):
        name = f"{title(measure)} {significant(3)(value)}{kinds[marked]}"
        yield Row(image, f"image {image}: {name}; {_is(run, truth)}", data, moved)


def _at(places: Array, *columns: Array) -> Iterator[tuple[Any, ...]]:
    """Values of columns at some places, as Python has numbers."""
    return zip(*(column[places].tolist() for column in columns), strict=True)


def _once(found: Iterator[Row]) -> list[Row]:
    """Each image once: several fresh draws may put one there."""
    kept: dict[tuple[int, int], Row] = {}
    for row in found:
        kept.setdefault((row.data, row.sample), row)
    return list(kept.values())


def _around(order: Array, share: float) -> Array:
    """Those in the middle of which a share of all lies."""
    middle = round(min(max(share, 0.0), 1.0) * len(order))
    start = max(0, min(middle - AROUND // 2, len(order) - AROUND))
    return order[start : start + AROUND]


def _said(run: Run, sample: int, prediction: int, sure: float) -> str:
    return f"image {sample}: {_named(run, prediction)}, {percent(1)(sure)} %"


def _is(run: Run, label: int) -> str:
    return f"it is {_named(run, label)}" if label >= 0 else "foreign"


def _named(run: Run, label: int) -> str:
    classes = run.about.get("classes", [])
    return str(classes[label]) if 0 <= label < len(classes) else str(label)


def _label(run: Run, name: str) -> int:
    names = [str(each) for each in run.about.get("classes", [])]
    return names.index(name) if name in names else -1
