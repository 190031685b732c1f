"""The embedded digit network, which every run trains in seconds: once for all tests that are not about its training."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

EMBEDDED = "feint.victims.loading.embedded"


def _once(train: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    """The training, but that a network lies in a folder from then on, and is read from there."""

    @wraps(train)
    def network(*, seed: int, progress: bool) -> Any:
        import torch

        from feint.victims.loading import embedded

        name = hashlib.blake2b(f"{seed} {embedded.RECIPE}".encode()).hexdigest()[:16]
        place = folder / f"{name}.pt"
        if not place.exists():
            begun = folder / f"{name}.{os.getpid()}"
            torch.save(train(seed=seed, progress=progress), begun)
            begun.replace(place)
        return torch.load(place, weights_only=False)

    return network


@contextmanager
def trained_once(folder: Path) -> Iterator[None]:
    """Inside, whoever asks for the network of a seed and recipe has the one that was trained first."""
    from feint.victims.loading import embedded

    train = embedded.trained_digit_network
    embedded.trained_digit_network = _once(train, folder)
    try:
        yield
    finally:
        embedded.trained_digit_network = train


def trained_once_elsewhere(folder: Path) -> Mapping[str, str]:
    """The environment of processes that do so too, and of those that they start."""
    start = f"import runpy\nrunpy.run_path({__file__!r})['begin']({str(folder)!r})\n"
    (folder / "sitecustomize.py").write_text(start)
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([known] if known else [])])}


def begin(folder: str) -> None:
    """In a process that starts: the training is found as it is, and exchanged as soon as it is there."""

    class Exchange(MetaPathFinder):
        def find_spec(
            self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            spec = PathFinder.find_spec(name, path, target) if name == EMBEDDED else None
            loader: Any = spec and spec.loader
            if loader is None:
                return None
            load = loader.exec_module

            def exec_module(module: Any) -> None:
                load(module)
                module.trained_digit_network = _once(module.trained_digit_network, Path(folder))

            loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, Exchange())
