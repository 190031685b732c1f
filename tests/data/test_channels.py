"""Grey and colours: how many channels images get, and pixels of more than 8 bits."""

import inspect
import io

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from feint.data import load
from feint.data.decode import LOOKS, decode, recoloured
from feint.errors import DataError

from .files import encoded, pictures, write_image

RAMP = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)


def saved(array, format, **options) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(array).save(file, format, **options)
    return file.getvalue()


def pgm(array, most=65535) -> bytes:
    return f"P5\n{array.shape[1]} {array.shape[0]}\n{most}\n".encode() + array.astype(">u2").tobytes()


DEEP = {
    "16.pgm": (pgm(RAMP), RAMP / 65535),
    "12.pgm": (pgm(RAMP >> 4, 4095), (RAMP >> 4) / 4095),
    "16.png": (saved(RAMP, "PNG"), RAMP / 65535),
    "16.tif": (saved(RAMP, "TIFF"), RAMP / 65535),
    "big-endian.tif": (saved(RAMP.astype(">u2"), "TIFF"), RAMP / 65535),
    "float.tif": (saved((RAMP / 65535).astype(np.float32), "TIFF"), RAMP / 65535),
}


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("channels", [1, 3])
def test_grey_of_more_than_8_bits_keeps_its_levels(name, channels):
    data, expected = DEEP[name]
    pixels = decode(data, channels)
    assert (pixels.shape, pixels.dtype) == ((16, 16, channels), np.float32)
    assert np.allclose(pixels, expected[..., None], atol=2e-5)  # of 12 bits, Pillow rounds to 16
    assert len(np.unique(pixels)) == 256


@pytest.mark.parametrize("name", DEEP)
def test_it_is_handed_out_as_it_is(tmp_path, name):
    data, expected = DEEP[name]
    (tmp_path / "a").mkdir()
    (tmp_path / f"a/{name}").write_bytes(data)
    inputs = load(tmp_path).gather([0]).inputs
    assert torch.allclose(inputs, torch.as_tensor(expected).float()[None, None], atol=2e-5)
    small = load(tmp_path, resize=8).gather([0]).inputs
    assert torch.allclose(small.mean(), inputs.mean(), atol=5e-3)
    assert len(small.unique()) == 64


def test_deep_images_beside_others(tmp_path):
    for name, (data, _) in DEEP.items():
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / f"a/{name}").write_bytes(data)
    write_image(tmp_path / "a/00.png", (RAMP >> 8).astype(np.uint8))
    rows = [{"bytes": path.read_bytes(), "path": None} for path in sorted((tmp_path / "a").iterdir())]
    pq.write_table(pa.table({"image": rows, "label": [0] * len(rows)}), tmp_path / "a.parquet")
    for data in (load(tmp_path / "a.parquet"), load(tmp_path / "a.parquet", channels="rgb")):
        (batch,) = data.batches(99)
        for inputs in (batch.inputs, data.gather(range(len(rows))).inputs):
            assert torch.allclose(inputs, torch.as_tensor(RAMP / 65535).float().expand_as(inputs), atol=4e-3)


@pytest.mark.parametrize(("value", "message"), [(70000, "got integers of 32 bits"), (2.0, "got 2 to 2")])
def test_deep_images_of_unknown_scale_are_refused(tmp_path, value, message):
    array = np.full((4, 4), value, dtype=np.int32 if value > 2 else np.float32)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/0.tif").write_bytes(saved(array, "TIFF"))
    with pytest.raises(DataError, match=message):
        load(tmp_path).gather([0])


def write(folder, modes, seed=0):
    """Pictures of these modes, in this order."""
    pixels = pictures(1, 6, 6, 3, seed=seed)[0]
    for number, mode in enumerate(modes):
        write_image(folder / f"{number % 2}/{number // 2:03}.png", pixels, mode)
    return folder


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_has_one_channel_whatever_its_kind(tmp_path, mode):
    data = load(write(tmp_path, [mode] * 2))
    expected = PIL.Image.fromarray(pictures(1, 6, 6, 3)[0]).convert(mode).convert("L")
    assert torch.equal(data.gather([0]).inputs[0, 0] * 255, torch.as_tensor(np.array(expected)).float())


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_have_three(tmp_path, mode):
    assert load(write(tmp_path, [mode] * 2)).shape == (3, 6, 6)


