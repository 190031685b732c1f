import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feint.data import digest, load

from .files import encoded, pictures, write_mnist


def write_npz(folder, images, labels):
    np.savez(folder / "some.npz", images=images, labels=labels)
    return folder / "some.npz"


def write_idx(folder, images, labels):
    return write_mnist(folder, "t10k", images, labels)


def write_parquet(folder, images, labels):
    column = [{"bytes": encoded(image, "BMP"), "path": None} for image in images]
    pq.write_table(pa.table({"image": column, "label": labels}), folder / "some.parquet", compression="none")
    return folder / "some.parquet"


@pytest.mark.parametrize("write", [write_npz, write_idx, write_parquet])
def test_other_pixels_or_labels_of_the_same_size(tmp_path, write):
    images, labels = pictures(4, 5, 5), np.array([0, 1, 2, 3])
    path = write(tmp_path, images, labels)
    before, size = load(path).fingerprint(), path.stat().st_size
    write(tmp_path, images ^ 1, labels)
    assert path.stat().st_size == size
    assert load(path).fingerprint() != before
    write(tmp_path, images, labels[::-1])
    assert load(path).fingerprint() != before
    write(tmp_path, images, labels)
    assert load(path).fingerprint() == before


def test_an_edit_between_the_pieces_of_a_large_file(tmp_path, monkeypatch):
    for name, value in (("WHOLE", 50), ("PIECE", 2), ("PIECES", 3)):
        monkeypatch.setattr(digest, name, value)
    file = tmp_path / "large"
    file.write_bytes(bytes(100))
    os.utime(file, ns=(0, 1))
    before = digest.digest_of_files([file])
    file.write_bytes(bytes(10) + b"x" + bytes(89))
    os.utime(file, ns=(0, 2))
    assert digest.digest_of_files([file]) != before
    file.write_bytes(bytes(100))
    os.utime(file, ns=(0, 1))
    assert digest.digest_of_files([file]) == before
    file.write_bytes(bytes(99) + b"x")
    os.utime(file, ns=(0, 1))
    assert digest.digest_of_files([file]) != before


def test_an_array_counts_by_type_shape_and_bytes():
    array = np.arange(6, dtype=np.int32)
    others = [array, array.reshape(2, 3), array.reshape(2, 3).T, array.astype(np.int64), array[:0], array[::-1]]
    assert len({digest.digest_of_array(other) for other in others}) == len(others)
    assert digest.digest_of_array(array.reshape(3, 2).T) == digest.digest_of_array(array.reshape(3, 2).T.copy())
