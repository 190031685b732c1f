"""Where training has got to, as a file: written whole or not at all, read without running code from it."""

import contextlib
import copy
import io
import os
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, final

import torch
from torch import Tensor

from feint.errors import SpecError, StoreError, WeightsError
from feint.training.history import Epoch

State = dict[str, Any]
_FORMAT = "feint.training/1"


@final
@dataclass
class Standing:
    """Where training stands after an epoch.

    Attributes:
        weights: the weights and buffers after the last epoch.
        optimizer: the optimizer's state.
        best_weights: those of the best epoch so far.
        best_epoch: its number; 0 before the first.
        epochs: what happened so far.

    All randomness is derived from the seed and the epoch's number: the number of epochs is the position of the stream.
    """

    weights: State
    optimizer: State
    best_weights: State
    best_epoch: int
    epochs: list[Epoch]


def snapshot(state: State) -> State:
    """A copy that further training does not change."""
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else copy.deepcopy(value)
        for name, value in state.items()
    }


def save(path: Path, standing: Standing, arguments: dict[str, Any]) -> None:
    """Write the file beside its place, then move it there.

    Raises:
        StoreError: it cannot be written.
    """
    content = {
        "format": _FORMAT,
        "arguments": arguments,
        "weights": standing.weights,
        "optimizer": standing.optimizer,
        "best_weights": standing.best_weights,
        "best_epoch": standing.best_epoch,
        "epochs": [asdict(epoch) for epoch in standing.epochs],
    }
    whole = io.BytesIO()  # not the file itself: on a full disk torch's writer raises an error of its own
    torch.save(content, whole)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(whole.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"checkpoint {path} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def load(path: Path, arguments: dict[str, Any]) -> Standing | None:
    """Read where training stood, or None where there is no file yet.

    Raises:
        WeightsError: the file cannot be read as a checkpoint of training.
        SpecError: it was written with other arguments.
    """
    if not path.exists():
        return None
    try:
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise WeightsError(
            f"checkpoint {path} cannot be read ({type(error).__name__}); delete it to start anew"
        ) from error
    if not isinstance(loaded, dict) or cast(State, loaded).get("format") != _FORMAT:
        raise WeightsError(f"checkpoint {path} is not one of feint's training; choose another path")
    content = cast(State, loaded)
    written: dict[str, Any] = content["arguments"]
    differing = [name for name in arguments if written.get(name) != arguments[name]]
    if differing:
        before = ", ".join(f"{name}={written.get(name)!r}" for name in differing)
        now = ", ".join(f"{name}={arguments[name]!r}" for name in differing)
        raise SpecError(f"checkpoint {path} was written with {before}, but this call has {now}; choose another path")
    return Standing(
        weights=content["weights"],
        optimizer=content["optimizer"],
        best_weights=content["best_weights"],
        best_epoch=content["best_epoch"],
        epochs=[Epoch(**epoch) for epoch in content["epochs"]],
    )
