"""What a network is and does, as short strings."""

import hashlib
import re
from typing import cast

import torch
from torch import Tensor, nn

from feint.errors import NetworkError, foreign, said
from feint.predictive import Categorical

from .check import as_found


def fingerprint(network: nn.Module) -> str:
    """Digest a network: its printed form, and the names, shapes, types and bytes of its weights and buffers.

    The same on every device, in either mode, and whatever memory layout the weights have. Code that the printed form
    does not show (what ``forward`` does) is not part of it.

    Returns:
        sha256, 64 hexadecimal digits.

    >>> fingerprint(nn.ReLU()) == fingerprint(nn.ReLU()), fingerprint(nn.ReLU()) == fingerprint(nn.GELU())
    (True, False)
    """
    digest = hashlib.sha256()
    # Lambdas and the like print their address in memory, which differs from run to run.
    digest.update(re.sub(r" at 0x[0-9a-fA-F]+", "", f"{type(network).__qualname__}\n{network!r}").encode())
    entries: dict[str, object] = {**network.state_dict(), **dict(network.named_buffers())}
    for name, value in sorted(entries.items()):
        if not isinstance(value, Tensor):  # a module's extra state
            digest.update(f"\n{name} {value!r}".encode())
            continue
        digest.update(f"\n{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def behaviour(network: nn.Module, shape: tuple[int, int, int], device: torch.device | str = "cpu") -> str:
    """Digest what a network does: its logits, to four digits, for eight images of noise that are always the same.

    What ``fingerprint`` cannot see, the code of ``forward``, shows here.

    Args:
        network: a module on ``device``; its modes are left as they were found.
        shape: an image's channels, height and width.
        device: where the images are put.

    Returns:
        sha256, 64 hexadecimal digits.
    """
    images = torch.rand(8, *shape, generator=torch.Generator().manual_seed(0)).to(device)

    def told(error: BaseException) -> NetworkError:
        return NetworkError(f"the network: expected logits for images of noise, got {said(error)}")

    with as_found(network), torch.no_grad(), foreign(told):
        found: object = network.eval()(images)
    logits = found.mean_log_probs if isinstance(found, Categorical) else found
    assert isinstance(logits, Tensor)
    return hashlib.sha256(
        " ".join(f"{value:.3e}" for value in cast(list[float], logits.flatten().cpu().numpy().tolist())).encode()
    ).hexdigest()
