"""What outlives a run: files that are written whole, with digests that the ledger keeps."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, final

from . import files


@final
class Delivery:
    """Writes files, and remembers their digests.

    Args:
        folder: the run's; relative places lie in it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: dict[str, str] = {}

    def write(self, place: Path | str, writer: Callable[[BinaryIO], object]) -> None:
        """Write a file through a callback: whole, or not at all.

        Raises:
            StoreError: it cannot be written.
        """
        path = self._folder / place
        self.written[str(path.absolute() if Path(place).is_absolute() else place)] = files.write(path, writer)

    def write_json(self, place: Path | str, value: Mapping[str, Any]) -> None:
        """Write a file of JSON."""
        self.write_bytes(place, files.json_bytes(value))

    def write_bytes(self, place: Path | str, content: bytes) -> None:
        """Write a file."""
        self.write(place, lambda file: file.write(content))
