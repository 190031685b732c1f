"""`feint catalog [NAME]`: what there is, a line each; or one thing with its settings and its reference.

feint catalog
feint catalog pgd
"""

import argparse
import inspect
import json
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from feint import catalog
from feint.app.cli import Parser
from feint.app.output import say
from feint.app.sources import first_line
from feint.errors import SpecError

KINDS: dict[str, Mapping[str, str]] = {
    "experiments": catalog.EXPERIMENTS,
    "papers": catalog.PAPERS,
    "measures": {**catalog.MEASURES, **catalog.LABEL_MEASURES},
    "metrics": catalog.METRICS,
    "estimators": catalog.ESTIMATORS,
    "attacks": catalog.ATTACKS,
    "searches": catalog.SEARCHES,
    "defenses": catalog.DEFENSES,
    "architectures": catalog.ARCHITECTURES,
    "autoencoders": catalog.AUTOENCODERS,
    "runners": catalog.RUNNERS,
}


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """What prints the catalog.

    Raises:
        SpecError: there is nothing of that name.
    """
    parser = Parser(
        prog="feint catalog",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="of one thing")
    parser.add_argument("--json", action="store_true", help="print it for machines, and nothing else")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_all(arguments)
    if options.name is None:
        return lambda: _list(options.json)
    if options.name in catalog.DATA:
        return lambda: say(f"{options.name}: one of the data\n\n{catalog.DATA[options.name]}")
    found = [(kind, names[options.name]) for kind, names in KINDS.items() if options.name in names]
    if not found:
        raise SpecError(f"name: {_unknown(options.name)}")
    return lambda: _show(options.name, *found[0], options.json)


def _unknown(name: str) -> str:
    """What a name that the catalog does not have was expected to be."""
    from feint.runs.settings import near

    every = [each for names in KINDS.values() for each in names]
    if name in KINDS:
        return f"expected one of the {name}, {', '.join(KINDS[name])}, got all of them"
    alone, _, settings = name.partition(":")
    if alone in every:
        return f"expected a name alone, such as {alone}, got settings with it, {settings}"
    return f"expected one of the catalog, got {name!r}{near(name, every)}" if name else "expected one, got nothing"


def listing() -> dict[str, dict[str, str]]:
    """Everything by kind: name -> one line."""
    found = {kind: {name: first_line(place) for name, place in names.items()} for kind, names in KINDS.items()}
    return {**found, "data": dict(catalog.DATA)}


def _type(annotation: Any) -> str:
    """A type in words of Python, without what checks its values: "tuple[float, ...] | None"."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inside[0])
    if origin in (Union, types.UnionType):
        return " | ".join(map(_type, inside))
    if annotation in (types.NoneType, ...):
        return "None" if annotation is types.NoneType else "..."
    if origin is None or origin is Literal or not inspect.isclass(origin):
        return annotation.__name__ if inspect.isclass(annotation) else inspect.formatannotation(annotation)
    return f"{origin.__name__}[{', '.join(map(_type, inside))}]"


def _list(as_json: bool) -> None:
    found = listing()
    if as_json:
        say(json.dumps(found, indent=2))
        return
    width = max(len(name) for entries in found.values() for name in entries)
    for kind, entries in found.items():
        if entries:
            say(f"{kind}\n" + "\n".join(f"  {name.ljust(width)}  {line}" for name, line in entries.items()) + "\n")


def _show(name: str, kind: str, reference: str, as_json: bool) -> None:
    from feint.runs import things
    from feint.runs.experiment import Experiment

    thing: Any = things.loaded(reference)
    told: Any = cast(Experiment[Any], thing).settings if isinstance(thing, Experiment) else thing
    settings = {
        each.name: {
            "type": _type(each.annotation),
            "default": "needed" if each.required else repr(each.default),
            "help": each.help,
        }
        for each in things.settings_of(told)
    }
    doc = inspect.getdoc(told) or ""
    if as_json:
        say(json.dumps({"name": name, "kind": kind, "settings": settings, "doc": doc}, indent=2))
        return
    say(f"{name}: one of the {kind}\n\n{doc}")
    if settings and kind not in ("measures", "metrics"):
        width = max(map(len, settings))
        lines = (f"  {each.ljust(width)}  {of['default']}  ({of['type']})" for each, of in settings.items())
        say("\nsettings and their defaults\n" + "\n".join(lines))
