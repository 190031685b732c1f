"""First lines of docstrings, read out of the source: to import it all takes seconds."""

import ast
from functools import cache
from pathlib import Path

_SOURCE = Path(__file__).parents[2]


def first_line(reference: str) -> str:
    """Of what ``module:Name`` refers to; of a value that is neither class nor function, of its module."""
    module, _, name = reference.partition(":")
    tree = _parsed(module)
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n")[0]
        if isinstance(node, ast.ImportFrom) and any((alias.asname or alias.name) == name for alias in node.names):
            inside = "." * 0 + (node.module or "")
            package = module if _file(module).name == "__init__.py" else module.rpartition(".")[0]
            target = f"{package}.{inside}" if node.level else inside
            return first_line(f"{target}:{name}")
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def _file(module: str) -> Path:
    place = _SOURCE.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


@cache
def _parsed(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(encoding="utf-8"))
