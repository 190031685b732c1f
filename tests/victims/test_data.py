"""From settings to data: cut, counted, or handed in; a single picture only where one will do."""

import numpy as np
import pytest
from PIL import Image

from feint import data
from feint.errors import DataError, SpecError
from feint.runs.machine import Machine
from feint.victims.data import load_data
from feint.victims.settings import DataSettings

MACHINE = Machine("cpu", 1)


@pytest.fixture
def source(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (9, 6, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images, labels=np.repeat([0, 1, 2], 3))
    return str(tmp_path / "images.npz")


def labels(dataset):
    return [int(each) for batch in dataset.batches(4) for each in batch.targets]


def test_all_the_first_or_an_even_sample(source):
    assert labels(load_data(DataSettings(source=source), MACHINE)) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert labels(load_data(DataSettings(source=source, first=4), MACHINE)) == [0, 0, 0, 1]
    assert sorted(labels(load_data(DataSettings(source=source, limit=3), MACHINE))) == [0, 1, 2]


def test_resized_cropped_and_grey(source):
    assert load_data(DataSettings(source=source), MACHINE).shape == (3, 6, 8)
    assert load_data(DataSettings(source=source, resize=3), MACHINE).shape == (3, 3, 4)
    assert load_data(DataSettings(source=source, resize=6, crop=5), MACHINE).shape == (3, 5, 5)
    assert load_data(DataSettings(source=source, channels="grey"), MACHINE).shape == (1, 6, 8)


def test_what_was_handed_in_is_found_by_its_name(source):
    given = data.load(source)
    machine = Machine("cpu", 1, given={"given:images": given})
    assert load_data(DataSettings(source="given:images"), machine) is given
    assert labels(load_data(DataSettings(source="given:images", first=2), machine)) == [0, 0]
    with pytest.raises(DataError):
        load_data(DataSettings(source="given:images"), MACHINE)


def test_no_source():
    with pytest.raises(SpecError, match="data: expected a source, got none"):
        load_data(DataSettings(source=""), MACHINE)


def test_a_single_picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    found = load_data(DataSettings(source=str(path)), MACHINE, pictures=True)
    (batch,) = found.batches(4)
    assert np.array_equal((batch.inputs[0].permute(1, 2, 0).numpy() * 255).round(), pixels)
    before = found.fingerprint()
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(path)
    assert load_data(DataSettings(source=str(path)), MACHINE, pictures=True).fingerprint() != before
    with pytest.raises(DataError):
        load_data(DataSettings(source=str(path)), MACHINE)
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"photo\.png") as caught:
        list(load_data(DataSettings(source=str(path)), MACHINE, pictures=True).batches(1))
    assert "\n" not in str(caught.value)
