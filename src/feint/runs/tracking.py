"""Runs told to a tracker that somebody has already: MLflow, wherever MLFLOW_TRACKING_URI says it is.

Settings become params, what can be compared becomes metrics, the report and its figures artifacts. A run that is there
already, by its id, is not told twice.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from feint.errors import SpecError, StoreError

from .result import Result
from .store.comparison import flattened
from .store.entry import Entry
from .store.figures import flat

EXPERIMENT: Final = "feint"
_ARTIFACTS = ("report.html", "summary.json", "run.json")
_PARAMS, _METRICS, _LONGEST = 100, 1000, 6000
"""How many MLflow takes at a time, and how long a value may be."""


def check(tracker: str | None) -> None:
    """Before anything is computed: whether there is such a tracker.

    Raises:
        SpecError: it is not installed.
    """
    if tracker is not None and find_spec("mlflow") is None:
        raise SpecError("track: expected MLflow to be installed: pip install 'feint[mlflow]'")


def track(result: Result) -> str:
    """Tell MLflow of a run; the id that it has there.

    Raises:
        StoreError: MLflow did not take it; the run itself is whole.
    """
    library: Any = import_module("mlflow")
    try:
        return _told(library, result)
    except (library.exceptions.MlflowException, OSError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise StoreError(f"{result.folder} is whole, and MLflow did not take it: {reason}") from error


def _told(library: Any, result: Result) -> str:
    client = library.MlflowClient()
    experiment = _experiment(client)
    there = client.search_runs([experiment], f"tags.`feint.run` = '{result.run.id}'", max_results=1)
    if there:
        return str(there[0].info.run_id)
    entry = Entry.read(result.folder)
    row = entry.row
    tags = {"feint.run": result.run.id, "feint.folder": row["folder"], "feint.command": row["command"] or "Python"}
    tags |= {f"feint.{name}": str(row[name]) for name in ("experiment", "victim", "data", "data_hash", "protocol")}
    run = client.create_run(experiment, start_time=1000 * row["created"], run_name=result.run.id, tags=_short(tags))
    id_ = str(run.info.run_id)
    entities, at = library.entities, 1000 * (row["finished"] or row["created"])
    params = [entities.Param(name, each) for name, each in _short(flattened(entry.part("settings"))).items()]
    metrics = [entities.Metric(name, value, at, 0) for name, value in _metrics(entry)]
    for some in _parts(params, _PARAMS):
        client.log_batch(id_, params=some)
    for some in _parts(metrics, _METRICS):
        client.log_batch(id_, metrics=some)
    for name in _ARTIFACTS:
        if (result.folder / name).is_file():
            client.log_artifact(id_, str(result.folder / name))
    if (result.folder / "figures").is_dir():
        client.log_artifacts(id_, str(result.folder / "figures"), "figures")
    client.set_terminated(id_, end_time=at)
    return id_


def _experiment(client: Any) -> str:
    """The one that MLFLOW_EXPERIMENT_NAME names, or feint's; made if it is not there."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _metrics(entry: Entry) -> list[tuple[str, float]]:
    """What can be compared; of an experiment that has none of it, all numbers of its summary."""
    found = [
        (each.name if each.variant == "clean" else f"{each.name} at {each.radius:g}", each) for each in entry.metrics
    ]
    named = [(_name(f"{each.variant} {name}"), each.value) for name, each in found]
    return named or [(_name(name), value) for name, value in dict(flat(entry.summary or {})).items()]


def _name(text: str) -> str:
    """What MLflow takes for a name."""
    return re.sub(r"[^A-Za-z0-9_\-. ]", "_", text)[:250]


def _short(values: Mapping[str, Any]) -> dict[str, str]:
    return {_name(name): str(each)[:_LONGEST] for name, each in values.items()}


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
