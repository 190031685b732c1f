import re

import numpy as np
import pytest
import torch

from feint.data import Columns, Values, load
from feint.errors import DataError


def table(count=20, columns=3, seed=0):
    return np.random.default_rng(seed).normal(5, 3, (count, columns))


def write(folder, **arrays):
    np.savez_compressed(folder / "t.npz", **arrays)
    return folder / "t.npz"


def test_splits_are_standardised_by_the_training_rows(tmp_path):
    raw, values = table(), np.arange(20.0) * 10
    raw[:, 1] = 7.0
    test = [[3, 1, 19], [0, 2]]
    path = write(
        tmp_path, X=np.asfortranarray(raw), y=values, test_0=np.array(test[0], np.int32), test_1=np.array(test[1])
    )
    for number, names in enumerate([("train", "test"), ("train_1", "test_1")]):
        rest = np.setdiff1d(np.arange(20), test[number])
        mean, std = raw[rest].mean(0), raw[rest].std(0)
        std[1] = 1
        for name, rows in zip(names, (rest, sorted(test[number])), strict=True):
            data = load(path, split=name)
            (batch,) = data.batches(99)
            assert isinstance(data.inputs, Columns)
            assert np.allclose(data.inputs.mean, mean)
            assert np.allclose(data.inputs.std, std)
            assert data.targets == Values(("y",), ("",))
            assert torch.allclose(batch.inputs, torch.as_tensor((raw[rows] - mean) / std).float(), atol=1e-5)
            assert torch.equal(batch.targets, torch.as_tensor(values[rows]).float()[:, None])
            assert batch.samples.tolist() == list(range(len(rows)))
        train = load(path, split=names[0]).gather(range(len(rest)))
        assert torch.allclose(train.inputs.mean(0), torch.zeros(3), atol=1e-5)
        assert torch.allclose(train.inputs[:, ::2].std(0, correction=0), torch.ones(2), atol=1e-5)
    assert load(path, split="train").fingerprint() != load(path).fingerprint()
    assert "values=1" in repr(load(path))


def test_a_table_without_splits(tmp_path):
    data = load(write(tmp_path, X=table(5), y=np.arange(10).reshape(5, 2)), split="train")
    (batch,) = data.take(1, 4).batches(9)
    assert data.targets == Values(("y0", "y1"), ("", ""))
    assert batch.targets.tolist() == [[2, 3], [4, 5], [6, 7]]
    assert batch.inputs.dtype == batch.targets.dtype == torch.float32


def test_rows_that_are_not_finite(tmp_path):
    raw, values = table(6), np.arange(6.0)
    raw[1, 0], values[3] = np.inf, np.nan
    path = write(tmp_path, X=raw, y=values)
    with pytest.raises(DataError, match=r"t\.npz: row 1: expected finite numbers, got inf"):
        list(load(path).batches(3))
    data = load(path, on_error="skip")
    assert [batch.samples.tolist() for batch in data.batches(9)] == [[0, 2, 4, 5]]
    assert [why for _, why in data.skipped] == [f"expected finite numbers, got {value}" for value in ("inf", "nan")]
    assert data.gather([1]).inputs.shape == (0, 3)
    assert data.gather([1]).targets.shape == (0, 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": np.zeros(4)}, "expected X of shape (N, D), got (4,)"),
        ({"X": np.array([["a"]] * 4)}, "expected numbers in X, got <U1"),
        ({"X": np.full((4, 2), np.nan)}, "expected columns in X with a finite mean and standard deviation"),
        ({"y": np.zeros(3)}, "expected y with 4 rows like X, got shape (3, 1)"),
        ({"test_0": np.array([0, 4])}, "expected rows from 0 to 3 in test_0"),
        ({"test_0": np.array([True])}, "expected rows from 0 to 3 in test_0"),
        ({"test_0": np.arange(4)}, "expected rows to train beside test_0, got all rows in it"),
        ({"test_1": np.array([0])}, None),
    ],
)
def test_tables_that_are_refused(tmp_path, arrays, message):
    path = write(tmp_path, **{"X": table(4, 2), "y": np.zeros(4)} | arrays)
    if message is None:
        assert len(load(path)) == 4
        return
    with pytest.raises(DataError, match=re.escape(message)):
        load(path)


def test_a_split_that_is_not_there(tmp_path):
    path = write(tmp_path, X=table(4), y=np.zeros(4), test_0=np.array([0]), test_1=np.array([1]))
    for split in ("test_2", "val"):
        with pytest.raises(DataError, match=f"expected split 'train', 'test', or 'train_0' to 'test_1', got '{split}'"):
            load(path, split=split)


def test_it_is_no_set_of_images(tmp_path):
    data = load(write(tmp_path, X=table(4), y=np.zeros(4)))
    with pytest.raises(DataError, match="expected images, got 3 columns of a table"):
        data.shape  # noqa: B018
    with pytest.raises(DataError, match="expected classes, got values: y"):
        data.classes  # noqa: B018
    with pytest.raises(DataError, match="crop: expected images with labels"):
        load(data.name, crop=2)


def test_the_standard_sets(real_data):
    data = load(real_data / "uci" / "concrete.npz", split="train_19")
    assert (len(data), len(data.inputs.names)) == (927, 8)
    assert len(load(real_data / "uci" / "concrete.npz", split="test_19")) == 103
    inputs = data.gather(range(927)).inputs
    assert torch.allclose(inputs.std(0, correction=0), torch.ones(8), atol=1e-5)
