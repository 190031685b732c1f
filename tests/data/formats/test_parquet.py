import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from feint.data import load
from feint.errors import DataError

from ..files import encoded, pictures

NAMES = ["ape", "bee", "cat"]


def write(path, images, labels, names=NAMES, group=4, **columns):
    rows = [{"bytes": image, "path": "x.png"} for image in images]
    layout = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(rows, layout), "label": pa.array(labels, pa.int64())} | columns)
    if names:
        features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path, row_group_size=group)
    return path


@pytest.fixture
def images():
    return pictures(10, 5, 6, 3)


@pytest.mark.parametrize("deep", ["", "data"])
def test_splits_in_several_files(tmp_path, images, deep):
    data = [encoded(image) for image in images]
    write(tmp_path / deep / "train-00000-of-00002.parquet", data[:7], [0, 1, 2, 0, 1, 2, 0])
    write(tmp_path / deep / "train-00001-of-00002.parquet", data[7:], [2, 2, 1])
    write(tmp_path / deep / "test-00000-of-00001.parquet", data[:1], [1])
    train = load(tmp_path, split="train")
    assert (len(train), train.shape, train.classes, len(load(tmp_path))) == (10, (3, 5, 6), tuple(NAMES), 1)
    expected = torch.as_tensor(images).permute(0, 3, 1, 2).float() / 255
    for start, stop in [(0, 10), (2, 3), (3, 9), (5, 6), (7, 10), (9, 10)]:
        batch = next(train.take(start, stop).batches(99))
        assert torch.equal(batch.inputs, expected[start:stop])
        assert batch.samples.tolist() == list(range(start, stop))
    batch = train.gather([8, 0, 8])
    assert torch.equal(batch.inputs, expected[[8, 0, 8]])
    assert batch.targets.tolist() == [2, 0, 2]
    with pytest.raises(DataError, match="expected split 'test' or 'train', got 'val'"):
        load(tmp_path, split="val")


def test_one_file_without_names(tmp_path, images):
    path = write(tmp_path / "mine.parquet", [encoded(image) for image in images[:2]], [0, 2], names=None)
    assert load(path).classes == ("0", "1", "2")


def test_only_the_rows_taken_are_read(tmp_path):
    images = pictures(100, 20, 20, 3)
    path = write(tmp_path / "a.parquet", [encoded(image) for image in images], [0] * 100, group=20)
    chunk = pq.ParquetFile(path).metadata.row_group(3).column(0)
    content = bytearray(path.read_bytes())
    content[chunk.data_page_offset : chunk.data_page_offset + 40] = b"\xff" * 40
    path.write_bytes(content)
    data = load(path)
    assert len(next(data.take(10, 60).batches(99)).targets) == 50
    with pytest.raises(DataError, match=r"a.parquet: expected rows that can be read, got: "):
        list(data.batches(64))


def test_rows_that_are_an_error_or_skipped(tmp_path, images):
    good = encoded(images[0])
    path = write(tmp_path / "a.parquet", [good, None, b"no image", good], [0, 0, 0, None])
    with pytest.raises(DataError, match="expected a label in every row, got none in row 3"):
        load(path)
    data = load(path, on_error="skip")
    assert [batch.samples.tolist() for batch in data.batches(9)] == [[0]]
    assert [where for where, _ in data.skipped] == [f"{path}: row {row}" for row in (1, 2, 3)]
    path = write(tmp_path / "b.parquet", [good, None], [0, 0])
    with pytest.raises(DataError, match=r"b.parquet: row 1: expected an image's bytes, got none"):
        list(load(path).batches(9))


@pytest.mark.parametrize(
    ("label", "message"), [(3, "expected labels from 0 to 2, got up to 3"), (-1, "0 to 999999, got -1 in row 0")]
)
def test_labels_outside(tmp_path, images, label, message):
    with pytest.raises(DataError, match=message):
        load(write(tmp_path / "a.parquet", [encoded(images[0])], [label]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"img": [b""], "label": [1]}, "expected columns 'image' and 'label', got img, label"),
        ({"image": [b""], "label": [1]}, "expected 'image' as struct<bytes, path>, got binary"),
        ({"image": [{"bytes": b""}], "label": ["cat"]}, "expected integer labels, got string"),
    ],
)
def test_other_tables(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=re.escape(message)):
        load(tmp_path / "a.parquet")


@pytest.mark.parametrize("content", [b"", b"PAR1 and then something else"])
def test_files_that_are_no_parquet(tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"a.parquet: expected a Parquet file, got: "):
        load(tmp_path / "a.parquet")


def test_grey_images(tmp_path):
    images = pictures(3, 4, 4)
    (batch,) = load(write(tmp_path / "a.parquet", [encoded(image) for image in images], [0, 0, 0])).batches(9)
    assert torch.equal(batch.inputs, torch.as_tensor(images[:, None]).float() / 255)
    assert np.all(batch.targets.numpy() == 0)
