"""Networks from a user's own Python file, executed as the user's own code."""

import ast
import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from torch import nn

from feint.errors import FeintError, NetworkError, foreign, said

from .weights import first_line


def thing_from_file(path: Path, name: str) -> object:
    """Execute a file and give one of its names as it stands there: a class, a function, an object.

    Raises:
        NetworkError: there is no such file or name, or the file cannot be executed.
    """
    _check(path, name)
    with _importable(path.resolve().parent):
        module = _execute(path)
        if not hasattr(module, name) and "__getattr__" not in vars(module):
            raise NetworkError(f"{path} has no {name!r}; {_offered(path, classes=True)}")
        return _attribute(module, name, path)


def _check(path: Path, name: str) -> None:
    if not path.is_file():
        raise NetworkError(f"no file at {path}" + (" (it is a folder)" if path.is_dir() else ""))
    if not name:
        raise NetworkError(f"expected {path}:function, got no function; {_offered(path)}")


def load_from_file(path: Path, function: str) -> nn.Module:
    """Execute a file and call one of its functions; see ``load``."""
    _check(path, function)
    with _importable(path.resolve().parent):
        module = _execute(path)
        found = _attribute(module, function, path)
        if isinstance(found, nn.Module):
            return found
        if not callable(found):
            raise NetworkError(
                f"{path}:{function} is of type {type(found).__name__}, expected a function of no arguments"
            )
        if needed := _needed(found):
            raise NetworkError(
                f"{path}:{function} needs arguments ({', '.join(needed)}), expected a function of no arguments"
            )
        with _theirs(path, f"{path}:{function} raised"):
            network: object = found()
    if not isinstance(network, nn.Module):
        raise NetworkError(f"{path}:{function} returned {type(network).__name__}, expected a torch.nn.Module")
    return network


@contextmanager
def _importable(folder: Path) -> Generator[None, None, None]:
    """Let a folder's modules be imported, and forget them afterwards.

    Two users' files may each have a neighbour called ``models``: neither may get the other's.
    """
    neighbours = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }
    neighbours -= sys.stdlib_module_names
    hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in neighbours}
    for name in hidden:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] in neighbours]:
            del sys.modules[name]
        sys.modules.update(hidden)


def _execute(path: Path) -> ModuleType:
    """Run a file as a module of a name of its own."""
    name = f"feint_user_file_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None:
        raise NetworkError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and type hints look their module up
    try:
        with _theirs(path, f"{path} cannot be executed:"):
            # Compiled here and not by the loader, which would write a __pycache__ beside the user's file.
            exec(compile(path.read_bytes(), str(path.resolve()), "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _attribute(module: ModuleType, function: str, path: Path) -> object:
    """A module's attribute, which its own ``__getattr__`` may give."""
    try:
        with _theirs(path, f"{path}:{function} raised", but=(AttributeError,)):
            return getattr(module, function)
    except AttributeError as error:
        if "__getattr__" in vars(module):
            raise NetworkError(f"{path} has no function {function!r}: {first_line(error)}") from error
        raise NetworkError(f"{path} has no function {function!r}; {_offered(path)}") from error


def _offered(path: Path, *, classes: bool = False) -> str:
    """The functions of no arguments or the classes that a file defines, read without executing it, at most eight."""
    try:
        statements = ast.parse(path.read_bytes()).body
    except (SyntaxError, ValueError):
        return "it is not valid Python"
    kind = ast.ClassDef if classes else ast.FunctionDef
    names = [
        each.name
        for each in statements
        if isinstance(each, kind) and not each.name.startswith("_")
        if isinstance(each, ast.ClassDef) or not _wants(each.args)
    ]
    return f"it offers {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else "it offers none"


def _wants(arguments: ast.arguments) -> bool:
    """Whether a function cannot be called without arguments."""
    return len(arguments.posonlyargs + arguments.args) > len(arguments.defaults) or None in arguments.kw_defaults


def _needed(function: object) -> list[str]:
    """The arguments that a function cannot be called without."""
    if not callable(function):
        return []
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # some built-in functions have none
        return []
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.default is each.empty and each.kind not in optional]


@contextmanager
def _theirs(path: Path, what: str, *, but: tuple[type[BaseException], ...] = ()) -> Generator[None]:
    """Inside, what a user's file raises is a NetworkError of its type, its message and the file's line it came from."""

    def told(error: BaseException) -> NetworkError:
        frames, own = traceback.extract_tb(error.__traceback__), str(path.resolve())
        lines = [frame.lineno for frame in frames if frame.filename == own]
        kind, _, reason = said(error).partition(": ")
        return NetworkError(f"{what} {kind}{f' (line {lines[-1]})' if lines else ''}: {reason}")

    with foreign(told, but=(FeintError, *but)):
        yield
