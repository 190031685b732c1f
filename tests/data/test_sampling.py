"""A limit draws evenly over the classes."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from feint.data import Classes, Dataset, Example, Flaw, Images, load
from feint.data.sampling import even_sample
from feint.errors import DataError

from .files import pictures, write_image, write_mnist


def sizes(labels, chosen):
    return np.bincount(labels[chosen], minlength=int(labels.max()) + 1).tolist()


SORTED = np.repeat(np.arange(5), 40)
UNEVEN = np.repeat([0, 1, 2], [3, 100, 20])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("labels", [SORTED, SORTED[::-1].copy(), UNEVEN])
def test_classes_give_as_many_as_the_others_until_they_have_no_more(labels, seed):
    for limit in range(1, len(labels) + 1, 7):
        chosen = even_sample(labels, np.arange(len(labels)), limit, seed)
        assert len(set(chosen.tolist())) == limit
        assert chosen.tolist() == sorted(chosen.tolist())
        found, there = sizes(labels, chosen), sizes(labels, np.arange(len(labels)))
        assert all(count in (max(found), max(found) - 1, total) for count, total in zip(found, there, strict=True))


def test_a_larger_limit_contains_a_smaller():
    samples = np.arange(1000, 1000 + len(UNEVEN))
    chosen = [set(even_sample(UNEVEN, samples, limit, 3).tolist()) for limit in range(1, len(UNEVEN) + 1)]
    assert all(small < large for small, large in pairwise(chosen))
    assert chosen[-1] == set(samples.tolist())


def test_it_is_keyed_by_seed_and_sample():
    first = even_sample(SORTED, np.arange(200), 20, 0)
    assert np.array_equal(first, even_sample(SORTED, np.arange(200), 20, 0))
    assert not np.array_equal(first, even_sample(SORTED, np.arange(200), 20, 1))
    assert not np.array_equal(first, even_sample(SORTED, np.arange(7, 207), 20, 0) - 7)


def test_every_example_is_drawn_as_often_as_another():
    drawn = np.zeros(40)
    labels = np.repeat([0, 1], 20)
    for seed in range(400):
        drawn[even_sample(labels, np.arange(40), 10, seed)] += 1
    assert drawn.mean() == 100
    assert abs(drawn - 100).max() < 40  # binomial: the standard deviation is 8.7


def write_folders(folder, labels):
    for number, label in enumerate(labels):
        write_image(folder / str(label) / f"{number:03}.png", pictures(1, 4, 4, seed=number)[0])
    return folder


def write_npz(folder, labels):
    np.savez_compressed(folder / "a.npz", images=pictures(len(labels), 4, 4), labels=labels)
    return folder / "a.npz"


def write_idx(folder, labels):
    return write_mnist(folder, "t10k", pictures(len(labels), 4, 4), labels, ".gz")


def write_csv(folder, labels):
    write_image(folder / "a.png", pictures(1, 4, 4)[0])
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"a.png,{label}\n" for label in labels))
    return folder


@pytest.mark.parametrize("write", [write_folders, write_npz, write_idx, write_csv])
def test_samples_of_sorted_sources(tmp_path, write):
    data = load(write(tmp_path, np.repeat([0, 1, 2, 3], 15)))
    (whole,) = data.batches(99)
    part = data.sample(20)
    assert len(part) == 20
    (batch,) = part.batches(99)
    assert np.bincount(batch.targets.numpy()).tolist() == [5] * 4
    assert torch.equal(batch.inputs, whole.inputs[batch.samples])
    assert batch.samples.tolist() == part.samples.tolist() == sorted(part.samples.tolist())
    assert torch.equal(torch.cat([each.samples for each in part.batches(3)]), batch.samples)
    assert set(part.samples) < set(data.sample(30).samples)
    assert torch.equal(part.gather([19, 0]).inputs, batch.inputs[[19, 0]])
    assert torch.equal(part.take(5, 9).only([3, 0]).samples, batch.samples[[8, 5]])
    assert part.take(0, 8).sample(4).samples.tolist() == sorted(part.take(0, 8).sample(4).samples.tolist())
    assert data.sample(999).samples.tolist() == list(range(60))
    assert data.sample(20, seed=1).samples.tolist() != part.samples.tolist()


def test_labels_alone_decide_and_no_image_is_opened(tmp_path):
    folder = write_folders(tmp_path, np.repeat([0, 1], 10))
    for path in folder.rglob("*.png"):
        path.write_bytes(b"broken")
    assert len(load(folder).sample(6)) == 6


def test_classes_are_left_out(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((9, 4, 4), dtype=np.uint8), labels=np.arange(9) % 3)
    found = load(str(tmp_path / "a.npz")).without([0, 2])
    assert found.samples.tolist() == [1, 4, 7]
    (batch,) = found.batches(5)
    assert batch.targets.tolist() == [1, 1, 1]
    assert found.take(1, 3).without([0]).samples.tolist() == [4, 7]
    with pytest.raises(DataError, match="expected labels from 0 to 2 to leave out, got 3"):
        found.without([3])
    with pytest.raises(DataError, match="expected images with other labels"):
        found.without([1])


def test_what_has_no_label_is_not_drawn(tmp_path):
    write_image(tmp_path / "a.png", pictures(1, 4, 4)[0])
    (tmp_path / "labels.csv").write_text("file,label\n" + "a.png,0\na.png,\n" * 5 + "a.png,1\n")
    data = load(tmp_path, on_error="skip")
    assert data.sample(6).samples.tolist() == [0, 2, 4, 6, 8, 10]
    assert len(data.sample(11)) == 11
    (tmp_path / "labels.csv").write_text("file,label\n" + "a.png,\n" * 3 + "a.png,0\n")
    with pytest.raises(DataError, match="expected images with labels, got none of 3"):
        load(tmp_path, on_error="skip").take(0, 3).sample(1)


class Told:
    """A source that knows no labels beforehand, and counts what is read."""

    inputs = Images
    targets = Classes(("a", "b"))
    seekable = True
    reads = 0

    def __len__(self) -> int:
        return 20

    def where(self, sample: int) -> str:
        return f"example {sample}"

    def read(self, start: int, stop: int):
        for sample in range(start, stop):
            self.reads += 1
            pixels = np.zeros((2, 2, 1), dtype=np.uint8)
            yield Flaw(sample, "torn") if sample == 3 else Example(sample, pixels, sample // 10)

    def fingerprint(self) -> str:
        return "told"


def test_a_source_without_labels_is_read_through_once():
    source = Told()
    data = Dataset("told", source).sample(8, seed=4)
    assert source.reads == 20
    assert (data.samples // 10).tolist() == [0] * 4 + [1] * 4
    assert 3 not in data.samples


def test_values_are_drawn_without_regard_to_them(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(50, 2)), y=np.arange(50.0))
    part = load(tmp_path / "a.npz").sample(10)
    assert part.gather(range(10)).targets[:, 0].tolist() == part.samples.tolist()


@pytest.mark.parametrize("limit", [0, -1])
def test_limits_that_make_no_sense(limit):
    with pytest.raises(DataError, match=f"limit: expected at least 1, got {limit}"):
        load("digits").sample(limit)
