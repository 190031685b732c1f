"""The command that a refusal offers: it saves the weights of a pickle as safetensors, where the pickle is trusted."""

import json
import shlex
from pathlib import Path
from typing import Final

WRAPPERS: Final = ("state_dict", "model_state_dict", "model", "network", "net")
"""Under these keys training scripts keep the state dict, or the network itself, beside epochs and optimizers."""

WHOLE: Final = 'torch.load({}, map_location="cpu", weights_only=False)'
SCRIPT: Final = 'torch.jit.load({}, map_location="cpu")'
PICKLE: Final = "pickle.loads(pathlib.Path({}).read_bytes())"


def conversion(path: Path, read: str) -> str:
    """One line of shell that saves the weights of a file as safetensors, whatever the file is called.

    It knows every layout that the loader does: a network, a state dict, or either under one of the usual keys.

    Args:
        path: the file; the line is for its folder.
        read: how Python reads it: one of the forms above.
    """
    name, target = json.dumps(path.name), json.dumps(f"{path.stem}.safetensors")
    code = (
        "import pathlib, pickle, torch; from safetensors.torch import save_file; "
        'whole = lambda o: hasattr(o, "state_dict"); '
        "find = lambda o: o.state_dict() if whole(o) else "
        f"next((find(o[k]) for k in {json.dumps(WRAPPERS)} if k in o and (whole(o[k]) or isinstance(o[k], dict))), o); "
        f"found = find({read.format(name)}); "
        'save_file({k: torch.as_tensor(v).contiguous().clone() for k, v in found.items() if hasattr(v, "shape")}, '
        f"{target})"
    )
    return f"python -c {shlex.quote(code)}"
