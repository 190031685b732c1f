"""The rows of a table of the paper, from the summaries of its attacks."""

from collections.abc import Iterator, Mapping
from typing import Any

from feint.runs.run import Run

from .beside import papers
from .paper import RELEASE

NAMES = (
    "images", "entropy", "reject", "reject_kernel", "reject_normalised", "rejected_at_5", "auroc", "aupr", "fpr95",
    "accuracy", "nll", "brier",
)  # fmt: skip
TAU = 0.9


def summarise(run: Run) -> dict[str, Any]:
    """``rows``: one per estimator, direction, attack and radius, with the paper's beside; and what differs from it."""
    children, name = run.children, run.experiment.name
    rows: list[dict[str, Any]] = []
    warnings: list[str] = []
    for about in run.about["rows"]:
        found = children[f"attack-{about['row']}"]
        rows += rows_of(name, about, found)
        warnings += [f"{about['title']}: {told}" for told in found["warnings"]]
    settings = run.settings
    here = (
        f"here {settings.network.name} on {run.about['data']} against {', '.join(run.about['foreign'])}, "
        f"{settings.images} images of each, ensembles of {settings.members}, {settings.epochs} "
        f"epoch{'s' * (settings.epochs != 1)}, "
        f"recipe {settings.recipe}, one seed"
    )
    return {
        "warnings": warnings,
        "experiment": name,
        "differences": f"the paper has ensembles of 10, 80 epochs, {_domains(name)}; {here}",
        "release": list(RELEASE),
        "victims": [_victim(about, children) for about in run.about["rows"]],
        "rows": rows,
    }


def _domains(name: str) -> str:
    return "LeNet on MNIST against notMNIST" if name == "out-domain-mnist" else "ResNet-18 on CIFAR-10 against SVHN"


def _victim(about: Mapping[str, Any], children: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A row's victim: accuracy on all test images, and seconds an epoch, where it was trained here."""
    trained = children[about["trained"]] if about["trained"] else None
    own = about["row"] != "single" or about["members"] > 1 or about["trained"] is None
    accuracy = about["card_accuracy"] if trained is None else trained["accuracy"] if own else None
    names = ("row", "title", "members", "epochs", "mean_field")
    return {
        **{name: about[name] for name in names},
        "accuracy": accuracy,
        "seconds_an_epoch": None if trained is None else trained["seconds_an_epoch"],
        "estimator": children[f"attack-{about['row']}"]["victims"][0]["estimator"],
    }


def rows_of(experiment: str, about: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one estimator: foreign images clean and attacked, then in-domain ones.

    ``reject`` is the reject rate at a confidence of 0.9, ``auroc_clean`` the AUROC of the untouched images of that set,
    ``domain_reject`` the reject rate of the untouched in-domain images, beside which a reject rate is to be read.
    """
    at = found["taus"].index(TAU)
    clean = {row["data"]: row for row in found["rows"] if row["radius"] is None}
    domain = next(row for row in clean.values() if not row["foreign"])
    for row in sorted(found["rows"], key=lambda row: not row["foreign"]):
        told = {name: row.get(name) for name in NAMES}
        for name in ("reject", "reject_kernel", "reject_normalised"):
            told[name] = None if told[name] is None else told[name][at]
        yield {
            "row": about["row"],
            "victim": about["title"],
            "mean_field": about["mean_field"],
            "direction": "accept" if row["foreign"] else "reject",
            "data": row["data"],
            "attack": row["attack"],
            "members": row["members"],
            "radius": row["radius"],
            **told,
            "auroc_clean": clean[row["data"]]["auroc"],
            "domain_reject": domain["reject"][at],
            "rates": row["reject"],
            "paper": papers(experiment, about["row"], row["attack"], row["radius"]) if row["foreign"] else None,
        }
