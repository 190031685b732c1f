"""The Python face: experiments on objects at hand, or on settings.

    feint.audit(network, images, labels, radii=[8 / 255])
    feint.attack(network, loader, attack="pgd:steps=20", radii=[8 / 255])
    feint.audit(AuditSettings(victim="lenet", data="path/to/mnist"))
    feint.run("detect", victims=["lenet"], data="path/to/mnist")

What comes back shows itself in a notebook, and has ``.summary``, ``.records``, ``.figures`` and ``.report``.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from feint import catalog
from feint.app.running import on_devices, runner_of
from feint.data import Dataset
from feint.data.formats.arrays import Arrays
from feint.errors import SpecError
from feint.runs.experiment import Experiment
from feint.runs.result import Result
from feint.runs.runners import local
from feint.runs.settings import RunSettings, near
from feint.runs.things import loaded
from feint.victims.loading.given import Called

RUNS, VICTIMS = local.RUNS, local.VICTIMS


def run(
    experiment: str,
    settings: RunSettings | Mapping[str, Any] | None = None,
    *,
    root: Path | str = RUNS,
    victims: Path | str = VICTIMS,
    fresh: bool = False,
    allow_code: bool = False,
    progress: bool = False,
    runner: str | None = None,
    workers: int | None = None,
    devices: Sequence[str] = (),
    shard: int | None = None,
    **values: Any,
) -> Result:
    """Run any experiment of the catalog.

    Args:
        experiment: its name, such as "audit" or "ace-softmax".
        settings: what is asked; or field by field.
        root: where run folders lie.
        victims: where trained victims lie.
        fresh: forget what an earlier run of the same settings computed.
        allow_code: let programs run that a victim's card names, and exported ones (``.pt2``).
        progress: bars on standard error.
        runner: who computes: "local", "processes" or "ray" (default: processes where there are several workers).
        workers: how many, each with the run's threads.
        devices: a worker on each, such as ["cuda:0", "cuda:1"].
        shard: inputs that are computed at a time, at most.
        **values: fields of the settings.

    Raises:
        FeintError: whatever a user can get wrong, in one line.
    """
    names = {**catalog.EXPERIMENTS, **catalog.PAPERS}
    if experiment not in names:
        raise SpecError(f"experiment: expected one of {', '.join(names)}, got {experiment!r}{near(experiment, names)}")
    found: Experiment[Any] = loaded(names[experiment])
    if isinstance(settings, RunSettings):
        asked = settings.but(**values) if values else settings
    else:
        asked = found.settings.parse({**(settings or {}), **values})
    with closing(runner_of(runner, workers, devices, shard)) as who:
        return local.run(
            found,
            on_devices(asked, devices),
            Path(root),
            victims=Path(victims),
            fresh=fresh,
            allow_code=allow_code,
            progress=progress,
            runner=who,
        )


def audit(victim: Any = None, images: Any = None, labels: Any = None, **values: Any) -> Result:
    """Attack a classifier's confidence without changing a label, and report what that does to it.

    Args:
        victim: a module that maps images in [0, 1] to logits; an estimator; any callable that returns logits or
            probabilities (with a query attack); the name of a trained victim; or ``AuditSettings``.
        images: a tensor, an array, a loader of (images, labels), a ``Dataset``, or what ``data`` takes as a text.
        labels: integers, shape ``(N,)``; None where the images come with them.
        **values: ``classes`` (their names), ``root``, ``progress``, ``fresh``, ``allow_code``, and fields of
            ``AuditSettings``: radii, attack, measure, knowledge, ...

    Raises:
        FeintError: whatever a user can get wrong, in one line.
    """
    return _on("audit", victim, images, labels, values)


def attack(victim: Any = None, images: Any = None, labels: Any = None, **values: Any) -> Result:
    """Attack labels and keep the attacked images; arguments as for ``audit``, and fields of ``AttackSettings``."""
    return _on("attack", victim, images, labels, values)


def detect(victim: Any = None, images: Any = None, labels: Any = None, **values: Any) -> Result:
    """Score measures as detectors of attacks; arguments as for ``audit``, and fields of ``DetectionSettings``.

    Several victims are a list.
    """
    return _on("detect", victim, images, labels, values)


def span(victim: Any = None, images: Any = None, labels: Any = None, **values: Any) -> Result:
    """Find from where to where confidence can be moved; arguments as for ``audit``, and fields of ``SpanSettings``."""
    return _on("span", victim, images, labels, values)


def _on(name: str, victim: Any, images: Any, labels: Any, values: dict[str, Any]) -> Result:
    """An experiment on objects: each has a name in the settings, and is found by it."""
    how = {key: values.pop(key) for key in ("root", "victims", "fresh", "allow_code", "progress") if key in values}
    if isinstance(victim, RunSettings):
        if images is not None or labels is not None:
            raise SpecError("images: expected none beside settings, whose data say which, got some")
        return run(name, victim, **how, **values)
    experiment: Experiment[Any] = loaded(catalog.EXPERIMENTS[name])
    given: dict[str, Any] = {}
    many = "victims" in experiment.settings.model_fields
    if victim is not None:
        several = cast(Sequence[Any], victim if isinstance(victim, list | tuple) else [victim])
        if len(several) != 1 and not many:
            raise SpecError(f"victim: expected one, got {len(several)}")
        told = [_victim(each, given) for each in several]
        values |= {"victims": told} if many else {"victim": told[0]}
    classes = values.pop("classes", None)
    if images is not None:
        values["data"] = _data(images, labels, classes, given)
    settings = experiment.settings.parse(values)
    return local.run(
        experiment,
        settings,
        Path(how.get("root", RUNS)),
        victims=Path(how.get("victims", VICTIMS)),
        given=given,
        fresh=how.get("fresh", False),
        allow_code=how.get("allow_code", False),
        progress=how.get("progress", False),
    )


def _victim(victim: Any, given: dict[str, Any]) -> Any:
    if isinstance(victim, str | Mapping):
        return victim  # pyright: ignore[reportUnknownVariableType]
    if not callable(victim):
        raise SpecError(f"victim: expected a module, an estimator, a callable or a name, got {type(victim).__name__}")
    title = type(victim).__name__ if isinstance(victim, nn.Module) else getattr(victim, "__name__", "callable")
    function: Callable[..., Any] = victim
    alike = sum(name.startswith(f"given:{title}-") for name in given)
    name = f"given:{title}-{alike}"
    given[name] = victim if isinstance(victim, nn.Module) else Called(function)
    return {"name": f"{title} {alike + 1}" if alike else title, "networks": [{"name": name}]}


def _data(images: Any, labels: Any, classes: Sequence[str] | None, given: dict[str, Any]) -> Any:
    if isinstance(images, str | Path):
        return str(images)
    if isinstance(images, Mapping):
        return images  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(images, Dataset):
        batches = isinstance(images, list) and isinstance(next(iter(cast(list[Any], images)), None), tuple)
        if isinstance(images, torch.Tensor | np.ndarray | list) and labels is None and not batches:
            raise SpecError("labels: expected one for each image, got none")
        images = Dataset("images", Arrays.of(images, labels, classes))
    given["given:images"] = images
    return {"source": "given:images"}
