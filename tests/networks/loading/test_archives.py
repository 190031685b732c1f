"""Archives of torch's that would take more memory than their files are long are refused before they are read."""

import tracemalloc
import zipfile

import pytest
import torch
from torch import nn

from feint.errors import NetworkError, WeightsError
from feint.networks.loading.archives import swollen
from feint.networks.loading.exported import load_exported
from feint.networks.loading.weights import read_weights

MEGABYTES = 64


def compressed(path, source):
    """The same archive with one tensor of zeros more, compressed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member, old.read(member))
        new.writestr(f"{old.namelist()[0].partition('/')[0]}/data/99", bytes(MEGABYTES * 2**20))


def repeated(path, source):
    """The same archive with its longest member under many names, all of them the same bytes."""
    path.write_bytes(source.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        longest = max(archive.infolist(), key=lambda member: member.file_size)
        for at in range(MEGABYTES):
            again = zipfile.ZipInfo(f"{longest.filename}-{at}")
            for name in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(again, name, getattr(longest, name))
            archive.filelist.append(again)
        archive._didModify = True


@pytest.fixture
def saved(tmp_path):
    torch.save({"weight": torch.rand(200, 200)}, tmp_path / "weights.pt")
    return tmp_path / "weights.pt"


@pytest.fixture
def exported(tmp_path):
    program = torch.export.export(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).eval(), (torch.rand(2, 1, 8, 8),))
    torch.export.save(program, tmp_path / "program.pt2")
    return tmp_path / "program.pt2"


@pytest.mark.parametrize("swell", [compressed, repeated])
@pytest.mark.parametrize("kind", ["saved", "exported"])
def test_bombs_are_refused_before_they_are_read(request, tmp_path, kind, swell):
    bomb = tmp_path / "bomb"
    swell(bomb, request.getfixturevalue(kind))
    read, error = (read_weights, WeightsError) if kind == "saved" else (load_exported, NetworkError)
    tracemalloc.start()
    try:
        with pytest.raises(error, match=r"bomb holds [\d,]+ bytes in a file of [\d,]+, and torch compresses nothing"):
            read(bomb)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_torch_writes_is_not(saved, exported, tmp_path):
    assert swollen(saved) is swollen(exported) is None
    assert read_weights(saved).keys() == {"weight"}
    (tmp_path / "text").write_text("PK but no archive")
    assert swollen(tmp_path / "text") is None
