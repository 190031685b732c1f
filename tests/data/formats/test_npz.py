import re
import zipfile

import numpy as np
import pytest
import torch

from feint.data import load
from feint.errors import DataError

from ..files import pictures


def write(folder, **arrays):
    np.savez_compressed(folder / "a.npz", **arrays)
    return folder / "a.npz"


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_shapes_orders_and_types(tmp_path, shape, order, dtype):
    images = pictures(7, *shape)
    if dtype != "uint8":
        images = (images / 255).astype(dtype)
    path = write(tmp_path, images=np.asarray(images, order=order), labels=np.arange(7, dtype=np.uint8))
    data = load(path)
    assert data.shape == (shape[2] if len(shape) == 3 else 1, 4, 5)
    assert data.classes == tuple("0123456")
    (batch,) = data.take(2, 6).batches(9)
    expected = torch.as_tensor(images[2:6].reshape(4, 4, 5, -1)).permute(0, 3, 1, 2).float()
    assert torch.equal(batch.inputs, expected / 255 if dtype == "uint8" else expected)
    assert batch.targets.tolist() == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": pictures(2, 3, 8, 8)}, r"1 or 3 channels, got (2, 3, 8, 8); channels come last"),
        ({"images": pictures(2, 8)}, "(N, height, width, channels) with 1 or 3 channels, got (2, 8)"),
        ({"images": pictures(2, 8, 8).astype(int)}, "expected images as uint8 or float in [0, 1], got int64"),
        ({"images": np.array([None, None])}, "got Python objects, which would have to be unpickled: refused"),
        ({"labels": np.array([0, None])}, "expected numbers in labels, got Python objects"),
        ({"labels": np.array([0, -1])}, "expected labels from 0 to 999999, got -1 to 0 (the first such at image 1)"),
        ({"labels": np.array([0.0, 1.0])}, "expected integer labels, got float64"),
        ({"labels": np.array([[0], [1]])}, "expected labels of shape (N,), got shape (2, 1)"),
        ({"labels": np.array([0])}, "expected as many labels as images, got 1 labels for 2 images"),
    ],
)
def test_arrays_that_are_refused(tmp_path, arrays, message):
    path = write(tmp_path, **{"images": pictures(2, 8, 8), "labels": np.array([0, 1])} | arrays)
    with pytest.raises(DataError, match=re.escape(message)) as raised:
        load(path, on_error="skip")
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_names_that_are_not_expected(tmp_path):
    with pytest.raises(DataError, match="expected arrays 'images' and 'labels', or 'X' and 'y', got x, y"):
        load(write(tmp_path, x=pictures(1, 2, 2), y=np.array([0])))


def test_floats_close_to_the_bounds_are_clamped_and_others_refused(tmp_path):
    images = np.full((2, 2, 2), 0.5)
    images[0, 0] = -1e-7, 1 + 1e-7
    labels = np.array([0, 0])
    batch = next(load(write(tmp_path, images=images, labels=labels)).batches(2))
    assert batch.inputs[0, 0, 0].tolist() == [0, 1]
    images[1] = 255
    with pytest.raises(DataError, match=r"a.npz: image 1: expected float pixels in \[0, 1\], got 255 to 255"):
        list(load(write(tmp_path, images=images, labels=labels), on_error="skip").batches(2))


def test_nan_is_an_error_or_skipped(tmp_path):
    images = np.full((4, 2, 2), 0.5)
    images[2, 0, 0] = np.nan
    path = write(tmp_path, images=images, labels=np.arange(4))
    with pytest.raises(DataError, match=r"a\.npz: image 2: expected pixels in .*, got NaN at 1 of 4 values"):
        list(load(path).batches(4))
    data = load(path, on_error="skip")
    assert [batch.samples.tolist() for batch in data.batches(2)] == [[0, 1], [3]]
    assert data.skipped == [(f"{path}: image 2", "expected pixels in [0, 1], got NaN at 1 of 4 values")]
    assert data.gather([3, 2, 0]).samples.tolist() == [3, 0]
    assert len(data.skipped) == 1


def test_only_nan(tmp_path):
    path = write(tmp_path, images=np.full((2, 2, 2), np.nan), labels=np.zeros(2, int))
    data = load(path, on_error="skip")
    for use in (lambda: data.shape, lambda: list(data.batches(2)), lambda: data.gather([0])):
        with pytest.raises(DataError, match="expected at least one readable image of 2, got none"):
            use()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"x" * 500])
def test_files_that_are_no_zip(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz: expected a readable \.npz file, got: File is not a zip file"):
        load(tmp_path / "a.npz")


def test_only_what_is_asked_for_is_decompressed(tmp_path):
    images = pictures(300, 64, 64, 3)
    path = write(tmp_path, images=images, labels=np.zeros(300, int))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("images.npy").compress_size
    content[size // 2 : size // 2 + 1000] = bytes(1000)
    path.write_bytes(content)
    data = load(path)
    (batch,) = data.take(0, 50).batches(50)
    assert torch.equal(batch.inputs, torch.as_tensor(images[:50]).permute(0, 3, 1, 2).float() / 255)
    with pytest.raises(DataError, match=r"a\.npz: expected a readable \.npz file, got: "):
        list(data.batches(100))


def test_an_array_shorter_than_its_header_says(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        with archive.open("images.npy", "w") as member:
            np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": (9, 2, 2)})
            member.write(bytes(4 * 5))
        with archive.open("labels.npy", "w") as member:
            np.save(member, np.zeros(9, int))
    assert len(next(load(tmp_path / "a.npz").take(0, 5).batches(5)).targets) == 5
    with pytest.raises(DataError, match="the images end before row 5"):
        list(load(tmp_path / "a.npz").batches(5))
