import pickle

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from feint.data import Classes, Dataset, Images, load
from feint.errors import DataError
from feint.protocols import LabelledImages

from .files import pictures


@pytest.fixture
def saved(tmp_path) -> tuple[str, NDArray[np.uint8], NDArray[np.int64]]:
    images, labels = pictures(10, 6, 5, 3), np.arange(10) % 3
    np.savez_compressed(tmp_path / "some.npz", images=images, labels=labels)
    return str(tmp_path / "some.npz"), images, labels


def as_float(images: NDArray[np.uint8]) -> torch.Tensor:
    return torch.as_tensor(images).permute(0, 3, 1, 2).float() / 255


def test_batches_stream_in_order_and_the_last_may_be_short(saved):
    path, images, labels = saved
    batches = list(load(path).batches(4))
    assert [len(batch.targets) for batch in batches] == [4, 4, 2]
    assert torch.equal(torch.cat([batch.inputs for batch in batches]), as_float(images))
    assert torch.cat([batch.targets for batch in batches]).tolist() == labels.tolist()
    assert torch.cat([batch.samples for batch in batches]).tolist() == list(range(10))


def test_kinds_of_inputs_and_targets(saved):
    data = load(saved[0], resize=4)
    assert data.inputs == Images(*data.shape)
    assert data.targets == Classes(data.classes) == Classes(("0", "1", "2"))
    assert load("digits").inputs == Images(1, 8, 8)


def test_take_keeps_the_sources_sample_indices(saved):
    path, images, _ = saved
    part = load(path).take(2, 8).take(1, 99)
    (batch,) = part.batches(100)
    assert len(part) == 5
    assert batch.samples.tolist() == part.samples.tolist() == [3, 4, 5, 6, 7]
    assert torch.equal(batch.inputs, as_float(images[3:8]))


@pytest.mark.parametrize("source", ["held", "seekable"])
def test_gather_reads_any_order_and_repeats(saved, source):
    data = load(saved[0] if source == "held" else "digits").take(2, 9)
    (whole,) = data.batches(7)
    for positions in ([5, 0, 5, 1], [], range(3)):
        for batch in (data.gather(positions), data.only(positions)):
            assert torch.equal(batch.inputs, whole.inputs[list(positions)])
            assert torch.equal(batch.targets, whole.targets[list(positions)])
            assert torch.equal(batch.samples, whole.samples[list(positions)])


@pytest.mark.parametrize("position", [-1, 10])
def test_gather_refuses_positions_outside(saved, position):
    with pytest.raises(DataError, match=f"expected positions from 0 to 9, got {position}"):
        load(saved[0]).gather([0, position])
    with pytest.raises(DataError, match=f"expected positions from 0 to 9, got {position}"):
        load(saved[0]).only([0, position])


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (10, 12), (5, 2)])
def test_take_refuses_ranges_without_images(saved, start, stop):
    with pytest.raises(DataError, match=f"expected a range within its 10 images, got {start} to {stop}"):
        load(saved[0]).take(start, stop)


@pytest.mark.parametrize("options", [{"resize": 0}, {"crop": -1}, {"resize": 3, "crop": 4}])
def test_resize_and_crop_that_make_no_sense(saved, options):
    with pytest.raises(DataError, match="expected"):
        load(saved[0], **options)


def test_batch_size_of_zero(saved):
    with pytest.raises(DataError, match="batch_size: expected at least 1, got 0"):
        next(load(saved[0]).batches(0))


def test_it_is_what_training_reads():
    assert isinstance(load("digits"), LabelledImages)


def test_it_can_be_sent_to_another_process(saved):
    data = load(saved[0], resize=4)
    copy = pickle.loads(pickle.dumps(data.take(1, 4)))
    assert isinstance(copy, Dataset)
    assert torch.equal(next(copy.batches(3)).inputs, data.gather([1, 2, 3]).inputs)


def test_fingerprint_follows_content_and_preparation_only(saved, tmp_path):
    path, images, labels = saved
    original = load(path).fingerprint()
    assert len(original) == 64
    assert load(path).take(0, 3).fingerprint() == original
    assert load(path, resize=4).fingerprint() != original
    assert load(path, crop=4).fingerprint() != load(path, resize=4).fingerprint()
    elsewhere = tmp_path / "elsewhere.npz"
    elsewhere.write_bytes((tmp_path / "some.npz").read_bytes())
    assert load(elsewhere).fingerprint() == original
    np.savez_compressed(elsewhere, images=images ^ 1, labels=labels)
    assert load(elsewhere).fingerprint() != original


def test_name_is_what_the_user_said(saved):
    assert load(saved[0]).name == saved[0]
    assert repr(load("digits")) == "Dataset('digits', images=797, classes=10)"


def test_overlaps_of_ranges_of_the_same_images(saved, tmp_path):
    path, images, labels = saved
    data = load(path)
    assert data.overlaps(load(path, resize=4))
    assert data.take(0, 6).overlaps(data.take(5, 9))
    assert not data.take(0, 5).overlaps(data.take(5, 9))
    np.savez(tmp_path / "other.npz", images=images ^ 1, labels=labels)
    assert not data.overlaps(load(tmp_path / "other.npz"))
    assert not load("digits", split="train").overlaps(load("digits"))


def test_a_part_without_a_readable_image_gives_no_batch(tmp_path):
    images = np.full((6, 2, 2), 0.5)
    images[2:4] = np.nan
    np.savez(tmp_path / "a.npz", images=images, labels=np.zeros(6, int))
    data = load(tmp_path / "a.npz", on_error="skip")
    parts = [data.take(start, start + 2) for start in (0, 2, 4)]
    assert [len(list(part.batches(2))) for part in parts] == [1, 0, 1]
    assert [len(part.skipped) for part in parts] == [0, 2, 0]
    np.savez(tmp_path / "b.npz", images=np.full((6, 2, 2), np.nan), labels=np.zeros(6, int))
    with pytest.raises(DataError, match="expected at least one readable image of 4, got none"):
        next(load(tmp_path / "b.npz", on_error="skip").sample(4).batches(2))
    with pytest.raises(DataError, match=r"image 2: expected pixels in .*, got NaN"):
        list(load(tmp_path / "a.npz").take(2, 4).batches(2))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite_are_one_bad_image(tmp_path, value):
    images = np.full((3, 2, 2), 0.5)
    images[1, 0] = value
    np.savez(tmp_path / "a.npz", images=images, labels=np.zeros(3, int))
    kind = "NaN" if np.isnan(value) else "infinity"
    with pytest.raises(DataError, match=f"image 1: expected pixels in .*, got {kind} at 2 of 4 values"):
        list(load(tmp_path / "a.npz").batches(3))
    assert [batch.samples.tolist() for batch in load(tmp_path / "a.npz", on_error="skip").batches(3)] == [[0, 2]]
