"""A victim from weights that somebody uploads: safetensors for a built-in architecture, tried before it is kept."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes

from feint import networks
from feint.errors import SpecError, WeightsError
from feint.networks.loading.weights import put_weights
from feint.runs.folder import files
from feint.victims.cards import CARD
from feint.victims.loading.networks import new_network
from feint.victims.settings import NetworkWord

from .warm import Warm

WEIGHTS = "weights-0.safetensors"
MOST_WEIGHTS = 60_000_000


def adopt(kept: Warm, name: str, network: str, place: str, classes: Sequence[str], shape: Sequence[int]) -> str:
    """Keep a victim.

    Args:
        kept: where victims lie.
        name: what to call it.
        network: the architecture's word, whose settings are read too.
        place: the file that was uploaded.
        classes: their names.
        shape: of its images: channels, height, width.

    Returns:
        Its name.

    Raises:
        FeintError: the weights are none, do not fit, or the network does not take such images.
    """
    root = kept.machine.victims
    if (root / name).exists():
        raise SpecError(f"name: expected one that is not taken, got {name!r}")
    word = NetworkWord.of(network)
    channels, height, width = shape
    settings = {"classes": len(classes), **word.settings}
    _check_size(word, settings)
    module = new_network(word.but(settings={}), settings)
    content = Path(place).read_bytes()
    try:
        weights = load_bytes(content)
    except (SafetensorError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0][:200]
        raise WeightsError(f"weights: expected a whole safetensors file, got: {reason}") from error
    put_weights(module, weights, "the upload")
    count = networks.check(module.eval(), (channels, height, width), device="cpu")
    if count != len(classes):
        raise SpecError(f"classes: expected {count} names, one for each output, got {len(classes)}")
    with torch.inference_mode():
        outputs = module(torch.full((1, channels, height, width), 0.5))
    if not bool(torch.isfinite(outputs).all()):
        raise WeightsError("weights: expected finite outputs, got NaN or infinity for a grey image")
    _write(root, name, content, word.but(settings=settings), list(classes), list(shape))
    return name


def _check_size(word: NetworkWord, settings: Mapping[str, Any]) -> None:
    """Raise a SpecError for settings of a network that is too large, before any memory is taken for it."""
    with torch.device("meta"):
        count = sum(weight.numel() for weight in new_network(word.but(settings={}), settings).parameters())
    if count > MOST_WEIGHTS:
        raise SpecError(f"network: expected at most {MOST_WEIGHTS:,} weights, got {count:,}")


def _write(root: Path, name: str, content: bytes, word: NetworkWord, classes: list[str], shape: list[int]) -> None:
    """The folder whole, or not at all."""
    beside = root / f".{name}.{token_hex(4)}"
    card = {
        "name": name,
        "kind": "classifier",
        "network": word.plain(),
        "members": [WEIGHTS],
        "victim": {"estimator": {"name": "softmax"}, "average": "probability"},
        "classes": classes,
        "shape": shape,
        "uploaded": True,
    }
    try:
        files.write_bytes(beside / WEIGHTS, content)
        files.write_bytes(beside / CARD, (json.dumps(card, indent=2) + "\n").encode())
        beside.rename(root / name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
