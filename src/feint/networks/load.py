"""A network by name: a user's own file, a library's, an exported program, or a built-in one."""

import re
from pathlib import Path

from torch import nn

from feint.errors import NetworkError

from .architectures import ARCHITECTURES
from .user_file import load_from_file
from .weights import load_weights


def load(name: str, weights: str | Path | None = None) -> nn.Module:
    """Load a network that takes images in [0, 1] and returns logits, in eval mode.

    Args:
        name: ``path/to/file.py:function``, a function of no arguments that returns a module (the file is executed, its
            folder can be imported from meanwhile); or the name of a built-in architecture (``digits``).
        weights: a file for ``load_weights``; None to keep the weights that the network comes with.

    Raises:
        NetworkError: there is no such network, or it cannot be built.
        WeightsError: the weights cannot be read or do not fit.
    """
    if match := re.fullmatch(r"(.+\.py)(?::(.*))?", name):
        network = load_from_file(Path(match[1]).expanduser(), match[2] or "")
    elif name in ARCHITECTURES:
        network = ARCHITECTURES[name][0]()
    else:
        raise NetworkError(f"no network {name!r}; expected file.py:function or one of {', '.join(ARCHITECTURES)}")
    if weights is not None:
        load_weights(network, weights)
    return network.eval()
