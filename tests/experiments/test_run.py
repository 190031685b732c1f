"""What all runs share: how they begin, the walk over what is not computed yet, arrays that are kept."""

import numpy as np
import pyarrow as pa
import pytest
import torch
from feint.experiments.run import begun, facts, head, kept, part_count, walk
from feint.experiments.spec import AuditSpec
from feint.results import RunFolder
from PIL import Image

from feint import data
from feint.errors import SpecError

NAMES = ["first", "second"]


@pytest.fixture
def images(tmp_path):
    """Ten pictures of which the sixth cannot be read: with batches of one, parts of four, four and two."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(10):
        Image.new("L", (4, 4), 20 * index).save(folder / f"{index}.png")
    (folder / "5.png").write_bytes(b"no picture")
    (folder / "labels.csv").write_text("file,label\n" + "".join(f"{index}.png,{index % 2}\n" for index in range(10)))
    return data.load(folder, on_error="skip")


def opened(root, **values):
    return RunFolder.open(root, "some", {"seed": 0}, **values)


def walked(folder, images, *, stop=None, progress=False):
    """The walk, interrupted at its so-manyth part: what was computed, and what was skipped."""
    pieces = []

    def compute(piece):
        if len(pieces) == stop:
            raise KeyboardInterrupt
        pieces.append((piece.which, piece.part, piece.batch.samples.tolist()))
        return pa.table({"which": [piece.which] * len(piece.batch.samples), "sample": piece.batch.samples.numpy()})

    try:
        skipped = walk(folder, images, 1, compute, names=NAMES, progress=progress)
    except KeyboardInterrupt:
        skipped = None
    return pieces, skipped


def test_a_walk_goes_over_all_images_for_every_name(tmp_path, images):
    parts = part_count(images, 1, len(NAMES))
    with opened(tmp_path, parts=parts) as folder:
        pieces, skipped = walked(folder, images)
        assert [part for _, part, _ in pieces] == list(range(parts))
        samples = [[0, 1, 2, 3], [4, 6, 7], [8, 9]]
        assert [(which, found) for which, _, found in pieces] == [(which, each) for which in (0, 1) for each in samples]
        assert [where.rsplit("/", 1)[-1][:5] for where, _ in skipped] == ["5.png"]  # once, though both came across it
        assert folder.read()["sample"].to_pylist() == 2 * [*range(5), *range(6, 10)]


@pytest.mark.parametrize("stop", range(6))
def test_an_interrupted_walk_goes_on(tmp_path, images, stop):
    with opened(tmp_path / "whole") as whole:
        pieces, noted = walked(whole, images)
    with opened(tmp_path) as folder:
        assert walked(folder, images, stop=stop) == (pieces[:stop], None)
    with opened(tmp_path) as folder:
        assert walked(folder, images) == (pieces[stop:], noted)
        assert folder.read().equals(whole.read())
        assert walked(folder, images) == ([], noted)
    with opened(tmp_path, fresh=True) as folder:
        assert walked(folder, images) == (pieces, noted)


def test_the_bar_shows_each_name_and_is_closed_on_the_way_out(tmp_path, images, capsys):
    with opened(tmp_path) as folder:
        walked(folder, images, stop=4, progress=True)
    shown = capsys.readouterr().err
    assert all(f"{name}:" in shown for name in NAMES)
    assert shown.endswith("\n")
    with opened(tmp_path) as folder:
        walked(folder, images)
    assert capsys.readouterr().err == ""


def test_arrays_are_computed_once(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"a": np.arange(3)}

    with opened(tmp_path) as folder:
        found = [kept(folder, "some.npz", compute)["a"].tolist() for _ in range(2)]
    assert (found, len(calls)) == ([[0, 1, 2]] * 2, 1)
    with opened(tmp_path, fresh=True) as folder:
        kept(folder, "some.npz", compute)
    assert len(calls) == 2


def test_a_beginning_settles_what_the_machine_decides(tmp_path, linear):
    network, path = linear
    before = torch.get_num_threads()
    spec = AuditSpec.parse({"victim": {"networks": [network]}, "radii": [0.1], "threads": before + 1})
    with begun(spec, data.load(path), [spec.victim], progress=False) as (settled, (victim,), size):
        assert torch.get_num_threads() == settled.threads == before + 1
        images = len(data.load(path))
        assert images < 100
        assert (settled.device, settled.batch_size, size) == ("cpu", images, images)
        assert victim.classes == 2
    assert torch.get_num_threads() == before
    strange = spec.model_copy(update={"device": "nowhere"})
    with pytest.raises(SpecError, match="device"), begun(strange, data.load(path), [], progress=False):
        pass
    with RunFolder.open(tmp_path, "audit", settled.model_dump(mode="json")) as folder:
        assert head(folder, "feint audit").keys() >= {"id", "folder", "command", "feint", "torch"}
        assert facts(folder)["device, threads, batch size"] == f"cpu, {before + 1}, {images}"
