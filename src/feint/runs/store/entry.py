"""A run folder as the store sees it: what it says of itself, whoever wrote it."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast, final

from feint.errors import StoreError
from feint.printable import printable
from feint.runs.folder import files
from feint.runs.grammar import formatted

from .figures import Metric, metrics, number

_RUNNING = ("seed", "batch_size", "threads", "device")
_WHOM = ("victim", "victims", "networks", "name")
_SHORT, _LONGEST = 250, 60_000
"""Characters of a text that an index holds, and of others; what nobody types is cut."""


@final
@dataclass(frozen=True)
class Judged:
    """A victim as a run knows it: its name, a hash of its weights, and how it predicts."""

    name: str
    hash: str
    estimator: str


@final
class Entry:
    """What the store keeps of a run.

    Attributes:
        folder: absolute.
        state: what ``run.json`` says.
        summary: what ``summary.json`` says; None before the run has ended.
        delivered: files of weights that it left outside of its folder, with their digests.
    """

    def __init__(
        self,
        folder: Path,
        state: Mapping[str, Any],
        summary: Mapping[str, Any] | None,
        delivered: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = folder
        self.state = state
        self.summary = summary
        self.delivered = delivered or {}

    @classmethod
    def read(cls, folder: Path) -> "Entry":
        """Of a folder.

        Raises:
            StoreError: it holds no run that is as it was written.
        """
        state = files.read_sealed(folder / "run.json")
        if state is None:
            raise StoreError(f"{folder}: expected a run folder, got none, or one whose run.json was damaged")
        if state.get("state") != "complete":
            return cls(folder.absolute(), state, None)
        written = (files.read_entry(folder / "ledger" / "derived" / "delivered.json") or {"files": {}})["files"]
        weights = {name: each for name, each in written.items() if name.endswith(".safetensors") and "/" in name}
        return cls(folder.absolute(), state, _mapping(_summary(folder)), weights)

    def part(self, name: str) -> Mapping[str, Any]:
        """A part of the state that is a mapping; an empty one where it is none."""
        return _mapping(self.state.get(name))

    @cached_property
    def metrics(self) -> list[Metric]:
        """What can be compared across runs."""
        return metrics(self.summary or {})

    @cached_property
    def victims(self) -> list[Judged]:
        """Whom it is about, in order: with a hash of what they are and do, or, where it trained one, of its files."""
        settings, about = self.part("settings"), self.part("about")
        asked = settings.get("victims", [settings["victim"]] if settings.get("victim") else [])
        names = _list(about.get("victims", about.get("victim", settings.get("name", about.get("networks", [])))))
        weights = self.part("identity").get("weights", sorted(map(str, self.delivered.values())) or None)
        if self.delivered and isinstance(weights, list):
            weights = _hash(weights)
        hashes = cast(Sequence[Any], weights) if isinstance(weights, list) else [weights]
        found: list[Judged] = []
        for at, name in enumerate(names):
            called = _mapping(name).get("name", name)
            listed = cast(list[Any], asked) if isinstance(asked, list) else []
            own = _mapping(listed[at] if at < len(listed) else None)
            hashed = _hash(hashes[at] if at < len(hashes) else weights) if weights is not None else ""
            estimator = _estimator(own or (settings if "estimator" in settings else {}))
            found.append(Judged(_line(called)[:_SHORT], hashed, estimator[:_SHORT]))
        return found

    @cached_property
    def data_hash(self) -> str | None:
        """A hash of its data; None where it has none."""
        images = self.part("identity").get("images")
        return None if images is None else _hash(images)

    @property
    def data(self) -> dict[str, Any]:
        """Its data set."""
        about = self.part("about")
        classes, shape = about.get("classes"), about.get("shape")
        return {
            "hash": self.data_hash,
            "source": self._source,
            "classes": len(cast(list[Any], classes)) if isinstance(classes, list) else None,
            "shape": _line(" x ".join(map(str, cast(list[Any], shape))))[:64] if isinstance(shape, list) else None,
        }

    @property
    def _source(self) -> str:
        return _line(_mapping(self.part("settings").get("data")).get("source") or self.part("about").get("data") or "")

    @cached_property
    def protocol(self) -> str:
        """Equal for runs whose numbers compare at one radius.

        It stands for the data, how many of them, and all settings but whom, where, seed and radii.
        """
        settings = {key: each for key, each in self.part("settings").items() if key not in (*_RUNNING, *_WHOM)}
        settings.pop("radii", None)
        data = _mapping(settings.get("data"))
        settings["data"] = {key: each for key, each in data.items() if key not in ("source", "on_error")}
        for key in ("attack", "attacks"):
            if key in settings:
                settings[key] = [_without_radii(word) for word in _list(settings[key])]
        told = [self.state.get("experiment"), self.data_hash, self._images, settings]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:10]

    @property
    def _images(self) -> int | None:
        for place in (self.summary or {}, self.part("about")):
            found = number(place.get("images", place.get("test_images")))
            if found is not None and 0 <= found < 2**31:
                return int(found)
        return None

    @property
    def row(self) -> dict[str, Any]:
        """Its columns in the table of runs."""
        settings = self.part("settings")
        attacks = [_word(word) for word in _list(settings.get("attack", settings.get("attacks", [])))]
        victims = self.victims
        found: dict[str, Any] = {
            "id": _line(self.folder.name)[:128],
            "folder": str(self.folder),
            "experiment": _line(self.state.get("experiment", ""))[:64],
            "state": "complete" if self.state.get("state") == "complete" else "running",
            "created": _seconds(self.state.get("created")) or 0,
            "finished": _seconds(self.state.get("finished")),
            "command": _line(self.state.get("command", "")),
            "victim": _line(", ".join(each.name for each in victims)),
            "estimator": _line(", ".join(dict.fromkeys(each.estimator for each in victims if each.estimator))),
            "data": self._source,
            "data_hash": self.data_hash,
            "images": self._images,
            "attack": _line(" ".join(attacks)),
            "measure": _line((self.summary or {}).get("measure") or settings.get("measure") or "")[:64],
            "protocol": self.protocol,
            **self._columns,
        }
        texts = (found[key] for key in ("id", "folder", "command", "victim", "estimator", "data", "attack"))
        return {**found, "searched": printable("\n".join(texts).lower())}

    @property
    def _columns(self) -> dict[str, float | None]:
        """What a list of runs shows and sorts by; of the attacked, at the largest radius."""
        largest = max((each.radius for each in self.metrics if each.variant == "attacked"), default=None)
        at = {(each.variant, each.radius, each.name): each.value for each in self.metrics}
        return {
            "accuracy": at.get(("clean", 0.0, "accuracy"), number((self.summary or {}).get("accuracy"))),
            "aurc": at.get(("clean", 0.0, "aurc")),
            "radius": largest,
            "attacked_aurc": at.get(("attacked", largest or 0.0, "aurc")),
            "effective_radius": at.get(("attacked", largest or 0.0, "effective_radius")),
        }


def folders(root: Path) -> Iterator[Path]:
    """Run folders in a folder, or the one that it is; what is inside of a run folder is no other one's.

    Raises:
        StoreError: it cannot be read.
    """
    if (root / "run.json").is_file():
        yield root
        return
    try:
        inner = sorted(each for each in root.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError as error:
        raise StoreError(f"{root} cannot be read: {error.strerror}") from error
    for each in inner:
        if (each / "run.json").is_file():
            yield each


def _summary(folder: Path) -> Any:
    try:
        return files.read_json(folder / "summary.json")
    except (OSError, ValueError):
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else [value]


def _line(value: Any) -> str:
    """One line that both databases can hold and a terminal can show."""
    return printable(str(value))[:_LONGEST]


def _hash(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value):
        return value
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _word(value: Any) -> str:
    """The text of a word without its radii."""
    word = _mapping(_without_radii(value))
    return formatted(word) if "name" in word else str(value)


def _without_radii(word: Any) -> Any:
    if not isinstance(word, Mapping):
        return word
    return {key: each for key, each in cast(Mapping[str, Any], word).items() if key != "radii"}


def _estimator(victim: Mapping[str, Any]) -> str:
    """How a victim predicts; an ensemble with how many networks, and what is averaged."""
    word = _mapping(victim.get("estimator"))
    name = formatted(word) if "name" in word else ""
    many = len(cast(list[Any], victim["networks"])) if isinstance(victim.get("networks"), list) else 1
    return _line(f"{many} x {name}, mean {victim.get('average') or 'probability'}" if many > 1 else name)


def _seconds(value: Any) -> int | None:
    """A time as seconds since 1970; None where it is none."""
    try:
        found = datetime.fromisoformat(str(value))
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
