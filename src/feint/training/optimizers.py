"""Torch's optimizers, without what their first use would import."""

import inspect
from typing import Any, Final, cast

import torch
from torch import nn
from torch.optim import SGD, Adam, Optimizer

from feint.errors import InputError
from feint.training.recipe import Recipe


def eager(kind: type[Optimizer]) -> type[Optimizer]:
    """A kind of optimizer, the same to the bit, that does not import ``torch._dynamo``.

    Torch wraps a few methods to tell its compiler that it must not look into them, and imports all of that, for three
    seconds of processor time, when the first of them is called. Nothing is compiled here.
    """
    names = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")
    methods: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in names}
    step: Any = inspect.unwrap(cast(Any, kind).step)
    return type(kind.__name__, (kind,), {**methods, "step": torch.no_grad()(step)})


_ADAM: Final[Any] = eager(Adam)
_SGD: Final[Any] = eager(SGD)


def optimizer_of(module: nn.Module, recipe: Recipe) -> Optimizer:
    """The recipe's optimizer for the weights that learn.

    Raises:
        InputError: there are none.
    """
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not parameters:
        raise InputError(f"training expects parameters that require gradients, got none in {type(module).__name__}")
    if recipe.optimizer == "adam":
        return _ADAM(parameters, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return _SGD(parameters, lr=recipe.learning_rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
