"""List what there is: measures, estimators, attacks, architectures and data formats, a line each."""

import argparse
import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from feint.app.output import say

_SOURCE = Path(__file__).parents[1]
_CATALOG = "experiments/catalog.py"
_KINDS = {
    "measures": ((_CATALOG, "MEASURES"), (_CATALOG, "LABEL_MEASURES")),
    "metrics": ((_CATALOG, "METRICS"),),
    "estimators": ((_CATALOG, "ESTIMATORS"),),
    "attacks": ((_CATALOG, "ATTACKS"),),
    "architectures": (("networks/architectures.py", "ARCHITECTURES"),),
    "autoencoders": (("experiments/autoencoder.py", "AUTOENCODERS"),),
    "data": ((_CATALOG, "DATA"),),
}
"""Kind -> the dict literals that name what there is of it, by file."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `feint catalog`."""
    parser.add_argument("--json", action="store_true", help="print it for machines, and nothing else")


def run(options: argparse.Namespace) -> None:
    """Print the catalog."""
    catalog = listing()
    if options.json:
        say(json.dumps(catalog, indent=2))
        return
    width = max(len(name) for entries in catalog.values() for name in entries)
    for kind, entries in catalog.items():
        say(f"{kind}\n" + "\n".join(f"  {name.ljust(width)}  {line}" for name, line in entries.items()) + "\n")


def listing() -> dict[str, dict[str, str]]:
    """Everything by kind: name -> one line. Read out of the source, for to import it all takes seconds."""
    return {kind: dict(entry for place in places for entry in _entries(*place)) for kind, places in _KINDS.items()}


def _entries(file: str, variable: str) -> Iterator[tuple[str, str]]:
    """Name and line of what a dict literal holds."""
    for statement in _parsed(file).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(keys=keys, values=values)) if name == variable:
                yield from (
                    (ast.literal_eval(key), _line(value)) for key, value in zip(keys, values, strict=True) if key
                )
            case _:
                continue


def _line(value: ast.expr) -> str:
    """The line that stands there, or the first one of the docstring of a room's public name."""
    match value:
        case ast.Constant(value=str(line)) | ast.Tuple(elts=[_, ast.Constant(value=str(line))]):
            return line
        case ast.Attribute(value=ast.Name(id=room), attr=name):
            return _first_line(room, name)
        case _:
            raise LookupError(f"expected a line, or a room and a name of it, got {ast.unparse(value)}")


def _first_line(room: str, name: str) -> str:
    for statement in _parsed(f"{room}/__init__.py").body:
        if isinstance(statement, ast.ImportFrom) and any(alias.asname == name for alias in statement.names):
            file = (statement.module or "").removeprefix(f"feint.{room}.").replace(".", "/")
            for found in _parsed(f"{room}/{file}.py").body:
                if isinstance(found, ast.FunctionDef | ast.ClassDef) and found.name == name:
                    return (ast.get_docstring(found) or "").partition("\n")[0]
    raise LookupError(f"{room} has no {name}")


@cache
def _parsed(file: str) -> ast.Module:
    return ast.parse((_SOURCE / file).read_text(encoding="utf-8"))
