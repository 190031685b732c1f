"""From an experiment's settings to flags, and from what was given back to values of the settings."""

import argparse
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Union, cast, final, get_args, get_origin

from pydantic_core import PydanticUndefined

from feint.runs import things
from feint.runs.grammar import Word
from feint.runs.settings import RunSettings, Settings

SUPPRESS: Any = argparse.SUPPRESS


@final
class Once(argparse.Action):
    """Keeps a value, and refuses another."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Keep it."""
        if hasattr(namespace, self.dest):
            first = getattr(namespace, self.dest)
            parser.error(f"{str(option_string)[2:]}: expected one, got {first} and {values}")
        setattr(namespace, self.dest, values)


@final
@dataclass(frozen=True)
class Flag:
    """One flag of a command.

    Attributes:
        name: without the dashes.
        path: of the field that it sets.
        group: under which heading of the help it stands.
        help: one line.
        kind: how its values are read.
        choices: the values that it takes, where they are known.
        default: what holds without it, in words.
        positional: whether it stands without a name.
        once: whether to refuse it a second time: one thing is asked for, and the first would be passed over.
    """

    name: str
    path: tuple[str, ...]
    group: str
    help: str
    kind: Literal["one", "many", "switch"]
    choices: tuple[str, ...] = ()
    default: str = ""
    positional: bool = False
    once: bool = False

    def add_to(self, group: Any) -> None:
        """Declare it."""
        dest = ".".join(self.path)
        notes = [f"default: {self.default}"] if self.default and "(default" not in self.help else []
        notes += ["may be repeated"] if self.kind == "many" else []
        help_text = (self.help + (f" ({'; '.join(notes)})" if notes else "")).replace("%", "%%")
        if self.positional:
            group.add_argument(dest, metavar=self.name.upper(), help=help_text)
        elif self.kind == "switch":
            group.add_argument(f"--{self.name}", dest=dest, action="store_true", default=SUPPRESS, help=help_text)
        else:
            metavar = "{" + ",".join(self.choices) + "}" if self.choices else self.name.rsplit("-", 1)[-1].upper()
            action = "append" if self.kind == "many" else Once if self.once else "store"
            group.add_argument(
                f"--{self.name}", dest=dest, action=action, default=SUPPRESS, metavar=metavar, help=help_text
            )


def flags_of(model: type[Settings]) -> list[Flag]:
    """All flags of an experiment's settings, those of inner settings too, each under its group."""
    return list(_flags(model, (), "options", ""))


def _flags(
    model: type[Settings],
    path: tuple[str, ...],
    group: str,
    prefix: str,
    whole: Settings | None = None,
    alike: Collection[str] = (),
) -> Iterator[Flag]:
    """The flags of settings.

    Args:
        model: their type.
        path: to them.
        group: under which heading they stand.
        prefix: of their names.
        whole: what holds where nothing is said, if the settings around them say so.
        alike: fields that are then as those of the first of their kind.
    """
    helps = things.described(model)
    positional: Sequence[str] = getattr(model, "positional", ())
    for name, field in model.model_fields.items():
        called = model.flags.get(name, name.replace("_", "-"))
        inner, many = _inner(field.annotation)
        if not called:
            continue
        if inner is not None and not issubclass(inner, Word):
            # The flags of inner settings stand by themselves; of a second one of a kind, behind its name.
            first = next(each for each, other in model.model_fields.items() if _inner(other.annotation)[0] is inner)
            before = "" if name == first else f"{name.replace('_', '-')}-"
            yield from _nested(inner, (*path, name), name, before, many, helps.get(name, ""), model, field.default)
            continue
        running = issubclass(model, RunSettings) and name in RunSettings.running
        yield Flag(
            name=prefix + called,
            path=(*path, name),
            group="running" if running else group,
            help=helps.get(name, ""),
            kind="many" if many else "switch" if field.annotation is bool else "one",
            choices=() if inner or many else _choices(field.annotation),
            default=f"as --{called}" if name in alike else _default(getattr(whole, name, field.default), called),
            positional=name in positional,
            once=inner is not None and not many,
        )


def _nested(
    model: type[Settings],
    path: tuple[str, ...],
    group: str,
    prefix: str,
    many: bool,
    help_text: str,
    around: type[Settings],
    default: Any,
) -> Iterator[Flag]:
    if not many:
        whole = default if isinstance(default, model) else None
        yield from _flags(model, path, group, prefix, whole, around.follows.get(path[-1], ()))
        return
    if model.flags.get("card") is None:  # several of a kind, each a word of its own
        singular = prefix.removesuffix("-") or group
        yield Flag(singular, path, group, help_text, "many")
        return
    for flag in _flags(model, path, group, prefix):  # several victims by name, or one of networks
        yield replace(flag, kind="many") if flag.path[-1] == "card" else flag


def _inner(annotation: Any) -> tuple[type[Settings] | None, bool]:
    """The settings that a field holds, if it does, and whether it is a sequence."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _inner(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return _inner(parts[0]) if len(parts) == 1 else (None, False)
    if origin is tuple:
        return _inner(get_args(annotation)[0])[0], True
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return annotation, False
    return None, False


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(map(str, get_args(annotation)))
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType, Annotated) else ()
    return next((found for part in parts if (found := _choices(part))), ())


def _default(value: Any, name: str) -> str:
    if value is PydanticUndefined or value is None or value is False or value in ((), ""):
        return ""
    if isinstance(value, tuple):
        parts = cast(tuple[Any, ...], value)
        # Values are typed with commas between them; things are not, whose settings have these between them.
        between = f" --{name} " if isinstance(parts[0], Settings) else ","
        return between.join(f"{each:g}" if isinstance(each, float) else str(each) for each in parts)
    return f"{value:g}" if isinstance(value, float) else str(value)


def values_of(options: argparse.Namespace, flags: Sequence[Flag]) -> dict[str, Any]:
    """What was given, as values of the settings: only what was said, all else stays as it is by default."""
    found: dict[str, Any] = {}
    given = vars(options)
    for flag in flags:
        if (dest := ".".join(flag.path)) in given:
            place = found
            for part in flag.path[:-1]:
                place = place.setdefault(part, {})
            place[flag.path[-1]] = given[dest]
    return {name: _several(value) for name, value in found.items()}


def _several(value: Any) -> Any:
    """Several victims by name, each with what was said of how they predict; or one of networks."""
    if not isinstance(value, Mapping):
        return value
    mapping: dict[str, Any] = dict(cast(Mapping[str, Any], value))
    if isinstance(mapping.get("card"), list):
        cards: list[str] = mapping.pop("card")
        return [{"card": card, **mapping} if mapping else card for card in cards]
    return mapping