@pytest.mark.parametrize(
    ("modes", "channels"),
    [
        (["L", "RGB", "RGB"], 3),
        (["L", "RGB"], 3),
        (["L", "L", "RGB", "RGB", "RGB"], 3),
        (["L"] * 2 * LOOKS, 1),
        (["RGB"] + ["L"] * 2 * LOOKS, None),
    ],
)
def test_most_of_the_first_images_say(tmp_path, modes, channels):
    data = load(write(tmp_path, modes))
    if channels is None:
        with pytest.raises(DataError, match=r"expected a grey image like most .*; give channels as grey or rgb"):
            list(data.batches(9))
        return
    (batch,) = data.batches(99)
    assert batch.inputs.shape == (len(modes), channels, 6, 6)
    for part in (data.take(1, 2), data.take(0, 1)):
        assert part.shape == data.shape


@pytest.mark.parametrize("modes", [["L", "RGB"], ["RGB", "L"], ["RGBA", "LA", "1", "P"]])
@pytest.mark.parametrize(("channels", "count"), [("grey", 1), ("rgb", 3)])
def test_channels_as_asked_for(tmp_path, modes, channels, count):
    (batch,) = load(write(tmp_path, modes), channels=channels).batches(9)
    assert batch.inputs.shape == (len(modes), count, 6, 6)
    assert torch.equal(batch.inputs, batch.inputs[:, :1].expand_as(batch.inputs)) == (
        count == 1 or set(modes) <= {"L", "LA", "1"}
    )


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_arrays_too(tmp_path, dtype):
    colours, grey = pictures(3, 5, 5, 3), pictures(3, 5, 5)
    for name, images in (("colours", colours), ("grey", grey)):
        stored = images if dtype == "uint8" else (images / 255).astype(np.float32)
        np.savez(tmp_path / f"{name}.npz", images=stored, labels=np.arange(3))
    assert load(tmp_path / "grey.npz").shape == load(tmp_path / "grey.npz", channels="grey").shape == (1, 5, 5)
    rgb = load(tmp_path / "grey.npz", channels="rgb").gather([0, 1, 2]).inputs
    assert torch.allclose(rgb * 255, torch.as_tensor(grey)[:, None].float().expand(3, 3, 5, 5), atol=1e-4)
    found = load(tmp_path / "colours.npz", channels="grey").gather([0, 1, 2]).inputs[:, 0] * 255
    luma = np.stack([np.asarray(PIL.Image.fromarray(image).convert("L")) for image in colours])
    assert torch.allclose(found, torch.as_tensor(luma).float(), atol=1e-4 if dtype == "uint8" else 0.51)
    assert load("digits", channels="rgb", resize=4).shape == (3, 4, 4)


def test_luma_is_pillows_to_the_byte():
    pixels = pictures(1, 64, 64, 3)[0]
    assert np.array_equal(recoloured(pixels, 1)[..., 0], np.asarray(PIL.Image.fromarray(pixels).convert("L")))
    assert np.array_equal(decode(encoded(pixels), 1, convert=True), recoloured(pixels, 1))


def test_channels_are_part_of_what_identifies_the_data(tmp_path):
    write(tmp_path, ["L", "L"])
    found = {load(tmp_path, channels=channels).fingerprint() for channels in (None, "grey", "rgb")}
    assert len(found) == 3


def test_other_channels_and_other_data(tmp_path):
    with pytest.raises(DataError, match="channels: expected 'grey' or 'rgb', got 'cmyk'"):
        inspect.unwrap(load)("digits", channels="cmyk")  # not as the suite's type checker sees it
    np.savez(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(4, 2)), y=np.zeros(4))
    with pytest.raises(DataError, match="channels: expected images with labels"):
        load(tmp_path / "a.npz", channels="rgb")
