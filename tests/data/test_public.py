import re
from pathlib import Path

import numpy as np
import pytest
import torch

import feint.data
from feint.data import Classes, Dataset, Example, Flaw, Images, Source


def test_public_names():
    assert feint.data.__all__ == [
        "Batch",
        "Classes",
        "Columns",
        "Dataset",
        "Example",
        "Flaw",
        "Images",
        "Mask",
        "Source",
        "Values",
        "load",
    ]


def test_heavy_libraries_are_imported_when_used():
    for path in Path(feint.data.__file__).parent.rglob("*.py"):
        found = re.search(r"^(?:from|import) (PIL|pyarrow|scipy|sklearn|torchvision)\b", path.read_text(), re.MULTILINE)
        assert found is None, f"{path.name} imports {found[1]} at once"


class Stripes:
    """A format of one's own, the way docs/data.md says."""

    inputs = Images
    targets = Classes(("dark", "bright"))
    seekable = True

    def __len__(self) -> int:
        return 5

    def where(self, sample: int) -> str:
        return f"stripe {sample}"

    def read(self, start: int, stop: int):
        for sample in range(start, stop):
            pixels = np.full((2, 2, 1), 60 * sample, dtype=np.uint8)
            yield Flaw(sample, "torn") if sample == 3 else Example(sample, pixels, sample // 3)

    def fingerprint(self) -> str:
        return "stripes"


@pytest.mark.parametrize("held", [False, True])
def test_a_format_of_ones_own(held):
    source = Stripes()
    source.seekable = not held
    assert isinstance(source, Source)
    data = Dataset("stripes", source, on_error="skip", start=1)
    assert torch.cat([batch.samples for batch in data.batches(2)]).tolist() == [1, 2, 4]
    assert data.gather([3, 2, 0]).targets.tolist() == [1, 0]
    assert data.gather([2]).inputs.shape == (0, 1, 2, 2)
    assert data.skipped == [("stripe 3", "torn")]
