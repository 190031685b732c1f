"""feint: how far a deep model's uncertainty can be trusted once somebody attacks it.

The names below are imported when they are first used, so that `import feint` costs no torch.

    feint.audit(network, images, labels, radii=[8 / 255])    attack a classifier's confidence, and report on it
    feint.attack, feint.detect, feint.span                   labels attacked, attacks detected, confidence moved
    feint.run("audit", victim="lenet", data="path/to/mnist") any experiment, on its settings
    feint.data.load, feint.networks.load                     images and networks from what a user has
    feint.Softmax, MCDropout, DeepEnsemble                   networks -> Categorical
    feint.measures                                           Categorical -> uncertainty
    feint.ACE, Budget                                        the attack
    feint.metrics                                            uncertainty and errors -> numbers and curves
"""

from importlib import import_module, metadata
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
    from . import reports as reports
    from . import training as training

    __version__: str

    from .app.python import attack as attack
    from .app.python import audit as audit
    from .app.python import detect as detect
    from .app.python import run as run
    from .app.python import span as span
    from .attacks import ACE as ACE
    from .attacks import Budget as Budget
    from .errors import FeintError as FeintError
    from .estimators import DeepEnsemble as DeepEnsemble
    from .estimators import MCDropout as MCDropout
    from .estimators import Softmax as Softmax
    from .estimators import fit_temperature as fit_temperature
    from .experiments.audit.settings import AuditSettings as AuditSettings
    from .predictive import Categorical as Categorical

_ROOMS = (
    "attacks",
    "data",
    "errors",
    "estimators",
    "experiments",
    "measures",
    "metrics",
    "networks",
    "reports",
    "training",
)
_HOMES = {
    "ACE": "attacks",
    "AuditSettings": "experiments.audit.settings",
    "Budget": "attacks",
    "Categorical": "predictive",
    "DeepEnsemble": "estimators",
    "FeintError": "errors",
    "MCDropout": "estimators",
    "Softmax": "estimators",
    "attack": "app.python",
    "audit": "app.python",
    "detect": "app.python",
    "fit_temperature": "estimators",
    "run": "app.python",
    "span": "app.python",
}

__all__ = [
    "ACE",
    "AuditSettings",
    "Budget",
    "Categorical",
    "DeepEnsemble",
    "FeintError",
    "MCDropout",
    "Softmax",
    "attack",
    "attacks",
    "audit",
    "data",
    "detect",
    "errors",
    "estimators",
    "experiments",
    "fit_temperature",
    "measures",
    "metrics",
    "networks",
    "reports",
    "run",
    "span",
    "training",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        value: object = metadata.version("feint")
    elif name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _ROOMS:
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
