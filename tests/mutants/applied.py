"""A fault is put into modules that are imported already: what calls their functions calls the faulty ones.

Processes that a test starts import the package anew; for them the fault is laid into a tree of links to all else.
"""

import importlib
import sys
from functools import cached_property, partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from sample import Mutant


def apply(mutant: Mutant) -> None:
    """Give every function of the file the code that it has with the fault, and every value the faulty one."""
    name = mutant.path.removesuffix(".py").replace("/", ".")
    module = importlib.import_module(name)
    loader: Any = module.__loader__
    compiled = getattr(loader, "source_to_code", partial(compile, mode="exec"))  # shapes checked as they are there
    faulty = ModuleType(name)
    faulty.__dict__.update(__file__=module.__file__, __spec__=module.__spec__, __package__=module.__package__)
    exec(compiled(mutant.source.encode(), module.__file__), faulty.__dict__)
    done = set[int]()
    for key, new in vars(faulty).items():
        old = vars(module).get(key)
        if key.startswith("__") or new is old or _is_changed(old, new, name, done):
            continue
        _replace(key, old, new, module)


def lay(mutant: Mutant, source: Path, tree: Path) -> None:
    """Make a folder that has the package with the fault: what is not on the way to it is linked."""
    path = Path(mutant.path)
    for folder in reversed(path.parents):
        (tree / folder).mkdir(parents=True, exist_ok=True)
        for each in (source / folder).iterdir():
            if each.name not in (*path.parts, "__pycache__"):
                (tree / folder / each.name).symlink_to(each)
    (tree / path).write_text(mutant.source)


def _is_changed(old: Any, new: Any, module: str, done: set[int]) -> bool:
    """Whether it was changed where it is, and needs no new object."""
    if not isinstance(old, type) and not _functions(old):
        return False  # a value, which others may be as well: True is everybody's
    if id(old) in done:
        return True
    done.add(id(old))
    if isinstance(old, type) and isinstance(new, type):
        if old.__module__ == module:
            _change_class(old, new, done)
        return True
    before, after = _functions(old), _functions(new)
    for one, other in zip(before, after, strict=False):
        if one is other or one.__module__ != module:
            continue
        done.add(id(one))
        one.__code__ = other.__code__
        one.__defaults__, one.__kwdefaults__ = other.__defaults__, other.__kwdefaults__
        for cell, changed in zip(one.__closure__ or (), other.__closure__ or (), strict=False):
            _is_changed(cell.cell_contents, changed.cell_contents, module, done)
    return bool(before)


def _functions(value: Any) -> list[FunctionType]:
    """A function and all that it is wrapped around."""
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    if isinstance(value, cached_property):
        value = value.func
    if isinstance(value, property):
        return [each for part in (value.fget, value.fset) for each in _functions(part)]
    found = list[FunctionType]()
    while isinstance(value, FunctionType):
        found.append(value)
        value = getattr(value, "__wrapped__", None)
    return found


def _change_class(old: type, new: type, done: set[int]) -> None:
    for key, value in vars(new).items():
        had = vars(old).get(key)
        if key in ("__dict__", "__weakref__", "__doc__", "__module__") or value is had:
            continue
        if not _is_changed(had, value, old.__module__, done) and not key.startswith(("__", "_abc")):
            try:
                setattr(old, key, value)
            except (AttributeError, TypeError):
                continue


def _replace(key: str, old: Any, new: Any, module: ModuleType) -> None:
    """A value, where it was defined and wherever it was imported to."""
    if isinstance(new, ModuleType):
        return
    for each in list(sys.modules.values()):
        if each is module or (each.__name__.startswith(("feint", "tests")) and vars(each).get(key, module) is old):
            vars(each)[key] = new
