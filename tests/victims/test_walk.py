"""The walk over data: parts in order for every name, each read once, and what of it cannot be read."""

from pathlib import Path

import pytest
from PIL import Image

from feint import data
from feint.runs.run import in_order
from feint.victims.walk import Walk


@pytest.fixture
def images(tmp_path):
    """Ten pictures of which the sixth cannot be read: with batches of one, parts of four, four and two."""
    for index in range(10):
        Image.new("L", (4, 4), 20 * index).save(tmp_path / f"{index}.png")
    (tmp_path / "5.png").write_bytes(b"no picture")
    (tmp_path / "labels.csv").write_text("file,label\n" + "".join(f"{index}.png,{index % 2}\n" for index in range(10)))
    return data.load(tmp_path, on_error="skip")


def test_parts_in_order_for_every_name(images):
    walk = Walk(images, 1, names=2)
    at = [(which, start, stop) for start, stop in ((0, 4), (4, 8), (8, 10)) for which in (0, 1)]
    assert [piece.at for piece in walk.pieces] == at
    assert [piece.size for piece in walk.pieces] == [4, 4, 4, 4, 2, 2]
    read = [walk.read(piece) for piece in walk.pieces]
    assert [batch.samples.tolist() for batch, _ in read[::2]] == [[0, 1, 2, 3], [4, 6, 7], [8, 9]]
    assert [len(skipped) for _, skipped in read] == [0, 0, 1, 1, 0, 0]
    ((where, _),) = read[2][1]
    assert where.endswith("5.png")


def test_a_part_is_read_once_for_all_names(images, monkeypatch):
    taken = []
    take = data.Dataset.take
    monkeypatch.setattr(data.Dataset, "take", lambda self, *range: taken.append(range) or take(self, *range))
    walk = Walk(images, 1, names=3)
    for piece in walk.pieces:
        walk.read(piece)
    assert taken == [(0, 4), (4, 8), (8, 10)]


@pytest.mark.parametrize("names", [1, 2, 11])
def test_the_names_of_pieces_keep_their_order(images, names):
    """Tables are read in the order of their files' names."""
    pieces = [piece.name for piece in Walk(images, 1, names=names).pieces]
    assert [path.stem for path in in_order(Path(f"{name}.json") for name in reversed(pieces))] == pieces
    assert len(set(pieces)) == 3 * names


def test_parts_of_another_number_of_batches(images):
    assert [piece.at[1:] for piece in Walk(images, 2, batches=2).pieces] == [(0, 4), (4, 8), (8, 10)]
    assert [piece.at[1:] for piece in Walk(images, 100).pieces] == [(0, 10)]
