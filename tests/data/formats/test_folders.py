import numpy as np
import PIL.Image
import pytest
import torch

from feint.data import load
from feint.errors import DataError

from ..files import encoded, pictures, write_image


def class_folders(folder, height=6, width=6):
    images = pictures(4, height, width, 3)
    for number, name in enumerate(["cats/b.png", "cats/a.png", "dogs/deep/er/c.png", "apes/z.png"]):
        write_image(folder / name, images[number])
    (folder / "notes.txt").write_text("nothing to see")
    return images


def test_classes_and_images_are_sorted(tmp_path):
    images = class_folders(tmp_path)
    data = load(tmp_path)
    assert (data.classes, len(data), data.shape) == (("apes", "cats", "dogs"), 4, (3, 6, 6))
    (batch,) = data.batches(4)
    assert batch.targets.tolist() == [0, 1, 1, 2]
    assert torch.equal(batch.inputs, torch.as_tensor(images[[3, 1, 0, 2]]).permute(0, 3, 1, 2).float() / 255)
    assert torch.equal(data.gather([2, 0]).inputs, batch.inputs[[2, 0]])


def test_splits(tmp_path):
    class_folders(tmp_path / "train")
    write_image(tmp_path / "test/cats/a.png", pictures(1, 6, 6, 3)[0])
    assert (len(load(tmp_path, split="train")), len(load(tmp_path))) == (4, 1)
    with pytest.raises(DataError, match="expected split 'test' or 'train', got 'val'"):
        load(tmp_path, split="val")


def test_sizes_that_differ(tmp_path):
    write_image(tmp_path / "a/1.png", pictures(1, 6, 9, 3)[0])
    last = write_image(tmp_path / "a/2.png", pictures(1, 9, 6, 3)[0])
    with pytest.raises(DataError, match="got 3x9x6; give resize and crop") as raised:
        list(load(tmp_path).batches(1))
    assert str(last) in str(raised.value)
    with pytest.raises(DataError, match="give resize and crop"):
        list(load(tmp_path, resize=4).batches(1))
    assert load(tmp_path, resize=4, crop=4).gather([0, 1]).inputs.shape == (2, 3, 4, 4)
    assert load(tmp_path, crop=6).gather([0, 1]).inputs.shape == (2, 3, 6, 6)
    with pytest.raises(DataError, match=r"1\.png: expected at least 7x7 pixels to crop, got 6x9; add resize=7"):
        load(tmp_path, crop=7).gather([0, 1])


def test_every_kind_of_image_becomes_rgb(tmp_path):
    pixels = pictures(1, 6, 6, 3)[0]
    for mode in ("RGB", "L", "P", "RGBA", "LA", "1"):
        write_image(tmp_path / f"a/{'0' if mode == 'RGB' else mode}.png", pixels, mode)
    write_image(tmp_path / "a/cmyk.jpg", pixels, "CMYK")
    see_through = PIL.Image.fromarray(pixels).convert("P")
    see_through.save(tmp_path / "a/transparent.png", transparency=bytes(range(200)))
    PIL.Image.fromarray(np.full((6, 6), 0x80FF, dtype=np.uint16)).save(tmp_path / "a/sixteen.png")
    data = load(tmp_path)
    (batch,) = data.batches(99)
    assert batch.inputs.shape == (9, 3, 6, 6)
    assert torch.equal(batch.inputs[0], torch.as_tensor(pixels).permute(2, 0, 1).float() / 255)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert torch.equal(batch.inputs[names.index("sixteen.png")], torch.full((3, 6, 6), 0x80FF / 65535))


def test_grey_images_keep_one_channel_if_most_of_the_first_do(tmp_path):
    images = pictures(2, 6, 6)
    write_image(tmp_path / "a/1.png", images[0])
    write_image(tmp_path / "a/2.png", images[1])
    (batch,) = load(tmp_path).batches(2)
    assert torch.equal(batch.inputs, torch.as_tensor(images[:, None]).float() / 255)
    write_image(tmp_path / "a/3.png", pictures(1, 6, 6, 3)[0])
    with pytest.raises(DataError, match=r"3\.png: expected a grey image like most of the first ones, got mode RGB"):
        list(load(tmp_path, on_error="skip").batches(3))


@pytest.mark.parametrize("content", [b"", b"not an image", encoded(pictures(1, 64, 64, 3)[0])[:5000]])
def test_a_broken_image_is_an_error_or_skipped(tmp_path, content):
    write_image(tmp_path / "a/1.png", pictures(1, 64, 64, 3)[0])
    write_image(tmp_path / "a/3.png", pictures(1, 64, 64, 3)[0])
    (tmp_path / "a/0.png").write_bytes(content)
    with pytest.raises(DataError, match=r"0\.png: expected an image"):
        list(load(tmp_path).batches(2))
    data = load(tmp_path, on_error="skip")
    assert data.shape == (3, 64, 64)
    assert [batch.samples.tolist() for batch in data.batches(2)] == [[1, 2]]
    assert data.gather([0, 2]).samples.tolist() == [2]
    assert [where for where, _ in data.skipped] == [str(tmp_path / "a/0.png")]


