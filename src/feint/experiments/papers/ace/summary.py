"""The rows of a table of the paper on ACE, from the summaries of its audits."""

from collections.abc import Mapping
from typing import Any

from feint.runs.run import Run

PAPER = "the paper's victims are ImageNet classifiers such as MobileNetV2, EfficientNet-B0 and ResNet-50"
KINDS: Mapping[str, str] = {
    "ace-softmax": "",
    "ace-ensemble": ", several of one kind",
    "ace-mc-dropout": ", with dropout",
}
NAMES = ("aurc", "nll", "brier", "accuracy", "kept", "effective_radius", "gradients", "queries")


def summarise(run: Run) -> dict[str, Any]:
    """``rows``: one per victim, setting and radius; and what differs from the paper."""
    blocks, children = run.about["blocks"], run.children
    rows = [row for index, block in enumerate(blocks) for row in rows_of(block, children[f"{index:02d}"])]
    images = children["00"]["images"]
    here = f"{', '.join(run.about['networks'])} on {images} images of {run.settings.data.source}"
    differences = f"{PAPER}{KINDS[run.experiment.name]}; here {here}"
    return {"experiment": run.experiment.name, "differences": differences, "rows": rows}


def rows_of(block: Mapping[str, Any], summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a block: the clean one (radius None), then one per radius.

    A victim that draws is reported as fresh draws judge it, with the figure under the attack's own draws beside.
    """
    rows: list[dict[str, Any]] = []
    for radius, entry in [(None, summary["clean"]), *((row["radius"], row) for row in summary["attacked"])]:
        row = {"victim": block["victim"], "setting": block["title"], "radius": radius, "run": summary["run"]["id"]}
        row |= {name: entry.get(name) for name in NAMES}
        row |= {f"risk_at_{point['value']}": point["risk"] for point in entry["selective_risk"]}
        if "fresh" in entry:
            row |= {"own_draws_aurc": entry["aurc"], "own_draws_kept": entry.get("kept")}
            mean = entry["fresh"]["mean"]
            row |= {name: mean[name] for name in ("aurc", "nll", "brier", "accuracy", "kept")}
            row |= {f"risk_at_{point['value']}": point["risk"] for point in mean["selective_risk"]}
            row["aurc_std"] = entry["fresh"]["std"]["aurc"]
        rows.append(row)
    return rows
