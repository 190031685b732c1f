import os
import resource
from pathlib import Path

import pytest
import torch

from feint.errors import SpecError, StoreError, WeightsError
from feint.training import fit
from feint.training.checkpoint import Standing, save


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("validation_share", [0.0, 0.25])
def test_interrupted_training_ends_at_the_same_bits(blobs, network, recipe, tmp_path, optimizer, validation_share):
    settings = recipe(
        optimizer=optimizer, validation_share=validation_share, schedule="cosine", augment="crop-flip", share=0.9
    )
    whole = network()
    expected = fit(whole, blobs(), recipe=settings, seed=3)

    def interrupt(epoch):
        if epoch.number == 2:
            raise KeyboardInterrupt

    path = tmp_path / "new" / "training.pt"
    with pytest.raises(KeyboardInterrupt):
        fit(network(), blobs(), recipe=settings, seed=3, checkpoint=path, progress=interrupt)
    resumed, numbers = network(seed=9), []  # the weights come from the checkpoint
    history = fit(
        resumed,
        blobs(),
        recipe=settings,
        seed=3,
        checkpoint=path,
        progress=lambda epoch: numbers.append(epoch.number),
    )
    assert numbers == [3, 4]
    assert history.best_epoch == expected.best_epoch
    assert [epoch.training_loss for epoch in history.epochs] == [epoch.training_loss for epoch in expected.epochs]
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value)
    assert [file.name for file in path.parent.iterdir()] == ["training.pt"]

    again = network(seed=8)  # finished: nothing is trained any more
    assert fit(again, blobs(), recipe=settings, seed=3, checkpoint=path) == history
    assert torch.equal(again[1].weight, whole[1].weight)


def test_other_arguments_are_an_error(blobs, network, recipe, tmp_path):
    path = tmp_path / "training.pt"
    fit(network(), blobs(), recipe=recipe(epochs=1), checkpoint=path)
    with pytest.raises(SpecError, match="written with epochs=1, but this call has epochs=2"):
        fit(network(), blobs(), recipe=recipe(epochs=2), checkpoint=path)
    with pytest.raises(SpecError, match="seed=0, but this call has seed=1"):
        fit(network(), blobs(), recipe=recipe(epochs=1), seed=1, checkpoint=path)
    with pytest.raises(SpecError, match="images=96, but this call has images=90"):
        fit(network(), blobs(90), recipe=recipe(epochs=1), checkpoint=path)
    other = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 2))
    with pytest.raises(SpecError, match="network="):
        fit(other, blobs(), recipe=recipe(epochs=1), checkpoint=path)


def test_unreadable_files_are_an_error(blobs, network, recipe, tmp_path):
    path = tmp_path / "training.pt"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(WeightsError, match="cannot be read"):
        fit(network(), blobs(), recipe=recipe(), checkpoint=path)
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot be read"):
        fit(network(), blobs(), recipe=recipe(), checkpoint=path)
    torch.save({"weights": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="not one of feint's"):
        fit(network(), blobs(), recipe=recipe(), checkpoint=path)
    fit(network(), blobs(), recipe=recipe(epochs=1), checkpoint=tmp_path / "whole.pt")
    whole = (tmp_path / "whole.pt").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="cannot be read"):
        fit(network(), blobs(), recipe=recipe(), checkpoint=path)
    with pytest.raises(StoreError, match="cannot be written"):
        fit(network(), blobs(), recipe=recipe(), checkpoint=tmp_path / "whole.pt" / "below")


@pytest.mark.parametrize("room", [0, 100, 5_000, 20_000, 85_000, 100_000, 161_000])
def test_a_disk_that_fills_up_at_any_place(tmp_path, room):
    standing = Standing({"a": torch.zeros(20_000), "b": torch.zeros(7)}, {}, {"a": torch.zeros(20_000)}, 0, [])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(StoreError, match=r"^checkpoint .* cannot be written: File too large$"):
            save(tmp_path / "checkpoint", standing, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


class Planted:
    """Unpickling this makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("zipped", [True, False])
def test_never_runs_a_pickle(blobs, network, recipe, tmp_path, zipped):
    path = tmp_path / "training.pt"
    torch.save({"format": Planted(tmp_path / "it-ran")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"checkpoint .* cannot be read"):
        fit(network(), blobs(), recipe=recipe(epochs=1), checkpoint=path)
    assert not (tmp_path / "it-ran").exists()


def test_a_checkpoint_is_whole_on_the_disk_before_it_has_its_name(blobs, network, recipe, tmp_path, monkeypatch):
    path, synced, moved = tmp_path / "training.pt", {}, []
    fsync, rename = os.fsync, os.replace

    def put(descriptor):
        fsync(descriptor)
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        synced[place] = place.read_bytes()

    def move(source, target):
        rename(source, target)
        moved.append(Path(target))
        assert Path(target).read_bytes() == synced[Path(source)]
        assert torch.load(target, weights_only=True)["best_epoch"] == len(moved)

    monkeypatch.setattr(os, "fsync", put)
    monkeypatch.setattr(os, "replace", move)
    fit(network(), blobs(), recipe=recipe(epochs=2, validation_share=0.0), checkpoint=path)
    assert moved == [path] * 2
    assert path not in synced
