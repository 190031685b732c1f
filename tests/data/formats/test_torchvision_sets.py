import numpy as np
import PIL.Image
import pytest
import torch
import torchvision

from feint.data import load
from feint.errors import DataError

from ..files import pictures, write_mnist


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEINT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Some:
    """A data set with ``split=``, names of several words, and a broken image."""

    classes = (("ape", "monkey"), ("bee",))

    def __init__(self, root: str, split: str = "train", download: bool = False) -> None:
        if split not in ("train", "val"):
            raise ValueError(f"Unknown value '{split}' for argument split.\nValid are train, val.")
        assert download
        self.images = pictures(6, 4, 4, 3, seed=len(split))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int):
        if index == 4:
            raise OSError("image file is truncated")
        return PIL.Image.fromarray(self.images[index]), index % 2


class Unnamed(Some):
    """A data set with ``train=`` and no names."""

    classes = None

    def __init__(self, root: str, train: bool = True, download: bool = False) -> None:
        super().__init__(root, "train" if train else "val", download)
        self.targets = torch.arange(6) % 2


class Segmentation(Unnamed):
    def __getitem__(self, index: int):
        return PIL.Image.fromarray(self.images[index]), PIL.Image.fromarray(self.images[index])


@pytest.fixture(autouse=True)
def offer(monkeypatch):
    monkeypatch.setattr(torchvision.datasets, "__all__", [*torchvision.datasets.__all__, *(c.__name__ for c in SETS)])
    for each in SETS:
        monkeypatch.setattr(torchvision.datasets, each.__name__, each, raising=False)


SETS = (Some, Unnamed, Segmentation)


def test_mnist_as_torchvision_keeps_it(cache):
    raw = cache / "MNIST" / "raw"
    raw.mkdir(parents=True)
    images = pictures(5, 28, 28)
    for prefix in ("train", "t10k"):
        write_mnist(raw, prefix, images, np.arange(5))
    data = load("torchvision:MNIST")
    assert (len(data), data.shape, data.classes[0]) == (5, (1, 28, 28), "0 - zero")
    (batch,) = data.take(1, 4).batches(9)
    assert torch.equal(batch.inputs, torch.as_tensor(images[1:4, None]).float() / 255)
    assert batch.targets.tolist() == [1, 2, 3]
    assert data.fingerprint() != load("torchvision:MNIST", split="train").fingerprint()
    before, images[3] = data.fingerprint(), images[3] ^ 1
    write_mnist(raw, "t10k", images, np.arange(5))
    assert load("torchvision:MNIST").fingerprint() != before
    images[3] ^= 1
    write_mnist(raw, "t10k", images, np.arange(5)[::-1])
    assert load("torchvision:MNIST").fingerprint() != before


def test_a_set_with_splits():
    data = load("torchvision:Some", split="val", on_error="skip")
    assert data.classes == ("ape, monkey", "bee")
    assert [batch.samples.tolist() for batch in data.batches(9)] == [[0, 1, 2, 3, 5]]
    assert data.skipped == [
        ("torchvision:Some/val: image 4", "expected an image that decodes, got: image file is truncated")
    ]
    with pytest.raises(
        DataError, match="torchvision:Some: expected split 'test' of it, got: Unknown value 'test'"
    ) as raised:
        load("torchvision:Some")
    assert "\n" not in str(raised.value)


def test_a_set_without_names():
    assert load("torchvision:Unnamed").classes == ("0", "1")
    with pytest.raises(DataError, match="expected split 'train' or 'test', got 'val'"):
        load("torchvision:Unnamed", split="val")


def test_fingerprint_of_a_set_without_an_array(monkeypatch):
    before = load("torchvision:Unnamed").fingerprint()
    assert load("torchvision:Unnamed").fingerprint() == before
    build = Unnamed.__init__

    def other_pixels(self, root, train=True, download=False):
        build(self, root, train, download)
        self.images[3] ^= 1

    def other_labels(self, root, train=True, download=False):
        build(self, root, train, download)
        self.targets[4] = 1

    for other in (other_pixels, other_labels):
        monkeypatch.setattr(Unnamed, "__init__", other)
        assert load("torchvision:Unnamed").fingerprint() != before


def test_a_set_for_something_else():
    with pytest.raises(DataError, match="expected an image and a class index, got Image and Image"):
        list(load("torchvision:Segmentation").batches(2))


@pytest.mark.parametrize("name", ["Nothing", "ImageFolder", "FakeData", "__all__", ""])
def test_names_that_are_no_data_set(name):
    with pytest.raises(DataError, match=f"expected the name of a data set in torchvision.datasets, got '{name}'"):
        load(f"torchvision:{name}")
