import pytest
import torch

from feint.data import load
from feint.errors import DataError


def test_the_digits_are_split_in_two():
    train, test = load("digits", split="train"), load("digits")
    assert (len(train), len(test)) == (1000, 797)
    assert test.shape == (1, 8, 8)
    assert test.classes == tuple("0123456789")
    batch = next(train.batches(1000))
    assert batch.inputs.dtype == torch.float32
    assert (batch.inputs.min(), batch.inputs.max()) == (0, 1)
    assert set((batch.inputs * 16).unique().tolist()) == set(range(17))
    assert batch.targets[:10].tolist() == list(range(10))
    assert train.fingerprint() != test.fingerprint()


def test_another_split():
    with pytest.raises(DataError, match="expected split 'train' or 'test', got 'val'"):
        load("digits", split="val")
