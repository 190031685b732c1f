"""The binary formats in which CIFAR-10, STL-10 and SVHN are published."""

import numpy as np
import pytest
import scipy.io
import torch

from feint.data import load
from feint.errors import DataError

from ..files import pictures


def as_float(images):
    return torch.as_tensor(images).permute(0, 3, 1, 2).float() / 255


def write_cifar(path, images, labels):
    records = [bytes([label]) + image.transpose(2, 0, 1).tobytes() for image, label in zip(images, labels, strict=True)]
    path.write_bytes(b"".join(records))


@pytest.fixture
def cifar(tmp_path):
    images = pictures(8, 32, 32, 3)
    write_cifar(tmp_path / "data_batch_1.bin", images[:3], [9, 1, 2])
    write_cifar(tmp_path / "data_batch_2.bin", images[3:], [3, 4, 5, 6, 7])
    write_cifar(tmp_path / "test_batch.bin", images[:2], [0, 1])
    (tmp_path / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    return tmp_path, images


def test_cifar(cifar):
    folder, images = cifar
    train = load(folder, split="train")
    assert (len(train), train.shape, train.classes, len(load(folder))) == (8, (3, 32, 32), tuple("abcdefghij"), 2)
    (batch,) = train.take(2, 6).batches(9)
    assert torch.equal(batch.inputs, as_float(images[2:6]))
    assert batch.targets.tolist() == [2, 3, 4, 5]
    assert torch.equal(train.gather([7, 0]).inputs, as_float(images[[7, 0]]))
    (folder / "batches.meta.txt").unlink()
    assert load(folder).classes == tuple("0123456789")


def test_cifar_errors(cifar):
    folder, images = cifar
    with pytest.raises(DataError, match="expected split 'train' or 'test', got 'val'"):
        load(folder, split="val")
    write_cifar(folder / "data_batch_2.bin", images[:2], [0, 10])
    with pytest.raises(DataError, match=r"data_batch_2.bin: image 1: expected a label from 0 to 9, got 10"):
        list(load(folder, split="train").batches(8))
    (folder / "data_batch_2.bin").write_bytes(bytes(5000))
    with pytest.raises(DataError, match="expected whole records of 3073 bytes, got 1 and 1927 bytes more"):
        load(folder, split="train")
    (folder / "test_batch.bin").unlink()
    with pytest.raises(DataError, match=r"expected test_batch.bin for split 'test', got no such file"):
        load(folder)


@pytest.fixture
def stl(tmp_path):
    images = pictures(4, 96, 96, 3)
    (tmp_path / "test_X.bin").write_bytes(images.transpose(0, 3, 2, 1).tobytes())
    (tmp_path / "test_y.bin").write_bytes(bytes([1, 10, 3, 2]))
    (tmp_path / "class_names.txt").write_text("\n".join("abcdefghij"))
    return tmp_path, images


def test_stl(stl):
    folder, images = stl
    data = load(folder)
    assert (data.shape, data.classes) == ((3, 96, 96), tuple("abcdefghij"))
    (batch,) = data.take(1, 4).batches(9)
    assert torch.equal(batch.inputs, as_float(images[1:]))
    assert batch.targets.tolist() == [9, 2, 1]


@pytest.mark.parametrize(
    ("labels", "message"),
    [([1, 2, 3], "got 3 labels for 4 images"), ([1, 0, 1, 1], "expected labels from 1, got 0 at image 1")],
)
def test_stl_labels(stl, labels, message):
    folder, _ = stl
    (folder / "test_y.bin").write_bytes(bytes(labels))
    with pytest.raises(DataError, match=message):
        load(folder)


def test_stl_labels_outside_the_names(stl):
    folder, _ = stl
    (folder / "class_names.txt").write_text("a\nb")
    with pytest.raises(DataError, match="image 1: expected a label from 0 to 1, got 9"):
        list(load(folder).batches(4))


def test_stl_without_a_split(stl):
    with pytest.raises(DataError, match=r"train_X.bin: expected a file of 27648-byte records, got no such file"):
        load(stl[0], split="train")
    with pytest.raises(DataError, match="got 'unlabeled'"):
        load(stl[0], split="unlabeled")


@pytest.fixture
def svhn(tmp_path):
    images = pictures(5, 32, 32, 3)
    labels = np.array([[1], [10], [9], [10], [2]], dtype=np.uint8)
    arrays = {"X": images.transpose(1, 2, 3, 0), "y": labels}
    scipy.io.savemat(tmp_path / "test_32x32.mat", arrays, do_compression=True)
    return tmp_path, images


def test_svhn(svhn):
    folder, images = svhn
    for source in (folder, folder / "test_32x32.mat"):
        data = load(source)
        assert (data.shape, data.classes) == ((3, 32, 32), tuple("0123456789"))
        (batch,) = data.take(1, 4).batches(9)
        assert torch.equal(batch.inputs, as_float(images[1:4]))
        assert batch.targets.tolist() == [0, 9, 0]
    with pytest.raises(DataError, match=r"expected train_32x32.mat for split 'train', got test_32x32.mat"):
        load(folder, split="train")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros((3, 32, 32, 2), np.uint8), "y": [[1], [2]]}, r"expected X of shape \(32, 32, 3, N\)"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8)}, r"expected X of shape \(32, 32, 3, N\)"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": [[1], [11]]}, "expected labels from 1 to 10, got 1 to 11"),
        ({"X": np.zeros((32, 32, 3, 2), np.uint8), "y": [[1], [1], [1]]}, "got 3 labels for 2 images"),
    ],
)
def test_svhn_errors(tmp_path, arrays, message):
    scipy.io.savemat(tmp_path / "test_32x32.mat", arrays)
    with pytest.raises(DataError, match=message):
        load(tmp_path)


def test_svhn_of_other_numbers(tmp_path):
    scipy.io.savemat(tmp_path / "test_32x32.mat", {"X": np.zeros((32, 32, 3, 2)), "y": [[1], [2]]})
    with pytest.raises(DataError, match="expected X as uint8, got float64"):
        list(load(tmp_path).batches(2))


def test_svhn_damaged(tmp_path):
    (tmp_path / "test_32x32.mat").write_bytes(b"not MATLAB")
    with pytest.raises(DataError, match=r"test_32x32.mat: expected a MATLAB file before version 7.3, got: "):
        load(tmp_path)
