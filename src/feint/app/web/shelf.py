"""Runs as a list, wherever the store says that they lie: what each was about, how far it is, what compares it."""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, final

from feint.errors import StoreError
from feint.runs.folder import files
from feint.runs.store.entry import Entry as Stored

FRESH = 1.0
"""Seconds for which a list counts as fresh."""


@final
@dataclass(frozen=True)
class AtRadius:
    """What an audit found at one radius.

    Attributes:
        radius: which.
        aurc: attacked.
        kept: of the worth of the clean confidence, error rate less AURC, the share that is left; below 0 it misleads.
    """

    radius: float
    aurc: float
    kept: float


@final
@dataclass(frozen=True)
class Entry:
    """One run.

    Attributes:
        id: its folder's name.
        folder: where that lies.
        experiment: which.
        state: "complete", or "incomplete" for one that was interrupted or is at it.
        created: when it was begun, ISO 8601.
        data: what it was about.
        images: how many.
        victim: likewise.
        estimator: how the victim predicts.
        attack: who attacked it; "" for nobody.
        measure: that ranks.
        protocol: equal for runs whose numbers compare at one radius.
        stochastic: whether the victim draws, and is judged by fresh draws.
        numbers: accuracy, aurc, radius (the largest), attacked_aurc, of_worst, effective_radius, where it has them.
        radii: of an audit, what it found at each radius.
        command: that repeats it.
    """

    id: str
    folder: str
    experiment: str
    state: str
    created: str
    data: str = ""
    images: int | None = None
    victim: str = ""
    estimator: str = ""
    attack: str = ""
    measure: str = ""
    protocol: str = ""
    stochastic: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    radii: tuple[AtRadius, ...] = ()
    command: str = ""


@final
class Shelf:
    """Reads run folders, each once until it changes: those of one folder, and others that the store knows.

    A run's name says what was asked, so that two folders of one name are the same run: the folder's own counts, else
    the first that the store names.

    Args:
        root: the folder.
        others: asks the store where runs lie.
    """

    def __init__(self, root: Path, others: Callable[[], Iterable[Path]] = tuple) -> None:
        self.root = root
        self._others = others
        self._known: dict[Path, tuple[tuple[int, int], Entry]] = {}
        self._paths: dict[str, Path] = {}
        self._listed: tuple[float, tuple[Entry, ...]] = (-FRESH, ())
        self._lock = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """All of them, the newest first."""
        with self._lock:
            self._renew()
            return self._listed[1]

    def entry(self, name: str) -> Entry:
        """One of them.

        Raises:
            StoreError: there is none of this name.
        """
        return self._found(name)[1]

    def path(self, name: str) -> Path:
        """The folder of a run that there is."""
        return self._found(name)[0]

    def signature(self, name: str) -> str:
        """Changes whenever a run's folder does."""
        path = self.path(name)
        places = [path / "run.json", path / "summary.json", path / "ledger", *(path / "ledger").glob("*")]
        return str([place.stat().st_mtime_ns for place in places if place.exists()])

    def _found(self, name: str) -> tuple[Path, Entry]:
        if _is_name(name):
            with self._lock:
                for again in (False, True):
                    if again:  # it may lie elsewhere since a moment ago
                        self._renew()
                    for path in (self.root / name, self._paths.get(name)):
                        if path is not None and (entry := self._entry(path)) is not None:
                            return path, entry
        raise StoreError(f"run: expected one of the store, got {name!r}")

    def _renew(self) -> None:
        """List them anew, unless that was a moment ago."""
        if time.monotonic() - self._listed[0] < FRESH:
            return
        found: dict[str, tuple[Path, Entry]] = {}
        for path in (*self._folders(), *self._others()):
            if path.name not in found and _is_name(path.name) and (entry := self._entry(path)) is not None:
                found[path.name] = (path, entry)
        self._paths = {name: path for name, (path, _) in found.items()}
        self._known = {path: self._known[path] for path in self._paths.values()}
        entries = (entry for _, entry in found.values())
        listed = tuple(sorted(entries, key=lambda each: (each.created, each.id), reverse=True))
        before = self._listed[1]
        self._listed = (time.monotonic(), before if listed == before else listed)

    def _folders(self) -> list[Path]:
        try:
            with os.scandir(self.root) as found:
                return [self.root / each.name for each in found if each.is_dir()]
        except OSError:
            return []

    def _entry(self, path: Path) -> Entry | None:
        seal = (_changed(path / "run.json"), _changed(path / "summary.json"))
        if seal[0] == 0:
            return None
        known = self._known.get(path)
        if known is None or known[0] != seal:
            state = files.read_sealed(path / "run.json")
            if state is None:
                return None
            known = (seal, entry_of(path, state, _summary(path)))
            self._known[path] = known
        return known[1]


def entry_of(path: Path, state: Mapping[str, Any], summary: Mapping[str, Any]) -> Entry:
    """What a list says of a run, from its ``run.json`` and its summary, if it has one: what the store keeps of it."""
    stored = Stored(path, state, summary)
    row, about = stored.row, stored.part("about")
    names: Any = about.get("victims") or []
    at = {(each.variant, each.radius, each.name): each.value for each in stored.metrics}
    numbers: dict[str, float | None] = {
        name: row[name] for name in ("accuracy", "aurc", "radius", "attacked_aurc", "effective_radius")
    }
    numbers |= {name: at.get(("attacked", row["radius"], name)) for name in ("of_worst", "success")}
    return Entry(
        id=path.name,
        folder=str(path.parent),
        experiment=row["experiment"],
        state="complete" if row["state"] == "complete" else "incomplete",
        created=str(state.get("created", "")),
        data=row["data"],
        images=row["images"],
        victim=row["victim"],
        estimator=_bare(row["estimator"]),
        attack=_bare(row["attack"]),
        measure=row["measure"],
        protocol=row["protocol"],
        stochastic=any(hasattr(each, "get") and each.get("stochastic") for each in (about, *names)),
        numbers={name: value for name, value in numbers.items() if value is not None},
        radii=tuple(_radii(at)) if row["experiment"] == "audit" else (),
        command=row["command"],
    )


def _radii(at: Mapping[tuple[str, float, str], float]) -> Iterator[AtRadius]:
    """What an audit's numbers say at each radius."""

    def worth(variant: str, radius: float) -> float | None:
        accuracy, aurc = (at.get((variant, radius, name)) for name in ("accuracy", "aurc"))
        return None if accuracy is None or aurc is None else 1 - accuracy - aurc

    clean = worth("clean", 0.0)
    for variant, radius, name in at:
        left = worth(variant, radius)
        if (variant, name) == ("attacked", "aurc") and clean and clean > 0 and left is not None:
            yield AtRadius(radius, at[variant, radius, name], left / clean)


def _bare(words: str) -> str:
    """Words without their settings, which the protocol stands for.

    >>> _bare("2 x softmax:temperature=1.0,outputs=logits, mean logit"), _bare("fgsm:norm=linf pgd:steps=3")
    ('2 x softmax, mean logit', 'fgsm pgd')
    """
    return re.sub(r":\S*?(?=, | |$)", "", words)


def _summary(path: Path) -> Mapping[str, Any]:
    try:
        found: Any = json.loads((path / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(Mapping[str, Any], found) if isinstance(found, Mapping) else {}


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _is_name(name: str) -> bool:
    return bool(name) and name[0] != "." and not any(sign in name for sign in ("/", "\\", "\0"))
