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
        ({"photo": [b""], "label": [1]}, "expected columns 'image' and 'label', got photo, label; name them"),
        ({"image": ["x"], "label": [1]}, "expected 'image' as struct<bytes, path> or binary, got string"),
        ({"image": [{"bytes": b""}], "label": [0.5]}, "expected integer labels or names, got double"),
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


def table(path, count=4, image="image", binary=False, **columns):
    cells = [encoded(each) for each in pictures(count, 4, 4, 3)]
    images = pa.array(cells, pa.binary()) if binary else [{"bytes": cell, "path": "x"} for cell in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({image: images} | columns), path)
    return path


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("image", ["image", "img", "photo"])
@pytest.mark.parametrize(
    "labels",
    [
        {"label": [0, 1, 0, 1]},
        {"fine_label": [0, 1, 0, 1], "coarse_label": [0, 0, 0, 0]},
        {"species": pa.array([0, 1, 0, 1], pa.uint8())},
    ],
)
def test_columns_by_their_usual_names_or_as_told(tmp_path, binary, image, labels):
    path = table(tmp_path / "a.parquet", image=image, binary=binary, **labels)
    asked = {"image_column": "photo"} if image == "photo" else {}
    asked |= {"label_column": "species"} if "species" in labels else {}
    (batch,) = load(path, **asked).batches(9)
    assert batch.targets.tolist() == [0, 1, 0, 1]
    assert torch.equal(batch.inputs * 255, torch.as_tensor(pictures(4, 4, 4, 3)).permute(0, 3, 1, 2).float())
    if asked:
        with pytest.raises(DataError, match="expected columns 'image' and 'label', got"):
            load(path)


def test_columns_that_are_not_there(tmp_path):
    path = table(tmp_path / "a.parquet", label=[0] * 4)
    with pytest.raises(DataError, match="expected a column 'kind', got image, label"):
        load(path, label_column="kind")
    for source in ("digits", tmp_path / "folders"):
        (tmp_path / "folders/a").mkdir(parents=True, exist_ok=True)
        with pytest.raises(DataError, match="label_column: expected a Parquet file or a CSV, got"):
            load(source, label_column="kind")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_labels_that_are_names(tmp_path, kind):
    for name, cells in (("train-0", ["b", "a", "b", "c"]), ("train-1", ["d", "a", None, "b"])):
        table(tmp_path / f"{name}.parquet", label=pa.array(cells, pa.string()).cast(kind))
    with pytest.raises(DataError, match=r"train-1.parquet: expected a label in every row, got none in row 2"):
        load(tmp_path, split="train")
    data = load(tmp_path, split="train", on_error="skip")
    assert data.classes == ("a", "b", "c", "d")
    assert torch.cat([batch.targets for batch in data.batches(9)]).tolist() == [1, 0, 1, 2, 3, 0, 1]
    assert sorted(data.sample(4).gather(range(4)).targets.tolist()) == [0, 1, 2, 3]


def test_labels_of_two_kinds(tmp_path):
    table(tmp_path / "train-0.parquet", label=["a"] * 4)
    table(tmp_path / "train-1.parquet", label=[1] * 4)
    with pytest.raises(DataError, match="expected labels of one kind in all files, got names and numbers"):
        load(tmp_path, split="train")


def test_numbers_that_are_text(tmp_path):
    data = load(table(tmp_path / "a.parquet", label=["10", "2", "2", "0"]))
    assert (data.classes, data.gather([0, 1]).targets.tolist()) == (tuple(map(str, range(11))), [10, 2])


@pytest.mark.parametrize(
    "names",
    [
        ["plain_text/train-00000-of-00001.parquet", "plain_text/test-00000-of-00001.parquet"],
        ["default/train/0000.parquet", "default/test/0000.parquet"],
        ["train/0000.parquet", "test/0000.parquet"],
        ["data/Training-0.parquet", "data/testing.parquet"],
    ],
)
def test_the_folder_of_a_configuration(tmp_path, names):
    for count, name in enumerate(names, start=2):
        table(tmp_path / name, count, label=[0] * count)
    assert (len(load(tmp_path, split="train")), len(load(tmp_path))) == (2, 3)
    with pytest.raises(DataError, match=r"expected split .*, got 'val'"):
        load(tmp_path, split="val")


def test_several_configurations(tmp_path):
    for name in ("small", "large"):
        table(tmp_path / name / "test-0.parquet", label=[0] * 4)
    with pytest.raises(DataError, match="expected the Parquet files of one data set, got several; name one of"):
        load(tmp_path)
    assert len(load(tmp_path / "small")) == 4
