"""What is a class, what is a sample, what is a split."""

import os
import sys

import pytest

from feint.data import load
from feint.errors import DataError

from ..files import pictures, write_image

PIXELS = pictures(1, 4, 4, 3)[0]


def write(folder, *names):
    for name in names:
        write_image(folder / name, PIXELS)
    return folder


def read(folder, **options):
    """Class names, and the file and label of each sample."""
    data = load(folder, **options)
    (batch,) = data.batches(999)
    return data.classes, [
        (os.path.relpath(data._source.where(sample), folder), label)
        for sample, label in zip(batch.samples.tolist(), batch.targets.tolist(), strict=True)
    ]


PLAIN = (("cat", "dog"), [("cat/0.png", 0), ("dog/0.png", 1)])


@pytest.mark.parametrize("stray", ["__MACOSX", "__pycache__", "aaa_empty", ".git", "@eaDir", "lost+found", "docs"])
@pytest.mark.parametrize("inside", ["", "._0.png", "notes.txt", "deep/er/._0.png", "module.pyc"])
def test_folders_without_an_image_are_no_classes(tmp_path, stray, inside):
    write(tmp_path, "cat/0.png", "dog/0.png")
    (tmp_path / stray / inside).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stray).mkdir(exist_ok=True)
    if inside:
        (tmp_path / stray / inside).write_bytes(b"x")
    assert read(tmp_path) == PLAIN


@pytest.mark.parametrize("sidecar", [".ipynb_checkpoints", "@eaDir", ".thumbnails", ".hidden", "__MACOSX", "#recycle"])
def test_what_systems_leave_is_neither_class_nor_sample(tmp_path, sidecar):
    write(tmp_path, "cat/0.png", "dog/0.png", f"{sidecar}/0.png", f"cat/{sidecar}/0.png", f"cat/deep/{sidecar}/0.png")
    assert read(tmp_path) == PLAIN


def test_hidden_images_are_no_samples(tmp_path):
    assert read(write(tmp_path, "cat/0.png", "cat/.0.png", "cat/._0.png", "dog/0.png")) == PLAIN


def test_linked_folders_and_images_are_followed(tmp_path):
    write(tmp_path / "store", "dog/a.png", "dog/b.png", "more/c.png")
    write(tmp_path / "d", "cat/0.png")
    (tmp_path / "d/dog").mkdir()
    (tmp_path / "d/dog/2024").symlink_to(tmp_path / "store/dog")
    (tmp_path / "d/dog/z.png").symlink_to(tmp_path / "store/more/c.png")
    (tmp_path / "d/emu").symlink_to(tmp_path / "store/more")
    assert read(tmp_path / "d") == (
        ("cat", "dog", "emu"),
        [("cat/0.png", 0), ("dog/2024/a.png", 1), ("dog/2024/b.png", 1), ("dog/z.png", 1), ("emu/c.png", 2)],
    )


def test_links_that_go_back_up_end(tmp_path):
    write(tmp_path, "cat/0.png", "dog/0.png")
    (tmp_path / "cat/up").symlink_to(tmp_path / "cat")
    (tmp_path / "dog/all").symlink_to(tmp_path)
    classes, samples = read(tmp_path)
    assert classes == ("cat", "dog")
    assert samples == [("cat/0.png", 0), ("dog/0.png", 1), ("dog/all/cat/0.png", 1)]


def test_links_to_nowhere_are_an_error_or_skipped(tmp_path):
    write(tmp_path, "cat/0.png", "dog/0.png")
    (tmp_path / "cat/1.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match=r"1\.png: expected an image file, got no such file"):
        read(tmp_path)
    assert read(tmp_path, on_error="skip") == PLAIN


@pytest.mark.parametrize("suffix", ["heic", "avif", "PNG", "jfif", "tga"])
def test_pictures_are_never_left_out_without_a_word(tmp_path, suffix):
    write(tmp_path, "cat/0.png", "dog/0.png")
    (tmp_path / f"dog/1.{suffix}").write_bytes(b"a picture of some kind")
    with pytest.raises(DataError, match=rf"1\.{suffix}: expected an image file, got 22 bytes that Pillow cannot open"):
        read(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0 or sys.platform == "win32", reason="nothing is unreadable for root")
def test_a_folder_that_cannot_be_read(tmp_path):
    write(tmp_path, "cat/0.png", "dog/0.png")
    (tmp_path / "dog").chmod(0)
    try:
        with pytest.raises(DataError, match="Permission denied"):
            load(tmp_path)
    finally:
        (tmp_path / "dog").chmod(0o755)


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (("Train", "Test"), ("train", "test")),
        (("training", "testing"), ("train", "test")),
        (("TRAINING", "Validation"), ("train", "val")),
        (("train", "valid"), ("train", "validation")),
        (("train", "val"), ("Training", "VAL")),
        (("Validation", "test"), ("valid", "Testing")),
    ],
)
def test_splits_by_any_of_their_names(tmp_path, names, asked):
    for number, name in enumerate(names):
        write(tmp_path / name, f"cat/{number}.png", "dog/a.png")
    (tmp_path / "__MACOSX").mkdir()
    for number, (name, split) in enumerate(zip(names, asked, strict=True)):
        assert read(tmp_path, split=split) == (
            ("cat", "dog"),
            [(f"{name}/cat/{number}.png", 0), (f"{name}/dog/a.png", 1)],
        )
    with pytest.raises(DataError, match=r"expected split .* or .*, got 'extra'"):
        load(tmp_path, split="extra")


def test_of_two_folders_for_one_split_the_name_decides(tmp_path):
    write(tmp_path, "val/cat/0.png", "validation/cat/0.png", "validation/dog/1.png")
    assert len(load(tmp_path, split="val")) == 1
    assert len(load(tmp_path, split="validation")) == 2
    with pytest.raises(DataError, match="expected split 'val' or 'validation', got 'valid'"):
        load(tmp_path, split="valid")


def test_a_class_that_is_called_like_a_split(tmp_path):
    assert read(write(tmp_path, "bus/0.png", "train/0.png"))[0] == ("bus", "train")


def test_a_split_without_a_class_keeps_the_names_of_the_others(tmp_path):
    write(tmp_path, "train/cat/0.png", "train/dog/0.png", "test/dog/0.png")
    (tmp_path / "test/cat").mkdir()
    names = load(tmp_path, split="train").classes
    (batch,) = load(tmp_path).matched(names).batches(9)
    assert (names, batch.targets.tolist()) == (("cat", "dog"), [1])
