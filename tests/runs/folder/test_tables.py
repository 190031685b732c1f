"""Tables: by column, by row, in batches; a damaged file's one line."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feint.errors import StoreError
from feint.runs.folder import tables
from feint.runs.folder.tables import Table

from ..folders import halved


@pytest.fixture
def paths(tmp_path):
    """Three pieces of two rows; names come as dictionaries, other ones in each piece."""
    found = []
    for at in range(3):
        table = pa.table(
            {
                "sample": np.arange(2 * at, 2 * at + 2),
                "name": pa.array([f"name {at}", "all"]).dictionary_encode(),
                "text": ["a", "b"],
                "radius": [0.1, 0.3],
            }
        )
        found.append(tmp_path / f"{at}.parquet")
        pq.write_table(table, found[-1], write_page_checksum=True)
    return found


@pytest.fixture
def table(paths):
    return Table("records", paths)


def test_all_of_it(table):
    assert len(table) == 6
    assert table.names == ("sample", "name", "text", "radius")
    assert table.column("sample").tolist() == [0, 1, 2, 3, 4, 5]
    assert table.read().column("name").to_pylist() == ["name 0", "all", "name 1", "all", "name 2", "all"]
    assert table.read(["radius", "sample"]).column_names == ["radius", "sample"]


@pytest.mark.parametrize(("room", "reads"), [(tables.KEPT, 3), (0, 6)])
def test_pieces_are_read_once_while_there_is_room(table, monkeypatch, room, reads):
    read, seen = tables._columns, []
    monkeypatch.setattr(tables, "KEPT", room)
    monkeypatch.setattr(tables, "_columns", lambda path, wanted: seen.append(path) or read(path, wanted))
    for radius, expected in ((0.1, [0, 2, 4]), (0.3, [1, 3, 5])):
        assert table.read(["sample"], radius=radius).column("sample").to_pylist() == expected
    assert len(seen) == reads


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"name": "all"}, [1, 3, 5]),
        ({"name": ["all", "name 2"]}, [1, 3, 4, 5]),
        ({"text": "a"}, [0, 2, 4]),
        ({"text": {"a"}, "sample": 2}, [2]),
        ({"radius": 0.3}, [1, 3, 5]),
        ({"radius": 0.1 + 0.2}, []),  # another number
        ({"radius": [0.1]}, [0, 2, 4]),
        ({"sample": range(1, 3)}, [1, 2]),
        ({"name": "nobody"}, []),
        ({"name": []}, []),
    ],
)
def test_where(table, where, expected):
    assert table.column("sample", **where).tolist() == expected
    assert table.read(["text"], **where).column_names == ["text"]  # without the columns that were asked about
    assert table.read(**where).num_rows == len(expected)


def test_batches_are_read_when_they_are_asked_for(table, paths):
    batches = table.batches(["sample"])
    assert next(batches).column("sample").to_pylist() == [0, 1]
    halved(paths[2])
    assert next(batches).column("sample").to_pylist() == [2, 3]
    with pytest.raises(StoreError):
        next(batches)


def test_distinct(table):
    assert table.distinct("name") == ["name 0", "all", "name 1", "name 2"]
    assert table.distinct("radius", name="all") == [0.3]
    assert table.distinct("text", sample=[4, 5]) == ["a", "b"]


def test_a_damaged_file_is_one_line(table, paths):
    content = bytearray(paths[1].read_bytes())
    content[len(content) // 4] ^= 255
    paths[1].write_bytes(content)
    with pytest.raises(StoreError, match=rf"^{paths[1]} cannot be read: .*; run again to make it anew$") as caught:
        table.read()
    assert "\n" not in str(caught.value)
    paths[1].unlink()
    for ask in (table.read, lambda: len(table)):
        with pytest.raises(StoreError, match=f"^{paths[1]} cannot be read"):
            ask()


def test_no_pieces():
    table = Table("records", [])
    assert (len(table), table.names, list(table.batches()), table.distinct("x")) == (0, (), [], [])
    with pytest.raises(StoreError, match="expected a table records, got none; run the same command again"):
        table.read()
