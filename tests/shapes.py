"""The shapes that functions state, checked while tests run; imported before any of them is.

In jaxtyping's words or in those of metrics/inputs: of functions of a module or of a class, and of a dataclass's fields.
jaxtyping's own hook checks every function, at every call, and those inside of functions anew whenever one is made; that
took as long as all else. pyright knows the other types, and what the first calls in a test come to, the ten-thousandth
does too.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from beartype import beartype
from jaxtyping import config, jaxtyped

SOURCES = ("jaxtyping", "feint.metrics.inputs")
"""Where the words for shapes come from."""
FIRST = 20
"""How many calls of a function are checked in a test."""
_test = 0


def next_test() -> None:
    """Calls are counted from here."""
    global _test
    _test += 1


def checked(function: Any) -> Any:
    """A function whose shapes are checked, or a dataclass whose fields' are."""
    whole: Callable[..., Any] = jaxtyped(function, typechecker=beartype)
    if isinstance(function, type):
        return whole
    counted, calls = -1, 0

    @wraps(whole)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal counted, calls
        if counted != _test:
            counted, calls = _test, 0
        calls += 1
        return (whole if calls <= FIRST else function)(*args, **kwargs)

    return call


class Hook(SourceFileLoader, MetaPathFinder):
    """Finds feint's modules where they are, and has their shapes checked."""

    def __init__(self, name: str = "", path: str = "") -> None:
        super().__init__(name, path)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] != "feint":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Hook(spec.loader.name, spec.loader.path)
        return spec

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:
        module = ast.parse(data)
        words = {
            each.asname or each.name
            for node in module.body
            if isinstance(node, ast.ImportFrom) and node.module in SOURCES
            for each in node.names
        }
        if words:
            _decorate(module.body, words)
        return compile(module, path, "exec", dont_inherit=True, optimize=_optimize)

    def get_code(self, fullname: str) -> CodeType:
        """Never from what is cached: that checks nothing."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _decorate(body: Sequence[ast.stmt], words: set[str]) -> None:
    for node in body:
        if isinstance(node, ast.ClassDef):
            if _states([each.annotation for each in node.body if isinstance(each, ast.AnnAssign)], words):
                node.decorator_list.insert(0, _check(node))  # around what @dataclass makes
            _decorate(node.body, words)
        if isinstance(node, ast.FunctionDef) and _states([node.args, node.returns], words):
            node.decorator_list.append(_check(node))


def _states(annotations: Sequence[ast.AST | None], words: set[str]) -> bool:
    every = [each for annotation in annotations if annotation is not None for each in ast.walk(annotation)]
    return any(isinstance(each, ast.Name) and each.id in words for each in every)


def _check(at: ast.stmt) -> ast.expr:
    decorator = ast.parse(f"__import__('sys').modules[{__name__!r}].checked", mode="eval").body
    for each in ast.walk(decorator):
        ast.copy_location(each, at)
    return decorator


sys.meta_path.insert(0, Hook())


@contextmanager
def unchecked() -> Iterator[None]:
    """Inside, no shape is looked at, as with users: for what a wrong shape comes to, and for whole runs, where it would
    take as long as all else. What they are made of is checked in its own room's tests."""
    config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        config.update("jaxtyping_disable", False)
