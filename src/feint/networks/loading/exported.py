"""Programs of torch.export, as networks that behave like any other."""

import hashlib
import io
import json
import logging
import warnings
import zipfile
from pathlib import Path
from typing import Any, Final, cast, final

import torch
from torch import Tensor, nn

from feint.batching import padded_batches
from feint.errors import NetworkError

from .archives import swollen
from .weights import first_line

CONTENT: Final = ("archive_version", "serialized_exported_program.json")
AGAIN: Final = "save it again where it was made, with torch.export.save"


@final
class Exported(nn.Module):
    """A program of torch.export as a module.

    The program was exported in one mode, which cannot be switched: ``train`` and ``eval`` set ``training`` here and do
    nothing to it. If it was exported with a fixed batch size it is run on batches of that size, the last one padded, so
    it still takes any number of images; ``batch_size`` says the size that wastes nothing.

    Attributes:
        program: the callable program.
        batch_size: the only batch size that the program itself takes; None where it takes several.
    """

    def __init__(self, program: nn.Module, smallest: int = 1, largest: int | None = None) -> None:
        """Wrap a program.

        Args:
            program: what ``ExportedProgram.module()`` gives.
            smallest: the smallest batch it takes.
            largest: the largest batch it takes; None for any.
        """
        super().__init__()
        self.program = program
        self.smallest, self.largest = smallest, largest
        self.batch_size = largest if smallest == largest else None

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images in [0, 1], in batches that the program takes."""
        count = len(images)
        if self.largest is not None and count > self.largest:
            size = self.largest
        elif 0 < count < self.smallest:
            size = self.smallest
        else:
            return self.program(images)
        rows = torch.arange(count, device=images.device)
        return torch.cat([self.program(batch)[:kept] for batch, _, kept in padded_batches(images, rows, size)])

    def train(self, mode: bool = True) -> "Exported":
        """Set ``training``, and leave the program in the mode that it was exported in."""
        self.training = mode
        return self

    def extra_repr(self) -> str:
        """The batch sizes, and a digest of the program's code, which the printed form would not show."""
        code = str(getattr(self.program, "code", ""))
        sizes = f"{self.smallest} to {self.largest or 'any'}" if self.batch_size is None else f"{self.batch_size} only"
        return f"batches={sizes}, code={hashlib.sha256(code.encode()).hexdigest()[:16]}"


def load_exported(path: Path) -> Exported:
    """Load a ``.pt2`` file; see ``load``."""
    if not path.is_file():
        raise NetworkError(f"no file at {path}" + (" (it is a folder)" if path.is_dir() else ""))
    if wrong := swollen(path):
        raise NetworkError(f"{path} {wrong}: it is refused")
    _refuse_pickles(path)
    logger = logging.getLogger("torch.export")
    disabled, logger.disabled = logger.disabled, True  # it logs the whole traceback of what is raised below in one line
    try:
        with warnings.catch_warnings():
            # Up to torch 2.11 weights are views of bytes that nothing else holds: writing to them harms nobody.
            warnings.filterwarnings("ignore", "The given buffer is not writable", UserWarning)
            exported: Any = torch.export.load(path)
        program: nn.Module = exported.module()
    except Exception as error:
        raise NetworkError(f"{path} cannot be loaded by torch.export.load: {first_line(error)}; {AGAIN}") from error
    finally:
        logger.disabled = disabled
    for node in exported.graph.nodes:
        if modes := [name for name, value in _arguments(node) if name in ("train", "training") and value is True]:
            raise NetworkError(
                f"{path} was exported in training mode ({node.target} has {modes[0]}=True), expected a program that "
                "was exported after network.eval()"
            )
    return Exported(program, *_batch_sizes(exported, path))


def _arguments(node: Any) -> list[tuple[str, object]]:
    """The arguments of a call in a program's graph, by name."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return []
    names = [argument.name for argument in schema.arguments]
    return [*zip(names, node.args, strict=False), *node.kwargs.items()]


def _batch_sizes(exported: Any, path: Path) -> tuple[int, int | None]:
    """The smallest and largest batch that a program takes."""
    inputs = set(exported.graph_signature.user_inputs)
    images = [node.meta.get("val") for node in exported.graph.nodes if node.op == "placeholder" and node.name in inputs]
    if len(images) != 1 or not isinstance(images[0], Tensor) or images[0].ndim != 4:
        shapes = [tuple(map(str, getattr(image, "shape", ()))) for image in images]
        raise NetworkError(
            f"{path} takes {len(images)} inputs of shapes {shapes}, expected one of (N, channels, height, width)"
        )
    size: Any = images[0].shape[0]
    if isinstance(size, int):
        return size, size
    bounds = exported.range_constraints.get(size.node.expr)
    if bounds is None:
        return 1, None
    # An unbounded dimension is stored as 2 or more, since export tells 0 and 1 apart; the program still takes 1.
    smallest = int(bounds.lower) if bounds.lower > 2 else 1
    return smallest, int(bounds.upper) if bounds.upper < 2**31 else None


def _refuse_pickles(path: Path) -> None:
    """Refuse an archive in which torch.export.load would unpickle code or load compiled code.

    A program remains a program: whoever runs one trusts where it came from, as with a file of Python.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            if damaged is not None:
                raise zipfile.BadZipFile(f"{damaged} is damaged")
            names = archive.namelist()
            if not any(name.rpartition("/")[2] in CONTENT for name in names):  # a cut file may end in a whole inner one
                raise zipfile.BadZipFile(f"it has none of {', '.join(CONTENT)}")
            refused = [name for name in names if _runs_code(name, archive)] if len(set(names)) == len(names) else names
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise NetworkError(f"{path} is not a whole file of torch.export.save: {first_line(error)}") from error
    if refused:
        raise NetworkError(
            f"{path} has pickled or compiled code in it ({refused[0]}) and is refused; expected plain tensors as "
            f"parameters, buffers and example inputs: {AGAIN}"
        )


def _runs_code(name: str, archive: zipfile.ZipFile) -> bool:
    if "/aotinductor/" in name or "/executorch/" in name or name.endswith((".so", ".pkl")):
        return True
    if "/constants/" in name and not name.endswith((".json", ".pt")):
        return not name.rpartition("/")[2].startswith("tensor_")  # the others are pickled objects
    if name.endswith("_config.json"):
        content: Any = json.loads(archive.read(name))
        entries = cast(dict[str, dict[str, object]], content.get("config", {}))
        return any(entry.get("use_pickle") for entry in entries.values())
    if name.endswith(".pt") and archive.getinfo(name).file_size:
        try:
            torch.load(io.BytesIO(archive.read(name)), map_location="cpu", weights_only=True)
        except Exception:
            return True
    return False
