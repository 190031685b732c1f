"""feint: how far a deep model's uncertainty can be trusted once somebody attacks it.

The names below are imported when they are first used, so that `import feint` costs no torch.

    feint.data.load, feint.networks.load    images and networks from what a user has
    feint.Softmax, MCDropout, DeepEnsemble  networks -> Categorical
    feint.measures                          Categorical -> uncertainty
    feint.ACE, Budget                       the attack
    feint.metrics                           uncertainty and errors -> numbers and curves
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import attacks as attacks
    from . import data as data
    from . import errors as errors
    from . import estimators as estimators
    from . import experiments as experiments
    from . import measures as measures
    from . import metrics as metrics
    from . import networks as networks
    from . import training as training
    from .attacks import ACE as ACE
    from .attacks import Budget as Budget
    from .errors import FeintError as FeintError
    from .estimators import DeepEnsemble as DeepEnsemble
    from .estimators import MCDropout as MCDropout
    from .estimators import Softmax as Softmax
    from .estimators import fit_temperature as fit_temperature
    from .predictive import Categorical as Categorical

_ROOMS = {
    "attacks": ("ACE", "Budget"),
    "data": (),
    "errors": ("FeintError",),
    "estimators": ("DeepEnsemble", "MCDropout", "Softmax", "fit_temperature"),
    "experiments": (),
    "measures": (),
    "metrics": (),
    "networks": (),
    "predictive": ("Categorical",),
    "training": (),
}
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "ACE",
    "Budget",
    "Categorical",
    "DeepEnsemble",
    "FeintError",
    "MCDropout",
    "Softmax",
    "attacks",
    "data",
    "errors",
    "estimators",
    "experiments",
    "fit_temperature",
    "measures",
    "metrics",
    "networks",
    "training",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _ROOMS:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
