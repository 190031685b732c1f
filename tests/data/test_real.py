"""Real data: found through FEINT_DATA."""

import numpy as np
import pytest
import torch

from feint.data import load


def histogram(data):
    return sum(np.bincount(batch.targets.numpy(), minlength=len(data.classes)) for batch in data.batches(1000)).tolist()


def test_mnist(real_data):
    counted = {split: histogram(load(real_data / "mnist", split=split)) for split in ("train", "test")}
    assert counted["train"] == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert counted["test"] == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert sum(map(sum, counted.values())) == 70_000


def test_notmnist(real_data):
    data = load(real_data / "notmnist")
    assert data.shape == (1, 28, 28)
    assert histogram(data) == [1000] * 10


def test_fashion_mnist(real_data):
    data = load(real_data / "fashion_mnist" / "test900.npz")
    assert data.shape == (1, 28, 28)
    assert histogram(data) == [90] * 10


def test_cifar10(real_data):
    train, test = (load(real_data / "cifar10" / name) for name in ("train2000.npz", "test1000.npz"))
    assert (len(train), len(test), test.shape) == (2000, 1000, (3, 32, 32))
    assert test.gather(range(5)).targets.tolist() == [3, 8, 8, 0, 6]


def test_cifar10_jpeg(real_data):
    data = load(real_data / "cifar10_jpeg")
    assert (len(data), data.classes[3], len(load(real_data / "cifar10_jpeg", split="train"))) == (10_000, "cat", 20_000)
    assert sum(histogram(data.take(0, 1500))) == 1500


def test_imagenet_sample(real_data):
    data = load(real_data / "imagenet_sample", resize=256, crop=224)
    assert (len(data), data.shape) == (500, (3, 224, 224))
    assert (data.classes[0], data.classes[2]) == ("tench", "great white shark")
    batches = [batch.targets for batch in data.batches(64)]
    assert torch.equal(torch.cat(batches), 2 * torch.arange(500))


def test_cats_dogs(real_data):
    data = load(real_data / "cats_dogs", split="test")
    assert (data.classes, data.shape) == (("cats", "dogs"), (3, 224, 224))
    assert histogram(data) == [190, 190]
    assert len(load(real_data / "cats_dogs" / "test")) == 380


@pytest.mark.parametrize("name", ["mnist", "cifar10/test1000.npz", "imagenet_sample"])
def test_reading_a_part_equals_reading_all(real_data, name):
    data = load(real_data / name, resize=32, crop=28).take(0, 60)
    whole = torch.cat([batch.inputs for batch in data.batches(60)])
    parts = [next(data.take(start, start + 20).batches(20)).inputs for start in (0, 20, 40)]
    assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(data.gather([7, 50]).inputs, whole[[7, 50]])
