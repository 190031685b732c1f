"""One grammar names everything in the catalog, with its settings: ``TARGET[:key=value[,key=value...]]``.

Settings begin at the first ``:key=``; a value ends before the next ``,key=``, so that values may hold commas; a nested
field is dotted; a value of ``@file.yaml`` is what that file holds. In YAML and Python the same text, or a mapping with
``name``.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from pydantic import Field, ValidationError, model_serializer, model_validator

from feint.errors import SpecError

from .documents import from_yaml
from .settings import Settings, one_line

_KEY = r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*"
_FIRST = re.compile(rf":(?={_KEY}=)")
_NEXT = re.compile(rf",(?={_KEY}=)")
DISTANCES = {"linf": "L-inf", "l2": "L2"}
"""Distances as a reader may have them, by what words call them."""


def parsed(text: str) -> dict[str, Any]:
    """A word as a mapping with its ``name``; values stay texts.

    >>> parsed("m.py:f:weights=a.pt")
    {'name': 'm.py:f', 'weights': 'a.pt'}
    >>> parsed("ace:radii=1,2,search=backtracking,search.decay=0.9")
    {'name': 'ace', 'radii': '1,2', 'search': {'name': 'backtracking', 'decay': '0.9'}}

    Raises:
        SpecError: no target, or a key that stands twice.
    """
    target, *rest = _FIRST.split(text, maxsplit=1)
    if not target:
        raise SpecError(f"expected NAME or NAME:key=value, got {text!r}")
    found: dict[str, Any] = {"name": target}
    for pair in _NEXT.split(rest[0]) if rest else ():
        key, _, value = pair.partition("=")
        place, *path = key.replace("-", "_").split(".")
        _put(found, [place, *path], _read(value), text)
    return found


def _put(mapping: dict[str, Any], path: list[str], value: Any, text: str) -> None:
    first, *rest = path
    present = mapping.get(first)
    if not rest:
        if isinstance(present, dict) and "name" not in present:
            present["name"] = value
        elif first in mapping:
            raise SpecError(f"expected each key once, got {first} twice in {text!r}")
        else:
            mapping[first] = value
        return
    inner: dict[str, Any] = {} if present is None else {"name": present}
    if isinstance(present, dict):
        inner = cast(dict[str, Any], present)
    mapping[first] = inner
    _put(inner, rest, value, text)


def _read(value: str) -> Any:
    return from_yaml(Path(value[1:])) if value.startswith("@") else value


def formatted(word: Mapping[str, Any]) -> str:
    """The text of a word: what ``parsed`` reads back.

    >>> formatted({"name": "ace", "radii": [1, 2], "search": {"name": "bisection", "steps": 3}})
    'ace:radii=1,2,search=bisection,search.steps=3'
    """
    pairs = list(_pairs(word, ""))
    return str(word["name"]) + (":" + ",".join(f"{key}={value}" for key, value in pairs) if pairs else "")


def spoken(word: str) -> str:
    """The text of a word as a reader may have it; a file in its name stays as it is.

    >>> spoken("bim:steps=10,norm=linf"), spoken("my_attacks.py:mine:random_start=true"), spoken("fgsm")
    ('bim: steps 10, norm L-inf', 'my_attacks.py:mine: random start true', 'fgsm')
    """
    name, *told = _FIRST.split(word, maxsplit=1)
    pairs = [pair.partition("=") for pair in _NEXT.split(told[0])] if told else []
    said = [f"{key.replace('_', ' ')} {DISTANCES.get(value, value.replace(',', ', '))}" for key, _, value in pairs]
    return f"{name}: {', '.join(said)}" if said else name


def _pairs(word: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in word.items():
        if key == "name" or value is None:
            continue
        if isinstance(value, Mapping):
            inner = cast(Mapping[str, Any], value)
            if "name" in inner:
                yield prefix + key, str(inner["name"])
            yield from _pairs(inner, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield prefix + key, ",".join(map(str, cast(list[Any], value)))
        else:
            yield prefix + key, str(value).lower() if isinstance(value, bool) else str(value)


W = TypeVar("W", bound="Word")


class Word(Settings):
    """A thing by its name, with its settings; fields of a subclass are keys that belong to the word itself.

    Attributes:
        name: what it is called.
        settings: its own, by the names of its fields, as they came until the thing itself has read them.
    """

    reserved: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[Mapping[str, str]] = {}
    """Keys that Python has another use for -> the fields that they are."""

    name: str
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return {name: getattr(value, name) for name in cls.model_fields}
        if isinstance(value, str):
            value = parsed(value)
        if not isinstance(value, Mapping):
            return value
        mapping = {str(key).replace("-", "_"): each for key, each in cast(Mapping[Any, Any], value).items()}
        mapping = {cls.aliases.get(key, key): each for key, each in mapping.items()}
        own = {key: each for key, each in mapping.items() if key in cls.model_fields and key != "settings"}
        given: Any = mapping.get("settings")
        flat = {key: each for key, each in mapping.items() if key not in cls.model_fields}
        if own.get("name", "") == "":
            raise SpecError(f"expected a name, or a mapping with one, got {', '.join(map(str, mapping)) or 'nothing'}")
        inner: Mapping[str, Any] = cast(Mapping[str, Any], given) if isinstance(given, Mapping) else {}
        return {**own, "settings": {**inner, **flat}}

    @classmethod
    def of(cls: type[W], value: Any) -> W:
        """A word from its text, a mapping, or another word.

        Raises:
            SpecError: what does not fit.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise SpecError(one_line(cls, error)) from error

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        own = {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if name not in ("name", "settings") and getattr(self, name) != field.default
        }
        return {"name": self.name, **own, **self.settings}

    def __str__(self) -> str:
        return formatted(self.plain())
