"""The rows of a table of the paper on ACE, from the summaries of its audits."""

from collections.abc import Mapping, Sequence
from typing import Any

from feint.experiments.about import called
from feint.runs.run import Run

from .matching import papers_rows

PAPER = "the paper's victims are ImageNet classifiers such as MobileNetV2, EfficientNet-B0 and ResNet-50"
KINDS: Mapping[str, str] = {
    "ace-softmax": PAPER,
    "ace-ensemble": f"{PAPER}, several of one kind",
    "ace-mc-dropout": f"{PAPER}, with dropout",
    "ace-selectivenet": "the paper's victims are ResNet-18 and VGG-16 with selectors, on CIFAR-10",
}
GRADIENT = "gradients are exact here, and in the released code of a softmax in float32"
NAMES = ("aurc", "nll", "brier", "accuracy", "kept", "effective_radius", "gradients", "queries")


def summarise(run: Run) -> dict[str, Any]:
    """``rows``: one per victim, setting and radius, with the paper's rows of the same; and what differs from it."""
    blocks, children, name = run.about["blocks"], run.children, run.experiment.name
    rows = [row for index, block in enumerate(blocks) for row in rows_of(block, children[f"{index:02d}"])]
    for row in rows:
        row["paper"] = papers_rows(name, row["victim"], row["setting"], row["radius"])
    images = children["00"]["images"]
    here = f"{', '.join(run.about['networks'])} on {images} images of {called(str(run.settings.data.source))}"
    exact = getattr(run.settings, "arithmetic", "exact") == "exact"
    differences = "; ".join((KINDS[name], f"here {here}", *([GRADIENT] if exact else [])))
    warnings = _warnings([(block, children[f"{index:02d}"]) for index, block in enumerate(blocks)])
    found = {"warnings": warnings, "experiment": name, "differences": differences, "rows": rows}
    if "selector" in children["00"]:
        found["calibrated"] = [_calibrated(block, children[f"{index:02d}"]) for index, block in enumerate(blocks)]
    return found


def _warnings(audits: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> list[str]:
    """What the audits warn of, once for each victim: with the settings, where not all of the victim's say so."""
    settings: dict[str, list[str]] = {}
    said: dict[tuple[str, str], list[str]] = {}
    for block, summary in audits:
        settings.setdefault(block["victim"], []).append(block["title"])
        for warning in summary["warnings"]:
            said.setdefault((block["victim"], warning), []).append(block["title"])
    return [
        f"{victim}: {warning}" if titles == settings[victim] else f"{victim}, {', '.join(titles)}: {warning}"
        for (victim, warning), titles in said.items()
    ]


def _calibrated(block: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    """The thresholds that were calibrated to a coverage, one on each half, and what each answers by the other's."""
    names = ("wanted", "calibrated_thresholds", "calibrated_coverages")
    return {"victim": block["victim"], "setting": block["title"], **{each: summary["selector"][each] for each in names}}


def rows_of(block: Mapping[str, Any], summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a block: the clean one (radius None), then one per radius.

    A victim that draws is reported as fresh draws judge it, with the figure under the attack's own draws beside. One
    that selects has ``coverage`` and ``risk`` at g = 0.5, ``selective_risk`` at the clean inputs' coverage, and both at
    the thresholds that were calibrated.
    """
    rows: list[dict[str, Any]] = []
    selector = summary.get("selector")
    selected = [selector["clean"], *selector["attacked"]] if selector else []
    for radius, entry in [(None, summary["clean"]), *((row["radius"], row) for row in summary["attacked"])]:
        row = {"victim": block["victim"], "setting": block["title"], "radius": radius, "run": summary["run"]["id"]}
        row |= {name: entry.get(name) for name in NAMES}
        row |= {f"risk_at_{point['value']}": point["risk"] for point in entry["selective_risk"]}
        if "draws" in entry:
            own = entry["draws"]["own"]
            row |= {"own_draws_aurc": own["aurc"], "own_draws_kept": own.get("kept")}
            row["aurc_std"] = entry["draws"]["std"]["aurc"]
        rows.append(row)
    for row, found in zip(rows, selected, strict=False):
        calibrated = found["calibrated"] or {"coverage": None, "risk": None}
        row |= {name: found[name] for name in ("coverage", "risk", "selective_risk")}
        row |= {f"calibrated_{name}": calibrated[name] for name in ("coverage", "risk")}
    return rows
