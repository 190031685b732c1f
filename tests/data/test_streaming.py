"""A source is read once from front to back: counted in bytes and rows, not in seconds."""

import gc
import os
import pickle
import threading
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from feint.data import Dataset, load
from feint.data.places import KEPT

from .files import encoded, pictures, write_mnist

COUNT = 600
SIDE = 40


def write_npz(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    np.savez_compressed(folder / "some.npz", images=images, labels=labels)
    return folder / "some.npz"


def write_fortran(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    return write_npz(folder, np.asfortranarray(images), labels)


def write_idx(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    return write_mnist(folder, "t10k", images, labels, ".gz")


def write_parquet(folder: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    rows = [{"bytes": encoded(image), "path": None} for image in images]
    pq.write_table(pa.table({"image": rows, "label": labels}), folder / "some.parquet", row_group_size=250)
    return folder / "some.parquet"


WRITERS = [write_npz, write_fortran, write_idx, write_parquet]


@pytest.fixture(params=WRITERS)
def source(request, tmp_path) -> Path:
    return request.param(tmp_path, pictures(COUNT, SIDE, SIDE), np.arange(COUNT) % 7)


@pytest.fixture(params=[write_npz, write_idx])
def zipped(request, tmp_path) -> Path:
    return request.param(tmp_path, pictures(COUNT, SIDE, SIDE), np.arange(COUNT) % 7)


@pytest.fixture
def decompressed(monkeypatch) -> list[int]:
    """How many bytes each call of zlib gave."""
    counts: list[int] = []

    class Counted:
        def __init__(self, make, *args, **options) -> None:
            self.zlib = make(*args, **options)

        def decompress(self, *args, **options) -> bytes:
            data = self.zlib.decompress(*args, **options)
            counts.append(len(data))
            return data

        def __getattr__(self, name: str):
            return getattr(self.zlib, name)

    for name in ("decompressobj", "_ZlibDecompressor"):
        if (make := getattr(zlib, name, None)) is not None:
            monkeypatch.setattr(zlib, name, lambda *args, make=make, **options: Counted(make, *args, **options))
    return counts


def walk(data: Dataset, step: int) -> torch.Tensor:
    parts = (data.take(start, start + step) for start in range(0, len(data), step))
    return torch.cat([batch.inputs for part in parts for batch in part.batches(step)])


def test_a_walk_over_parts_decompresses_once(zipped, decompressed):
    data = load(zipped)
    decompressed.clear()
    walk(data, 10)
    assert COUNT * SIDE**2 <= sum(decompressed) < 1.1 * COUNT * SIDE**2


def test_it_grows_with_the_images_not_with_their_square(tmp_path, decompressed):
    found = []
    for count in (500, 1000, 2000):
        data = load(write_npz(tmp_path, pictures(count, 20, 20), np.zeros(count, int)))
        decompressed.clear()
        walk(data, 10)
        found.append(sum(decompressed) / count)
    assert found == pytest.approx([400] * 3, rel=0.1)


def test_parts_that_are_left_out_are_passed_over_once(zipped, decompressed):
    data = load(zipped)
    decompressed.clear()
    for start in (100, 300, 320, 590):
        next(data.take(start, start + 10).batches(10))
    assert sum(decompressed) < 1.1 * COUNT * SIDE**2


def test_several_readers_each_go_on_from_their_own_place(zipped, decompressed):
    data = load(zipped)
    decompressed.clear()
    halves = data.take(0, COUNT // 2), data.take(COUNT // 2, COUNT)
    for start in range(0, COUNT // 2, 10):
        for half in halves:
            next(half.take(start, start + 10).batches(10))
    assert sum(decompressed) < 2.1 * COUNT * SIDE**2


def test_parquet_decodes_each_row_once(tmp_path, monkeypatch):
    data = load(write_parquet(tmp_path, pictures(COUNT, 8, 8), np.zeros(COUNT, int)))
    rows: list[int] = []
    iter_batches = pq.ParquetFile.iter_batches

    def counted(self, *args, **options):
        for batch in iter_batches(self, *args, **options):
            rows.append(batch.num_rows)
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    data.shape  # noqa: B018
    rows.clear()
    walk(data, 10)
    assert COUNT <= sum(rows) <= COUNT + 64
    rows.clear()
    next(data.take(0, 10).batches(10))
    rows.clear()
    next(data.take(510, 520).batches(10))  # in the third row group: those before are not touched
    assert sum(rows) <= 64


def test_parts_equal_the_whole_in_any_order(source):
    data = load(source)
    whole = torch.cat([batch.inputs for batch in data.batches(100)])
    assert torch.equal(walk(data, 130), whole)
    for start, stop in [(400, 410), (10, 20), (15, 300), (300, 301), (0, 5), (299, 600), (590, 600)]:
        assert torch.equal(next(data.take(start, stop).batches(999)).inputs, whole[start:stop])


def test_readers_that_take_turns_or_stop_early(source):
    data = load(source)
    whole = torch.cat([batch.inputs for batch in data.batches(100)])
    for _ in range(3):
        next(data.batches(7))
    for number, (first, second) in enumerate(zip(data.batches(50), data.take(5, COUNT).batches(50), strict=True)):
        assert torch.equal(first.inputs, whole[50 * number : 50 * number + 50])
        assert torch.equal(second.inputs, whole[50 * number + 5 : 50 * number + 55])


def test_threads(source):
    data = load(source)
    whole = torch.cat([batch.inputs for batch in data.batches(100)])
    found: dict[int, bool] = {}

    def read(number: int) -> None:
        found[number] = all(
            torch.equal(next(data.take(start, start + 20).batches(20)).inputs, whole[start : start + 20])
            for start in range(20 * number, COUNT, 40)
        )

    threads = [threading.Thread(target=read, args=(number % 2,)) for number in range(2)]
    threads += [threading.Thread(target=read, args=(number,)) for number in range(2, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(6), True)


def open_files(path: Path) -> int:
    return sum(os.path.realpath(f"/proc/self/fd/{fd}") == str(path.resolve()) for fd in os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts the open files that /proc lists")
def test_files_are_closed(zipped):
    path = zipped if zipped.suffix else zipped.parent / "t10k-images-idx3-ubyte.gz"
    data = load(zipped)
    readers = [data.take(number, COUNT).batches(3) for number in range(KEPT + 3)]
    for reader in readers:
        next(reader)
    assert open_files(path) == KEPT + 3
    del reader, readers
    gc.collect()
    assert open_files(path) <= KEPT
    walk(data, 100)
    del data
    gc.collect()
    assert open_files(path) == 0


def test_all_the_way_through_leaves_nothing_open(zipped):
    data = load(zipped)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    walk(data, 100)
    after = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    assert (after, data._source.places._kept) == (before, [])


def test_a_copy_for_another_process_reads_on_its_own(source):
    data = load(source)
    first = next(data.take(0, 100).batches(100))
    copy = pickle.loads(pickle.dumps(data))
    assert torch.equal(next(copy.take(0, 100).batches(100)).inputs, first.inputs)
    assert torch.equal(next(data.take(100, 200).batches(100)).inputs, next(copy.take(100, 200).batches(100)).inputs)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_fork_does_not_disturb_its_parent(zipped):
    data = load(zipped)
    whole = torch.cat([batch.inputs for batch in data.batches(100)])
    next(data.take(0, 100).batches(100))
    child = os.fork()
    if child == 0:
        same = torch.equal(next(data.take(200, 400).batches(200)).inputs, whole[200:400])
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert torch.equal(next(data.take(100, 300).batches(200)).inputs, whole[100:300])


@pytest.mark.parametrize("write", [write_npz, write_idx, write_parquet])
def test_memory_does_not_hold_all_images(tmp_path, write):
    images = np.kron(pictures(400, 20, 20), np.ones((1, 10, 10), np.uint8))  # 16 MB, a few hundred KB as files
    data = load(write(tmp_path, images, np.arange(400) % 3))
    tracemalloc.start()
    for start in range(0, 400, 20):
        next(data.take(start, start + 20).batches(20))
    data.only([3, 399, 200])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < images.nbytes / 4


def test_only_reads_once_and_holds_only_these(zipped, decompressed):
    data = load(zipped).take(50, COUNT)
    (whole,) = data.batches(COUNT)
    decompressed.clear()
    positions = [500, 3, 77, 3, 549, 0]
    batch = data.only(positions)
    assert torch.equal(batch.inputs, whole.inputs[positions])
    assert torch.equal(batch.targets, whole.targets[positions])
    assert torch.equal(batch.samples, whole.samples[positions])
    assert sum(decompressed) < 1.1 * COUNT * SIDE**2
    assert data._held is None
