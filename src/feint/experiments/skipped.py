"""Images that could not be read, noted while a run goes on."""

from typing import final

from feint.data import Dataset
from feint.results import RunFolder

FILE = "skipped.json"


@final
class Skipped:
    """Where images stand that could not be read, and why; kept beside the records, so that resuming loses none."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self.images: list[list[str]] = folder.read_json(FILE, default=[])

    def note(self, cut: Dataset) -> None:
        """Take down what a part of the data left out; before the part's records, which say that it is done."""
        new = [list(where) for where in cut.skipped if list(where) not in self.images]
        if new:
            self.images += new
            self._folder.write_json(FILE, self.images)
