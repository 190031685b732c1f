"""What a training keeps: epochs as a table, weights as arrays, and where they come from."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from feint import networks
from feint.data import Dataset
from feint.errors import SpecError
from feint.runs.work import Array
from feint.training import History, Recipe

from .settings import RecipeSettings, TrainingSettings

EPOCHS = pa.schema(
    [
        pa.field("member", pa.int32()),
        pa.field("epoch", pa.int32()),
        pa.field("training_loss", pa.float64()),
        pa.field("validation_loss", pa.float64()),
        pa.field("validation_accuracy", pa.float64()),
        pa.field("best", pa.bool_()),
    ]
)


def recipe_of(settings: RecipeSettings, **defaults: Any) -> Recipe:
    """The recipe that settings come to."""
    values = settings.model_dump(exclude_none=True)
    size = values.pop("training_batch")
    return Recipe(**{**defaults, **values, "batch_size": size})


def identity(data: Dataset, test: Dataset, network: nn.Module) -> dict[str, Any]:
    """What determines weights beside the settings: both sets, and the network that training begins with."""
    return {
        "images": [data.fingerprint(), test.fingerprint()],
        "begins as": networks.fingerprint(network) + networks.behaviour(network, data.shape, "cpu"),
    }


def arrays_of(module: nn.Module) -> dict[str, Array]:
    """All weights and buffers of a module, by name.

    Raises:
        SpecError: something in its state that is no tensor.
    """
    found: dict[str, Array] = {}
    for name, value in module.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise SpecError(f"network: expected weights and buffers alone to save, got {name} ({type(value).__name__})")
        found[name] = value.detach().cpu().contiguous().numpy()
    return found


def epochs_table(history: History, member: int) -> pa.Table:
    """What happened, epoch by epoch; seconds are none of it, for they are not the same twice."""
    rows = [
        {
            "member": member,
            "epoch": epoch.number,
            "training_loss": epoch.training_loss,
            "validation_loss": epoch.validation_loss,
            "validation_accuracy": epoch.validation_accuracy,
            "best": epoch.number == history.best_epoch,
        }
        for epoch in history.epochs
    ]
    return pa.Table.from_pylist(rows, schema=EPOCHS)


def joined(columns: Mapping[str, list[Array]], schema: pa.Schema) -> pa.Table:
    """Columns that came batch by batch, as a table."""
    found: dict[str, Any] = {name: np.concatenate(columns[name]) for name in schema.names}
    arrays: list[Any] = [pa.array(values) for values in found.values()]
    return pa.Table.from_arrays(arrays, schema=schema)


def provenance(settings: TrainingSettings, data: Dataset, test: Dataset, recipe: Recipe) -> Mapping[str, Any]:
    """What a card says of where its weights come from."""
    return {
        "measured_on": {**settings.tested.plain(), "images": len(test)},
        "trained_on": {**settings.data.plain(), "images": len(data)},
        "recipe": asdict(recipe),
        "seed": settings.seed,
        "threads": settings.threads,
    }
