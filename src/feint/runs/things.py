"""Things of the catalog: found by their reference, made from settings, and described from their own code."""

import inspect
import re
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal, Union, cast, final, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from feint.errors import FeintError, SpecError

from .settings import Settings, listed, near, number

Kinds = Mapping[str, Mapping[str, str]]
"""Fields whose value is itself a thing with a name -> where such things are found, by name."""


@final
@dataclass(frozen=True)
class Setting:
    """One setting of a thing.

    Attributes:
        name: of the field.
        annotation: its type.
        default: or `inspect.Parameter.empty` where a value is needed.
        help: one line.
    """

    name: str
    annotation: Any
    default: Any
    help: str

    @property
    def required(self) -> bool:
        """Whether a value is needed."""
        return self.default is inspect.Parameter.empty

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that a setting with a closed set of them takes."""
        inner = [each for part in _parts(self.annotation) for each in get_args(part) if get_origin(part) is Literal]
        return tuple(map(str, inner))


def _parts(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _inside(annotation: Any) -> tuple[Any, ...]:
    """The types of a sequence's values, where it is one."""
    several = (tuple, list, Sequence)
    return next((get_args(part) for part in _parts(annotation) if get_origin(part) in several), ())


def loaded(reference: str) -> Any:
    """What ``module:Name`` refers to."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


@cache
def settings_of(thing: Any) -> tuple[Setting, ...]:
    """The settings of a class or a factory, in the order that they are declared in."""
    if inspect.isclass(thing) and issubclass(thing, Settings):
        fields_of = thing.model_fields
        empty: Any = inspect.Parameter.empty
        found = {name: empty if field.is_required() else field.default for name, field in fields_of.items()}
        hints: dict[str, Any] = {name: field.annotation for name, field in fields_of.items()}
    else:
        parameters = inspect.signature(thing).parameters.values()
        found = {p.name: p.default for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        hints = get_type_hints(thing.__init__ if inspect.isclass(thing) and not is_dataclass(thing) else thing)
    help_texts = described(thing)
    return tuple(
        Setting(name, hints.get(name, Any), default, help_texts.get(name, "")) for name, default in found.items()
    )


def described(thing: Callable[..., Any]) -> dict[str, str]:
    """What the docstring says of each setting, under Attributes or Args, its own or that of ``__init__``.

    Where it has no word, that of a base counts.
    """
    found: dict[str, str] = {}
    for each in reversed(inspect.getmro(thing)) if isinstance(thing, type) else [thing]:
        found |= _entries(inspect.cleandoc(each.__doc__ or ""))
        if isinstance(each, type) and "__init__" in vars(each):
            found |= _entries(inspect.cleandoc(vars(each)["__init__"].__doc__ or ""))
    return found


def _entries(doc: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in re.finditer(r"^(?:Attributes|Args):\n((?:[ \t]+.*\n?|\n)+)", doc + "\n", re.MULTILINE):
        lines = section[1].splitlines()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        name = ""
        for line in lines:
            match = re.match(r"(\w+): ?(.*)", line[indent:])
            if match and not line[indent:].startswith(" "):
                name, found[match[1]] = match[1], match[2]
            elif name and line.strip():
                found[name] += " " + line.strip()
    return found


def summary_of(thing: Callable[..., Any]) -> str:
    """The first line of its docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def made(
    thing: Callable[..., Any],
    settings: Mapping[str, Any],
    *,
    what: str,
    kinds: Kinds | None = None,
    given: Mapping[str, Any] | None = None,
    also: Collection[str] = (),
) -> Any:
    """A thing with these settings.

    Args:
        thing: its class or factory.
        settings: by field; texts are read as the field's type wants, fractions too.
        what: what to call it in a message: "ace".
        kinds: the fields whose value is a thing by itself.
        given: objects for fields that are no settings, such as a network.
        also: keys of the word that it was asked by, which may have been meant.

    Raises:
        SpecError: an unknown setting (with the nearest), or a value that is none for it.
    """
    own = dict(given or {})
    values = read(thing, settings, what=what, kinds=kinds, apart=tuple(own), also=also)
    missing = [each.name for each in settings_of(thing) if each.required and each.name not in {**values, **own}]
    if missing:
        raise SpecError(f"{what}: expected a value for {missing[0]}, got none")
    try:
        return thing(**own, **values)
    except FeintError as error:
        raise SpecError(f"{what}.{error}") from error


def read(
    thing: Callable[..., Any],
    settings: Mapping[str, Any],
    *,
    what: str,
    kinds: Kinds | None = None,
    apart: Collection[str] = (),
    whole: bool = False,
    also: Collection[str] = (),
) -> dict[str, Any]:
    """Settings as the types of their fields.

    Args:
        thing: whose.
        settings: by field.
        what: what to call it in a message.
        kinds: the fields whose value is a thing by itself.
        apart: fields that are no settings.
        whole: with the defaults of all others.
        also: keys of the word that it was asked by, which may have been meant.

    Raises:
        SpecError: an unknown setting (with the nearest), or a value that is none for it.
    """
    known = {each.name: each for each in settings_of(thing) if each.name not in apart}
    values = {name: each.default for name, each in known.items() if whole and not each.required}
    for name, value in settings.items():
        if name not in known:
            names = [each.replace("_", "-") for each in known]
            there = f"one of {', '.join(names)}" if names else "none"
            raise SpecError(
                f"{what}: expected settings {there}, got {name!r}{near(name.replace('_', '-'), [*names, *also])}"
            )
        if kinds and name in kinds and isinstance(value, str | Mapping):
            values[name] = _nested(cast(Any, value), kinds[name], f"{what}.{name}")
        else:
            values[name] = _coerced(known[name], value, f"{what}.{name}")
    return values


def _nested(value: str | Mapping[str, Any], catalog: Mapping[str, str], what: str) -> Any:
    mapping: dict[str, Any] = {"name": value} if isinstance(value, str) else dict(value)
    name = str(mapping.pop("name", ""))
    if not name and len(catalog) > 1:
        name = next(iter(catalog))  # the first is the default one
    if name not in catalog:
        raise SpecError(f"{what}: expected one of {', '.join(catalog)}, got {name!r}{near(name, catalog)}")
    return made(loaded(catalog[name]), mapping, what=what)


def _coerced(setting: Setting, value: Any, what: str) -> Any:
    """A value as the type of its field; a text that is a number, a fraction or a word for yes or no is read."""
    if float in _parts(setting.annotation):
        value = number(value)
    if (inside := _inside(setting.annotation)) and not isinstance(value, Mapping) and value is not None:
        value = [number(each) if float in inside else each for each in listed(value)]
    if isinstance(value, str) and type(None) in _parts(setting.annotation) and value.lower() == "none":
        return None
    try:
        return TypeAdapter(setting.annotation).validate_python(value)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Input should be ")
        close = near(value, setting.choices) if isinstance(value, str) else ""
        raise SpecError(f"{what}: expected {message}, got {value!r}{close}") from error


def plain(thing: Any, names: Mapping[type, str] | None = None) -> dict[str, Any]:
    """The settings of a dataclass as JSON values; those that are dataclasses themselves with their name."""
    found: dict[str, Any] = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if is_dataclass(value) and not isinstance(value, type):
            name = (names or {}).get(type(value), type(value).__name__.lower())
            value = {"name": name, **plain(value, names)}
        elif isinstance(value, tuple):
            value = list(cast(tuple[Any, ...], value))
        found[field.name] = value
    return found
