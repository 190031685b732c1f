"""Archives of torch's: how much they say that they hold, compared with what they are, before any of it is read."""

import zipfile
from pathlib import Path


def swollen(path: Path) -> str | None:
    """What is wrong with an archive that would take more memory than its file is long; None where nothing is.

    torch.save and torch.export.save compress nothing, so that the members of an archive together are no longer than the
    file. One whose members are longer, compressed or the same bytes under many names, was made by something else.

    Args:
        path: of any file; one that is no archive, or a damaged one, is left to whoever reads it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            claimed, size = sum(member.file_size for member in archive.infolist()), path.stat().st_size
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError):
        return None
    return f"holds {claimed:,} bytes in a file of {size:,}, and torch compresses nothing" if claimed > size else None
