import json
import pickle
import warnings
import zipfile

import pytest
import torch
from torch import nn

from feint.errors import NetworkError
from feint.networks import DigitNetwork, Exported, check, fingerprint, load


class Plain(nn.Module):
    """The digit network's layers without annotations, which torch.export would trace while tests enforce them."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Sequential(*DigitNetwork().features, *DigitNetwork().classifier)

    def forward(self, images):
        return self.inside(images)


def export(path, network: nn.Module, batch=None, size: int = 4):
    shapes = None if batch is None else ({0: batch},)
    torch.export.save(torch.export.export(network, (torch.rand(size, 1, 8, 8),), dynamic_shapes=shapes), path)
    return path


def refused(path) -> str:
    with pytest.raises(NetworkError) as caught:
        load(str(path), allow_code=True)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("batch", "fixed", "shown"),
    [
        (torch.export.Dim.DYNAMIC, None, "1 to any"),
        (torch.export.Dim("batch", min=3, max=6), None, "3 to 6"),
        (None, 4, "4 only"),
    ],
)
def test_takes_any_number_of_images(tmp_path, batch, fixed, shown):
    source = Plain().eval()
    network = load(str(export(tmp_path / "n.pt2", source, batch)), allow_code=True)
    assert isinstance(network, Exported)
    assert network.batch_size == fixed
    assert f"batches={shown}" in repr(network)
    assert check(network, (1, 8, 8)) == 10
    for count in (1, 2, 4, 9):
        images = torch.rand(count, 1, 8, 8, requires_grad=True)
        torch.testing.assert_close(network(images), source(images))
        network(images).logsumexp(1).sum().backward()
        assert images.grad is not None
        assert (images.grad.flatten(1).abs().sum(1) > 0).all()


def test_what_torch_says_of_its_own_buffers_is_not_passed_on(tmp_path, monkeypatch):
    path, read = export(tmp_path / "n.pt2", Plain().eval()), torch.export.load

    def telling(path):
        warnings.warn(told, UserWarning, stacklevel=1)
        return read(path)

    monkeypatch.setattr(torch.export, "load", telling)
    told = "The given buffer is not writable, and PyTorch does not support non-writable tensors."
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(str(path), allow_code=True)
    assert told not in [str(each.message) for each in caught]
    told = "of anything else"
    with pytest.warns(UserWarning, match=told):
        load(str(path), allow_code=True)


def test_modes_switch_and_do_nothing(tmp_path):
    network = load(str(export(tmp_path / "n.pt2", Plain().eval())), allow_code=True)
    images = torch.rand(4, 1, 8, 8)
    assert not network.training
    clean = network(images)
    assert network.train().training
    assert torch.equal(network(images), clean)


def test_takes_other_weights(tmp_path):
    other = Plain().eval()
    torch.save(other.state_dict(), tmp_path / "w.pt")
    path = export(tmp_path / "n.pt2", Plain().eval())
    network, same, changed = (
        load(str(path), allow_code=True),
        load(str(path), allow_code=True),
        load(str(path), tmp_path / "w.pt", allow_code=True),
    )
    images = torch.rand(4, 1, 8, 8)
    torch.testing.assert_close(changed(images), other(images))
    assert fingerprint(network) == fingerprint(same) != fingerprint(changed)


def test_the_digit_network_itself_can_be_exported(tmp_path):
    source = DigitNetwork().eval()
    network = load(str(export(tmp_path / "n.pt2", source, torch.export.Dim.AUTO)), allow_code=True)
    images = torch.rand(5, 1, 8, 8)
    torch.testing.assert_close(network(images), source(images))


@pytest.mark.parametrize("layer", [nn.Dropout(), nn.BatchNorm2d(1)])
def test_refuses_programs_in_training_mode(tmp_path, layer):
    network = nn.Sequential(layer, nn.Flatten(), nn.Linear(64, 10)).train()
    assert "was exported in training mode" in refused(export(tmp_path / "n.pt2", network))


def test_refuses_programs_of_two_inputs(tmp_path):
    program = torch.export.export(nn.Bilinear(2, 2, 2), (torch.ones(1, 2), torch.ones(1, 2)))
    torch.export.save(program, tmp_path / "n.pt2")
    assert "takes 2 inputs of shapes [('1', '2'), ('1', '2')], expected one" in refused(tmp_path / "n.pt2")


@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_refuses_what_is_no_program(tmp_path, content):
    path = tmp_path / "n.pt2"
    if content is None:
        content = export(path, Plain().eval()).read_bytes()[:-500]
    path.write_bytes(content)
    assert "is not a whole file of torch.export.save" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/archive_version", "0")
    assert "cannot be loaded by torch.export.load" in refused(path)


class Malicious:
    def __init__(self, target) -> None:
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def rewritten(path, change):
    """The archive with its members passed through ``change(name, content)``."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(name, content))
    return path


@pytest.mark.parametrize("member", ["weights", "sample"])
def test_never_runs_a_pickle(tmp_path, member):
    evil = pickle.dumps(Malicious(tmp_path / "owned"))

    def change(name, content):
        if member == "weights" and name.endswith("weights_config.json"):
            config = json.loads(content)
            config["config"]["inside.0.weight"]["use_pickle"] = True
            return json.dumps(config)
        return evil if name.endswith("weight_0" if member == "weights" else "sample_inputs/model.pt") else content

    message = refused(rewritten(export(tmp_path / "n.pt2", Plain().eval()), change))
    assert "has pickled or compiled code in it" in message
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("member", ["aotinductor/m/m.cpp", "weights/lib.so", "constants/custom_obj_0", "model.pkl"])
def test_never_loads_a_library(tmp_path, monkeypatch, member):
    path = export(tmp_path / "n.pt2", Plain().eval())
    with zipfile.ZipFile(path, "a") as archive:
        inside = f"{archive.namelist()[0].partition('/')[0]}/data/{member}"
        archive.writestr(inside, b"any")
    monkeypatch.setattr(torch.export, "load", lambda *_: pytest.fail("it was read"))
    assert f"has pickled or compiled code in it ({inside}) and is refused" in refused(path)
