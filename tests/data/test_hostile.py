"""Files from strangers: what would take all memory, never end, leave the folder or spoil the terminal."""

import gzip
import io
import json
import os
import struct
import threading
import tracemalloc
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io

from feint.data import load
from feint.errors import DataError

from .files import encoded, pictures, write_image, write_mnist

MIB = 1 << 20


def bomb(folder, name, kind, shape, member=zipfile.ZIP_DEFLATED, **others):
    """An .npz file with an array of zeros that is far larger than the file."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": kind, "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(folder / "a.npz", "w", member, compresslevel=1) as archive:
        for other, array in others.items():
            file = io.BytesIO()
            np.save(file, array)
            archive.writestr(f"{other}.npy", file.getvalue())
        with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
            file.write(header.getvalue())
            for _ in range(64):
                file.write(bytes(MIB))
    return folder / "a.npz"


def peak(use):
    """The most memory that was in use meanwhile, in MiB."""
    tracemalloc.start()
    try:
        use()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


def refused(path, message, most=8, **options):
    def read():
        list(load(path, **options).batches(10))

    def use():
        with pytest.raises(DataError, match=message):
            read()

    assert peak(use) < most


@pytest.mark.parametrize("kind", ["|u1", "<i8"])
def test_labels_of_an_npz_that_are_more_than_its_images(tmp_path, kind):
    path = bomb(tmp_path, "labels", kind, (2**31,), images=pictures(20, 8, 8))
    assert path.stat().st_size < MIB
    refused(path, "got 2147483648 labels for 20 images")


def test_as_many_images_as_nobody_has(tmp_path):
    path = bomb(tmp_path, "images", "|u1", (2**31, 1, 1), labels=np.zeros(20, np.int64))
    refused(path, "expected at most 134217728 images, got 2147483648")


def test_an_image_that_is_too_large(tmp_path):
    path = bomb(tmp_path, "images", "<f8", (1, 2**20, 2**20), labels=np.zeros(1, np.int64))
    refused(path, "expected images of 1 to 134217728 pixels, got shape")


@pytest.mark.parametrize("shape", [(64 * MIB // 8, 1), (64 * MIB // 8 + 1, 1), (-1, 2), (2**40, 2**40)])
def test_tables_that_are_larger_than_they_say_or_than_can_be(tmp_path, shape):
    path = bomb(tmp_path, "X", "<f8", shape, y=np.zeros(3))
    if shape == (64 * MIB // 8, 1):  # it is what it says, and not too large: but y is not as long
        with pytest.raises(DataError, match="expected y with 8388608 rows like X"):
            load(path)
    else:
        refused(path, "expected (at most )?[0-9]* ?bytes in X|expected a shape for X")


@pytest.mark.parametrize("kind", ["|O", "<U4", "<M8[s]", "|V8", "(2,2)<f8"])
def test_arrays_of_other_types(tmp_path, kind):
    for name, other in (("images", {"labels": np.zeros(2, int)}), ("labels", {"images": pictures(2, 3, 3)})):
        refused(bomb(tmp_path, name, kind, (2,), **other), "expected (numbers|images|integer labels|a readable)")


class Planted:
    """Unpickling this makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("name", ["images", "labels", "X", "test_0"])
def test_an_npz_does_not_run_its_pickles(tmp_path, name):
    plain = {"images": pictures(2, 3, 3), "labels": np.zeros(2, int)}
    table = {"X": np.zeros((2, 2)), "y": np.zeros((2, 1)), "test_0": np.array([1])}
    objects = {name: np.array([Planted(tmp_path / "it-ran"), 1], dtype=object)}
    np.savez(tmp_path / "a.npz", **{**(plain if name in plain else table), **objects})
    refused(tmp_path / "a.npz", "expected|got")
    assert not (tmp_path / "it-ran").exists()


