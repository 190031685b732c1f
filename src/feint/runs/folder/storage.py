"""A copy of a run where others can see it, through fsspec: a bucket, a folder; and a run brought back from there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

from feint.errors import SpecError, StoreError

from . import files
from .ledger import check_links


@final
class Storage:
    """A place for runs, a folder of it for each. The run folder stays the truth, and its driver the one writer.

    Args:
        url: as fsspec takes it: ``s3://bucket/runs``, ``memory://runs``, a folder.

    Raises:
        SpecError: there is no such kind of place, or what it takes is not installed.
    """

    def __init__(self, url: str) -> None:
        import fsspec  # pyright: ignore[reportMissingTypeStubs]

        library: Any = fsspec
        try:
            self._system, root = library.core.url_to_fs(url)
        except (ValueError, ImportError, OSError) as error:
            raise SpecError(f"storage: expected a URL that fsspec knows, got {url!r}: {error}") from error
        self._url, self._root = url, str(root).rstrip("/")

    def bring(self, path: Path) -> int:
        """Copy a run's files from there that its folder does not have; how many.

        What was damaged on the way does not match its digest, and is made again.

        Raises:
            StoreError: they cannot be read, or written here; a name there leaves the folder, or a link here does.
        """
        source, count = f"{self._root}/{path.name}", 0
        check_links(path)
        try:
            found: list[str] = self._system.find(source) if self._system.exists(source) else []
        except OSError as error:
            raise StoreError(f"cannot read {self._url}: {error}") from error
        # The ledger's entries last: what they name is there by then.
        for name in sorted(found, key=lambda name: (f"/{path.name}/ledger/" in name, name)):
            place = path / name.split(f"{path.name}/", 1)[1]
            if ".." in place.parts:
                raise StoreError(f"{self._url}: expected files of {path.name}, got {name}, which leaves it")
            if not place.exists():
                files.write_bytes(place, self._system.cat_file(name))
                count += 1
        return count

    def keep(self, path: Path, names: Iterable[str]) -> None:
        """Copy some of a run's files there, in this order.

        Raises:
            StoreError: they cannot be written.
        """
        for name in names:
            if Path(name).is_absolute():
                continue  # delivered elsewhere
            place = f"{self._root}/{path.name}/{name}"
            try:
                self._system.makedirs(place.rpartition("/")[0], exist_ok=True)
                self._system.pipe_file(place, (path / name).read_bytes())
            except OSError as error:
                raise StoreError(f"cannot write {self._url}/{path.name}/{name}: {error}") from error
