"""A network by name: a user's own file, a library's, an exported program, or a built-in one."""

import re
from collections import OrderedDict
from pathlib import Path
from typing import Final

from torch import nn

from feint.errors import NetworkError
from feint.networks.architectures import ARCHITECTURES

from .exported import Exported, load_exported
from .libraries import build_for, load_from_timm, load_from_torchvision
from .user_file import load_from_file
from .weights import put_weights, read_weights

EXPECTED: Final = "path/to/file.py:function, torchvision:NAME, timm:NAME, path/to/file.pt2 or one of "


def load(name: str, weights: str | Path | None = None, *, allow_code: bool = False) -> nn.Module:
    """Load a network that takes images in [0, 1] and returns logits, in eval mode, on the CPU.

    Args:
        name: one of

            - ``path/to/file.py:function``, a function of no arguments that returns a module; the file is executed, and
              its folder can be imported from until the function returns;
            - ``torchvision:NAME`` or ``timm:NAME``, built without downloading and randomly drawn unless there are
              weights, behind a ``Normalize`` with the mean and std of that network's published weights;
            - ``path/to/file.pt2``, a program of torch.export: see ``Exported``; it can run any code;
            - a built-in architecture: see ``ARCHITECTURES``.
        weights: a file for ``load_weights``; None to keep the weights that the network comes with. Networks that are
            built here take the number of classes from its last layer.
        allow_code: load a ``.pt2``, which is refused otherwise.

    Raises:
        NetworkError: there is no such network, or it cannot be built.
        WeightsError: the weights cannot be read or do not fit.
    """
    state = None if weights is None else read_weights(weights)
    library, _, entry = name.partition(":")
    if match := re.fullmatch(r"(.+\.py)(?::(.*))?", name):
        network = inner = load_from_file(Path(match[1]).expanduser(), match[2] or "")
    elif library in ("torchvision", "timm"):
        inner, normalize = (load_from_torchvision if library == "torchvision" else load_from_timm)(entry, state)
        network = nn.Sequential(OrderedDict(normalize=normalize, network=inner))
    elif name.endswith(".pt2"):
        if Path(name).expanduser().is_file() and not allow_code:
            raise NetworkError(
                f"{name}: expected --allow-code (in Python: allow_code=True) to load a program that runs code, got none"
            )
        network = load_exported(Path(name).expanduser())
        inner = network.program
    elif name in ARCHITECTURES:
        network = inner = build_for(ARCHITECTURES[name][0], "classes", state)
    else:
        hint = "; a file of weights goes with one of them as its weights" if Path(name).is_file() else ""
        raise NetworkError(f"no network {name!r}, expected {EXPECTED}{', '.join(ARCHITECTURES)}{hint}")
    if any(value.is_meta for value in (*network.parameters(), *network.buffers())):
        raise NetworkError(f"{name}: expected a network with weights, got one of shapes alone (device 'meta')")
    if weights is not None and state is not None:
        put_weights(inner, state, weights)
    try:
        return network.eval()
    except NotImplementedError:  # a program of torch.export that a user's function returned
        return Exported(network).eval()
