import re

import numpy as np
import pytest
import torch

from feint.data import load
from feint.errors import DataError

from ..files import pictures, write_idx, write_mnist


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(("split", "prefix"), [("train", "train"), ("test", "t10k")])
def test_a_folder_and_a_file(tmp_path, suffix, split, prefix):
    images, labels = pictures(9, 5, 4), np.arange(9) % 4
    write_mnist(tmp_path, "train" if prefix == "t10k" else "t10k", images[:2], labels[:2], suffix)
    file = write_mnist(tmp_path, prefix, images, labels, suffix)
    for source in (tmp_path, file):
        data = load(source, split=split)
        assert (len(data), data.shape, data.classes) == (9, (1, 5, 4), ("0", "1", "2", "3"))
        batch = next(data.take(3, 9).batches(99))
        assert torch.equal(batch.inputs, torch.as_tensor(images[3:, None]).float() / 255)
        assert batch.targets.tolist() == labels[3:].tolist()
        assert torch.equal(data.gather([8, 3]).inputs, batch.inputs[[5, 0]])


def test_of_both_kinds_the_one_not_gzipped_is_read(tmp_path):
    write_mnist(tmp_path, "t10k", pictures(2, 3, 3), np.zeros(2), ".gz")
    file = write_mnist(tmp_path, "t10k", pictures(2, 3, 3), np.zeros(2))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(b"")
    assert load(tmp_path).fingerprint() == load(file).fingerprint()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_cut_short_still_gives_what_is_there(tmp_path, suffix):
    images = pictures(500, 20, 20)
    file = write_mnist(tmp_path, "t10k", images, np.zeros(500), suffix)
    file.write_bytes(file.read_bytes()[: 150 * 400])
    data = load(file)
    assert torch.equal(next(data.take(40, 100).batches(60)).inputs, torch.as_tensor(images[40:100, None]).float() / 255)
    with pytest.raises(DataError, match=r"t10k-images.*: expected \d+ bytes, got a (file cut short|damaged file)"):
        list(data.batches(64))


def test_wrong_magic_number(tmp_path):
    file = write_mnist(tmp_path, "t10k", pictures(2, 3, 3), np.zeros(2))
    write_idx(file, pictures(2, 3, 3), magic=0x0D03)
    with pytest.raises(DataError, match="expected an idx file with magic number 2051, got 3331"):
        load(tmp_path)


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_images_without_pixels(tmp_path, shape):
    write_mnist(tmp_path, "t10k", np.zeros((2, *shape), np.uint8), np.zeros(2))
    with pytest.raises(DataError, match="expected images with pixels, got {}x{}".format(*shape)):
        load(tmp_path)


def test_labels_missing_fewer_or_no_labels_at_all(tmp_path):
    file = write_mnist(tmp_path, "t10k", pictures(3, 3, 3), np.zeros(2))
    with pytest.raises(DataError, match="expected as many labels as images, got 2 labels for 3 images"):
        load(tmp_path)
    labels = tmp_path / "t10k-labels-idx1-ubyte"
    with pytest.raises(DataError, match="expected the idx file of the images"):
        load(labels)
    labels.unlink()
    with pytest.raises(DataError, match=re.escape("expected its labels beside it as t10k-labels-idx1-ubyte or")):
        load(file)


def test_gzip_in_name_only(tmp_path):
    file = write_mnist(tmp_path, "t10k", pictures(3, 3, 3), np.zeros(3), ".gz")
    file.write_bytes(b"\x1f\x8b and then something else")
    with pytest.raises(DataError, match="expected 16 bytes, got a damaged file"):
        load(file)


@pytest.mark.parametrize(("split", "message"), [("val", "expected split .*, got 'val'"), ("train", "t10k")])
def test_a_split_that_is_not_there(tmp_path, split, message):
    write_mnist(tmp_path, "t10k", pictures(3, 3, 3), np.zeros(3))
    with pytest.raises(DataError, match=message):
        load(tmp_path, split=split)