@pytest.mark.parametrize(("count", "side"), [(2**32 - 1, 1), (4, 2**16)])
def test_an_idx_header_that_claims_too_much(tmp_path, count, side):
    write_mnist(tmp_path, "t10k", pictures(4, 2, 2), np.zeros(4), ".gz")
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">4I", 0x803, count, side, side)))
    refused(path, "expected at most|expected images of at most|expected as many labels")


def test_gzipped_labels_that_go_on_and_on(tmp_path):
    path = write_mnist(tmp_path, "t10k", pictures(4, 2, 2), np.zeros(4), ".gz")
    labels = tmp_path / "t10k-labels-idx1-ubyte.gz"
    labels.write_bytes(gzip.compress(struct.pack(">2I", 0x801, 4) + bytes(64 * MIB), 1))
    assert peak(lambda: list(load(path).batches(4))) < 8
    labels.write_bytes(gzip.compress(struct.pack(">2I", 0x801, 64 * MIB) + bytes(64 * MIB), 1))
    refused(path, "got 67108864 labels for 4 images")


def png(width, height):
    """A picture of one colour, far smaller as a file."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pack = zlib.compressobj(1)
    rows = b"".join(pack.compress(bytes(min(width + 1, MIB))) for _ in range(32)) + pack.flush()
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(20_000, 20_000), (2**30, 1), (11_600, 11_600)])
def test_a_picture_that_is_a_bomb(tmp_path, size):
    write_image(tmp_path / "a/1.png", pictures(1, 4, 4)[0])
    (tmp_path / "a/2.png").write_bytes(png(*size))
    pq.write_table(pa.table({"image": [{"bytes": png(*size), "path": "x"}], "label": [0]}), tmp_path / "b.parquet")
    for path in (tmp_path / "b.parquet", tmp_path / "a"):
        if path.suffix != ".parquet":
            (tmp_path / "b.parquet").unlink()
            path = tmp_path
        refused(path, r"expected an image of at most 134217728 pixels, got .*decompression bomb")
    assert [batch.samples.tolist() for batch in load(tmp_path, on_error="skip").batches(9)] == [[0]]


def test_resizing_to_what_no_memory_holds(tmp_path):
    write_image(tmp_path / "a/1.png", pictures(1, 4, 4)[0])
    refused(tmp_path, "expected at most 134217728 pixels after resizing, got 1000000x1000000", resize=1_000_000)


def test_a_mat_file_that_claims_too_many_labels(tmp_path):
    arrays = {"X": np.zeros((32, 32, 3, 2), np.uint8), "y": np.zeros((96 * MIB, 1), np.uint8)}
    scipy.io.savemat(tmp_path / "test_32x32.mat", arrays, do_compression=True)
    refused(tmp_path, "got 100663296 labels for 2 images", most=300)  # scipy unpacks 128 KiB twice


def ends(use):
    """Whether it ends at all."""
    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    thread.join(20)
    return not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a FIFO")
def test_a_fifo_as_the_data_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "images.npz")
    with pytest.raises(DataError, match=r"images\.npz: expected a file or a folder, got a device or a pipe"):
        load(str(tmp_path / "images.npz"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a FIFO")
@pytest.mark.parametrize("odd", ["fifo", "/dev/zero"])
def test_what_would_never_end(tmp_path, odd):
    write_image(tmp_path / "a/1.png", pictures(1, 4, 4)[0])
    found: list[str] = []

    def make(name):
        path = tmp_path / name
        path.symlink_to(odd) if odd != "fifo" else os.mkfifo(path)
        return path

    def read(source):
        try:
            data = load(source, on_error="skip")
            data.fingerprint()
            list(data.batches(4))
            found.extend(why for _, why in data.skipped)
        except DataError as error:
            found.append(str(error))

    make("a/0.png")
    assert ends(lambda: read(tmp_path))
    (tmp_path / "labels.csv").write_text("file,label\na/1.png,0\na/0.png,0\n")
    assert ends(lambda: read(tmp_path))
    assert found == ["expected an image file, got no regular file"] * 2
    (tmp_path / "labels.csv").unlink()
    for name in ("labels.csv", "a.parquet", "a.npz", "t10k-images-idx3-ubyte", "test_32x32.mat", "test_batch.bin"):
        path = make(name)
        assert ends(lambda path=path: read(path)), name
        assert ends(lambda: read(tmp_path)), name
        path.unlink()


@pytest.mark.parametrize("file", ["../secret.png", "/etc/secret.png", "a/../../secret.png", ".."])
def test_tables_do_not_leave_their_folder(tmp_path, file):
    write_image(tmp_path / "secret.png", pictures(1, 4, 4)[0])
    write_image(tmp_path / "d/a/1.png", pictures(1, 4, 4)[0])
    (tmp_path / "d/labels.csv").write_text(f"file,label\na/1.png,0\n{file},0\n")
    with pytest.raises(DataError, match=r"labels.csv, line 3: expected a file in the table's folder, got '"):
        load(tmp_path / "d", on_error="skip")
    (tmp_path / "d/labels.csv").write_text("file,label\na/../a/1.png,0\n./a/1.png,0\n")
    assert len(next(load(tmp_path / "d").batches(9)).targets) == 2


def test_a_picture_may_not_run_another_program(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/0.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    refused(tmp_path, "expected an image file, got .* bytes that Pillow cannot open")


def holds(text):
    text.encode()
    assert json.loads(json.dumps(text)) == text
    assert text.isprintable()


NAMES = [b"caf\xe9", b"two\nlines", b"\x1b[31mred", "Größe".encode(), b"<b>&'\""]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_and_folders(tmp_path, name):
    for number, folder in enumerate((name, b"z")):
        os.makedirs(os.path.join(os.fsencode(tmp_path), folder))
        with open(os.path.join(os.fsencode(tmp_path), folder, name + b".png"), "wb") as file:
            file.write(encoded(pictures(1, 4, 4)[0]) if number else b"broken")
    data = load(tmp_path, on_error="skip")
    assert [len(batch.targets) for batch in data.batches(3)] == [1]
    assert len(data.fingerprint()) == 64
    ((where, why),) = data.skipped
    for text in (*data.classes, where, why):
        holds(text)
    if name.decode("utf-8", "replace").isprintable() and b"\xe9" not in name:
        assert name.decode() in data.classes
    with pytest.raises(DataError) as raised:
        list(load(tmp_path).batches(3))
    holds(str(raised.value))
    matched = data.matched([*data.classes, "more"])
    assert matched.gather([1]).targets.tolist() == [data.classes.index("z")]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_errors_of_files(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name + b".npz")
    with open(path, "wb") as file:
        file.write(b"not a zip file")
    with pytest.raises(DataError, match="expected a readable") as raised:
        load(os.fsdecode(path))
    holds(str(raised.value))


def test_names_in_tables(tmp_path):
    write_image(tmp_path / "a.png", pictures(1, 4, 4)[0])
    (tmp_path / "labels.csv").write_text('file,label,name\na.png,0,"two\nlines"\na.png,1,\x1b[31mred\n')
    assert load(tmp_path).classes == ("two\\nlines", "\\x1b[31mred")


def test_files_that_go_away(tmp_path):
    np.savez(tmp_path / "a.npz", images=pictures(4, 3, 3), labels=np.zeros(4, int))
    files = {"a.npz": load(tmp_path / "a.npz"), "mnist": None}
    files["mnist"] = load(write_mnist(tmp_path / "mnist", "t10k", pictures(4, 3, 3), np.zeros(4)))
    (tmp_path / "a.npz").unlink()
    for path in (tmp_path / "mnist").iterdir():
        path.unlink()
    for data in files.values():
        for use in (data.fingerprint, lambda data=data: list(data.batches(2))):
            with pytest.raises(DataError, match="No such file"):
                use()
