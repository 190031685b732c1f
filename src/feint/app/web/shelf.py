"""The runs of a folder as a list: what each was about, how far it is, and the few numbers that compare it."""

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast, final

from feint.errors import StoreError
from feint.runs.folder import files

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
        experiment: which.
        state: "complete", or "incomplete" for one that was interrupted or is at it.
        created: when it was begun, ISO 8601.
        data: what it was about.
        victim: likewise.
        estimator: how the victim predicts.
        attack: who attacked it; "" for nobody.
        stochastic: whether the victim draws, and is judged by fresh draws.
        numbers: accuracy, aurc, radius (the largest), attacked_aurc, of_worst, effective_radius, where it has them.
        radii: of an audit, what it found at each radius.
        command: that repeats it.
    """

    id: str
    experiment: str
    state: str
    created: str
    data: str = ""
    victim: str = ""
    estimator: str = ""
    attack: str = ""
    stochastic: bool = False
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])
    radii: tuple[AtRadius, ...] = ()
    command: str = ""


@final
class Shelf:
    """Reads run folders, each once until it changes.

    Args:
        root: where they lie.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, tuple[tuple[int, int], Entry]] = {}
        self._listed: tuple[float, tuple[Entry, ...]] = (-FRESH, ())
        self._lock = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """All of them, the newest first."""
        with self._lock:
            if time.monotonic() - self._listed[0] >= FRESH:
                found = {name: entry for name in self._folders() if (entry := self._entry(name)) is not None}
                self._known = {name: self._known[name] for name in found}
                listed = tuple(sorted(found.values(), key=lambda each: (each.created, each.id), reverse=True))
                before = self._listed[1]
                self._listed = (time.monotonic(), before if listed == before else listed)
            return self._listed[1]

    def entry(self, name: str) -> Entry:
        """One of them.

        Raises:
            StoreError: there is none of this name.
        """
        with self._lock:
            found = self._entry(name) if _is_name(name) else None
        if found is None:
            raise StoreError(f"run: expected one of the store, got {name!r}")
        return found

    def path(self, name: str) -> Path:
        """The folder of a run that there is."""
        return self.root / self.entry(name).id

    def signature(self, name: str) -> str:
        """Changes whenever a run's folder does."""
        path = self.path(name)
        places = [path / "run.json", path / "summary.json", path / "ledger", *(path / "ledger").glob("*")]
        return str([place.stat().st_mtime_ns for place in places if place.exists()])

    def _folders(self) -> list[str]:
        try:
            with os.scandir(self.root) as found:
                return [each.name for each in found if not each.name.startswith(".") and each.is_dir()]
        except OSError:
            return []

    def _entry(self, name: str) -> Entry | None:
        path = self.root / name
        seal = (_changed(path / "run.json"), _changed(path / "summary.json"))
        if seal[0] == 0:
            return None
        known = self._known.get(name)
        if known is None or known[0] != seal:
            state = files.read_sealed(path / "run.json")
            if state is None:
                return None
            known = (seal, entry_of(name, state, _summary(path)))
            self._known[name] = known
        return known[1]


def entry_of(name: str, state: Mapping[str, Any], summary: Mapping[str, Any]) -> Entry:
    """What a list says of a run, from its ``run.json`` and its summary, if it has one."""
    about: Any = state.get("about", {})
    settings: Any = state.get("settings", {})
    word: Any = settings.get("attack")
    attacks: Any = settings.get("attacks") or ([word] if word else [])
    victims: Any = settings.get("victims") or [settings.get("victim") or {}]
    names: Any = about.get("victims") or [about.get("victim", "")]
    stochastic = any(hasattr(each, "get") and each.get("stochastic") for each in names)
    return Entry(
        id=name,
        experiment=str(state["experiment"]),
        state="complete" if state.get("state") == "complete" else "incomplete",
        created=str(state.get("created", "")),
        data=str(about.get("data", "")),
        victim=_joined(names),
        estimator=_joined([_part(each, "estimator") for each in victims]),
        attack=_joined(attacks),
        stochastic=stochastic or bool(about.get("stochastic")),
        numbers=numbers_of(summary),
        radii=radii_of(summary) if state["experiment"] == "audit" else (),
        command=str(state.get("command", "")),
    )


def numbers_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that compare runs: of an audit those at its largest radius."""
    clean, attacked = summary.get("clean"), summary.get("attacked")
    found: dict[str, float | None] = {"accuracy": summary.get("accuracy")}
    if isinstance(clean, Mapping):
        row = cast(Mapping[str, Any], clean)
        found |= {"accuracy": row.get("accuracy"), "aurc": row.get("aurc")}
    if isinstance(attacked, list) and attacked:
        last = max(cast(Sequence[Mapping[str, Any]], attacked), key=lambda row: row["radius"])
        found |= {"attacked_aurc": last.get("aurc"), "success": last.get("success")}
        found |= {name: last.get(name) for name in ("radius", "of_worst", "effective_radius")}
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


def radii_of(summary: Mapping[str, Any]) -> tuple[AtRadius, ...]:
    """What an audit's summary says at each radius."""
    if not isinstance(summary.get("attacked"), list):
        return ()
    clean = summary["clean"]
    worth = 1 - clean["accuracy"] - clean["aurc"]
    rows = summary["attacked"]
    return tuple(
        AtRadius(row["radius"], row["aurc"], (1 - row["accuracy"] - row["aurc"]) / worth) for row in rows if worth > 0
    )


def _part(value: Any, name: str) -> Any:
    return value[name] if value and value.get(name) else ""


def _joined(values: Sequence[Any]) -> str:
    names = [str(each.get("name", "")) if hasattr(each, "get") else str(each) for each in values]
    return ", ".join(dict.fromkeys(name for name in names if name))


def _summary(path: Path) -> Mapping[str, Any]:
    try:
        return json.loads((path / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _is_name(name: str) -> bool:
    return bool(name) and name[0] != "." and not any(sign in name for sign in ("/", "\\", "\0"))