def test_folders_without_images(tmp_path):
    with pytest.raises(DataError, match="got an empty one"):
        load(tmp_path)
    (tmp_path / "cats").mkdir()
    with pytest.raises(DataError, match="expected class folders with images, got 1 folders without any"):
        load(tmp_path)


def test_only_the_images_taken_are_opened(tmp_path):
    class_folders(tmp_path)
    (tmp_path / "dogs/deep/er/c.png").write_bytes(b"broken")
    assert len(next(load(tmp_path).take(0, 3).batches(3)).targets) == 3


def test_fingerprint_of_a_folder_does_not_depend_on_where_it_lies(tmp_path):
    class_folders(tmp_path / "one")
    class_folders(tmp_path / "two")
    assert load(tmp_path / "one").fingerprint() == load(tmp_path / "two").fingerprint()
    (tmp_path / "two/cats/a.png").rename(tmp_path / "two/cats/c.png")
    assert load(tmp_path / "one").fingerprint() != load(tmp_path / "two").fingerprint()


@pytest.mark.parametrize("labels", [None, "file,label\na/1.bmp,0\na/2.bmp,1\n"])
def test_fingerprint_follows_pixels_of_the_same_size(tmp_path, labels):
    images = pictures(3, 4, 4, 3)
    (tmp_path / "a").mkdir()
    if labels:
        (tmp_path / "labels.csv").write_text(labels)
    last = tmp_path / "a/2.bmp"
    for path, pixels in zip((tmp_path / "a/1.bmp", last), images, strict=False):
        path.write_bytes(encoded(pixels, "BMP"))
    before, size = load(tmp_path).fingerprint(), last.stat().st_size
    assert load(tmp_path).fingerprint() == before
    last.write_bytes(encoded(images[2], "BMP"))
    assert last.stat().st_size == size
    assert load(tmp_path).fingerprint() != before
    last.write_bytes(encoded(images[1], "BMP"))
    assert load(tmp_path).fingerprint() == before


def test_fingerprint_of_a_table_with_a_file_missing(tmp_path):
    folder = table(tmp_path, "file,label\npictures/1.png,0\npictures/3.png,1\n")
    before = load(folder, on_error="skip").fingerprint()
    write_image(folder / "pictures/3.png", pictures(1, 4, 4, 3)[0])
    assert load(folder, on_error="skip").fingerprint() != before


def table(folder, text):
    for name in ("1", "2"):
        write_image(folder / f"pictures/{name}.png", pictures(1, 4, 4, 3)[0])
    (folder / "labels.csv").write_text(text)
    return folder


def test_a_folder_with_a_table(tmp_path):
    folder = table(tmp_path, "wnid,file,name,label\nn2,pictures/2.png,a dog,3\nn1,pictures/1.png,a cat,1\n")
    for source in (folder, folder / "labels.csv"):
        data = load(source)
        assert data.classes == ("0", "a cat", "2", "a dog")
        assert data.gather([0, 1]).targets.tolist() == [3, 1]
    assert load(table(tmp_path, "file,label\npictures/1.png,1\n")).classes == ("0", "1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\npictures/1.png,0\n", "expected columns 'file' and 'label', got path, label"),
        ("", "expected columns 'file' and 'label', got none"),
        ("file,label\n", "expected rows with a file and a label, got none"),
        (
            "file,label\npictures/1.png,0\npictures/2.png,cat\n",
            "line 3: expected an integer label like others, got 'cat'",
        ),
        ("file,label\npictures/1.png,-1\n", "line 2: expected a label from 0 to 999999, got -1"),
        ("file,label\n,1\n", "line 2: expected a file's name in column 'file', got none"),
        (
            "file,label,name\npictures/1.png,1,a\npictures/2.png,1,b\n",
            "line 3: expected label 1 to be 'a' as before",
        ),
    ],
)
def test_tables_that_are_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as raised:
        load(table(tmp_path, text), on_error="skip")
    assert "labels.csv" in str(raised.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("pictures/3.png,1", "line 3: expected the image .*3.png, got no such file"),
        ("pictures/1.png,", "line 3: expected a label for pictures/1.png, got none"),
    ],
)
def test_rows_that_are_an_error_or_skipped(tmp_path, row, message):
    folder = table(tmp_path, f"file,label\npictures/1.png,0\n{row}\npictures/2.png,1\n")
    with pytest.raises(DataError, match=message):
        load(folder)
    data = load(folder, on_error="skip")
    assert [batch.samples.tolist() for batch in data.batches(5)] == [[0, 2]]
    assert len(data.skipped) == 1


def test_two_tables(tmp_path):
    folder = table(tmp_path, "file,label\npictures/1.png,0\n")
    (folder / "more.csv").write_text("file,label\n")
    with pytest.raises(DataError, match=r"expected one CSV of labels, got labels.csv, more.csv"):
        load(folder)
    assert len(load(folder / "labels.csv")) == 1


def test_a_table_that_is_not_text(tmp_path):
    (tmp_path / "labels.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="expected a CSV in UTF-8"):
        load(tmp_path)
