"""The runs that a run of a paper's table is made of, and what of them stands behind a bar of its chart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feint.errors import SpecError
from feint.reports.charts import stage
from feint.reports.names import short
from feint.runs.run import Run
from feint.runs.runners.local import read_summary

from . import detectors
from .runs import Reader, opened

REJECTED = 0.9
"""What is less sure than that counts as rejected, in the paper on out-domain attacks."""


def children(kept: Reader, path: Path) -> list[tuple[str, str]]:
    """The runs that one is made of: what each is called there, and its id."""
    run, _ = opened(path)
    return [(name, str(summary["run"]["id"])) for name, summary in run.children.items()]


def child_of(run: Run, where: Mapping[str, Any]) -> tuple[Run, dict[str, Any]] | None:
    """The run that a bar stands for, and what of it; None where a run has its own records.

    Raises:
        FeintError: there is no such bar, or its run is gone.
    """
    if not run.about.keys() & {"blocks", "rows"}:
        return None
    name, said = where.get("name"), str(where.get("kind", ""))
    rows = read_summary(run.path)["rows"]
    if where.get("figure") == "aurc":
        bars = [row for row in rows if short(f"{row['victim']}, {row['setting']}") == name]
        at = int(said.split()[1]) if said.startswith("radius ") else 0
        if at < len(bars):
            far = bars[at]["radius"]
            where = {"correct": False, "ranked": True, **({} if far is None else {"radius": far})}
            return _opened(run, bars[at]["run"]), where
    known = {short(each["title"]): f"attack-{each['row']}" for each in run.about.get("rows", ())}
    if where.get("figure") == "reject" and name in known:
        found = _opened(run, run.children[known[name]]["run"]["id"])
        kind = "foreign" if said == stage(None) else f"foreign, {said}"
        return found, {"panel": detectors.panels(found)[0][0], "kind": kind, "low": 0.0, "high": REJECTED}
    raise SpecError("a mark of this chart stands for a whole run, or for several; they are listed above")


def _opened(run: Run, name: str) -> Run:
    """A run that another one is made of: beside it, or where it was made."""
    told = next(each["run"] for each in run.children.values() if each["run"]["id"] == name)
    places = [run.path.parent / name, Path(str(told["folder"]))]
    place = next((each for each in places if (each / "run.json").is_file()), places[0])
    return opened(place)[0]
