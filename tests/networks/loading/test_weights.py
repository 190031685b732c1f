import argparse
import json
import os
import pickle
import shlex
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from feint.errors import WeightsError
from feint.networks import DigitNetwork, load_weights
from feint.networks.loading.conversion import WRAPPERS


class Malicious:
    """Creates a file when it is unpickled."""

    def __init__(self, target) -> None:
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def state(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def refused(path, network: nn.Module | None = None) -> str:
    network = network or DigitNetwork()
    before = state(network)
    with pytest.raises(WeightsError) as caught:
        load_weights(network, path)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def equal(one: nn.Module, other: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 3},
        lambda s: {"model": s, "optimizer": {}},
        lambda s: {"model_state_dict": s},
        lambda s: {f"module.{name}": value for name, value in s.items()},
        lambda s: {"state_dict": {f"_orig_mod.module.{name}": value for name, value in s.items()}},
    ],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_reads_checkpoints(tmp_path, wrapped, legacy):
    source, network = DigitNetwork(), DigitNetwork()
    torch.save(wrapped(state(source)), tmp_path / "c.pt", _use_new_zipfile_serialization=not legacy)
    load_weights(network, tmp_path / "c.pt")
    assert equal(source, network)


@pytest.mark.parametrize("name", ["w.safetensors", "w.bin"])
@pytest.mark.parametrize("prefix", ["", "module.", "network."])
def test_reads_safetensors(tmp_path, name, prefix):
    source, network = DigitNetwork(), DigitNetwork()
    save_file({prefix + key: value for key, value in state(source).items()}, tmp_path / name)
    load_weights(network, tmp_path / name)
    assert equal(source, network)


def test_keeps_prefixes_that_the_network_has(tmp_path):
    source, network = nn.ModuleDict({"module": nn.Linear(2, 2)}), nn.ModuleDict({"module": nn.Linear(2, 2)})
    save_file(state(source), tmp_path / "w.safetensors")
    load_weights(network, tmp_path / "w.safetensors")
    assert equal(source, network)


def test_tied_weights_need_to_be_there_once(tmp_path):
    network = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    network[1].weight = network[0].weight
    file = {name: torch.ones_like(value) for name, value in network.state_dict().items() if name != "1.weight"}
    save_file(file, tmp_path / "w.safetensors")
    load_weights(network, tmp_path / "w.safetensors")
    assert network[1].weight.tolist() == [[1, 1], [1, 1]]


def test_batches_need_not_have_been_counted(tmp_path):
    network = nn.BatchNorm2d(3)
    network.num_batches_tracked += 7
    kept = {name: torch.rand(3) for name in state(network) if "num_batches" not in name}
    save_file(kept, tmp_path / "w.st")
    load_weights(network, tmp_path / "w.st")
    assert {name: value.tolist() for name, value in state(network).items()} == {
        **{name: value.tolist() for name, value in kept.items()},
        "num_batches_tracked": 7,
    }


@pytest.mark.parametrize("save", [lambda o, p: pickle.dump(o, p.open("wb")), torch.save])
@pytest.mark.parametrize("wrap", [lambda evil: evil, lambda evil: {"state_dict": state(DigitNetwork()), "more": evil}])
@pytest.mark.parametrize("name", ["w.pkl", "w.pt", "w.safetensors"])
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_never_runs_a_pickle(tmp_path, save, wrap, name):
    save(wrap(Malicious(tmp_path / "owned")), tmp_path / name)
    message = refused(tmp_path / name)
    assert not (tmp_path / "owned").exists()
    if name != "w.safetensors":
        assert "is a pickle that would run code on loading (it names " in message
        assert "io.open" in message
        assert "python -c '" in message


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_refuses_pickled_arrays(tmp_path, protocol):
    (tmp_path / "w.pkl").write_bytes(pickle.dumps({"weight": np.ones(3)}, protocol=protocol))
    assert "is a pickle that would run code on loading (it names numpy." in refused(tmp_path / "w.pkl")


def pickled_arrays(network: nn.Module, path) -> None:
    path.write_bytes(
        pickle.dumps({"state_dict": {name: value.numpy() for name, value in network.state_dict().items()}})
    )


@pytest.mark.parametrize(
    ("save", "named"),
    [
        (torch.save, "torch.nn.modules.linear.Linear"),
        (lambda n, p: torch.save(n, p, _use_new_zipfile_serialization=False), "torch.nn.modules.linear.Linear"),
        (pickled_arrays, "numpy."),
    ],
)
def test_says_how_to_convert(tmp_path, monkeypatch, save, named):
    source, network = nn.Linear(3, 2), nn.Linear(3, 2)
    save(source, tmp_path / "whole.pt")
    message = refused(tmp_path / "whole.pt", network)
    assert f"it names {named}" in message
    arguments = shlex.split(message[message.index("python -c ") :])
    assert len(arguments) == 3
    monkeypatch.chdir(tmp_path)
    exec(arguments[2], {})  # what the shell would hand to python -c
    load_weights(network, tmp_path / "whole.safetensors")
    assert equal(source, network)
    assert load_file(tmp_path / "whole.safetensors").keys() == {"weight", "bias"}


LAYOUTS = {
    "the network": lambda network: network,
    "its weights": lambda network: network.state_dict(),
    **{f"under {key}": lambda network, key=key: {key: network.state_dict(), "epoch": 2} for key in WRAPPERS},
    **{f"whole under {key}": lambda network, key=key: {key: network, "epoch": 2} for key in WRAPPERS},
    "nested": lambda network: {"model": {"state_dict": network.state_dict()}},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_the_command_converts_what_the_loader_would_read(tmp_path, monkeypatch, layout, kind):
    source, network = nn.Linear(3, 2), nn.Linear(3, 2)
    found = LAYOUTS[layout](source)
    found = (
        {**found, "args": argparse.Namespace(lr=1)} if isinstance(found, dict) and layout != "its weights" else found
    )
    if layout == "its weights":
        found["args"] = argparse.Namespace(lr=1)
    torch.save(found, tmp_path / "w.pth", _use_new_zipfile_serialization=kind == "zip")
    message = refused(tmp_path / "w.pth", network)
    monkeypatch.chdir(tmp_path)
    exec(shlex.split(message[message.index("python -c ") :])[2], {})
    load_weights(network, tmp_path / "w.safetensors")
    assert equal(source, network)


NAMES = ["$(touch PASTED).pkl", "it's `x`.pkl", 'a"b\\c.pkl', "two\nlines.pkl", "Größe \udce9.pkl"]
ARGUMENTS = "import json, sys; print(json.dumps(sys.argv[1:]))"
"""What Python is given, as Python itself reads it."""


@pytest.mark.parametrize("name", [*NAMES, "".join(NAMES)])
def test_the_command_is_safe_to_paste(tmp_path, monkeypatch, name):
    """Into a shell; what the shell hands to Python is run here, and where all of that is in one name, there."""
    source, network = nn.Linear(3, 2), nn.Linear(3, 2)
    pickled_arrays(source, tmp_path / name)
    message = refused(tmp_path / name, network)
    python = shlex.quote(sys.executable)
    if name not in NAMES:
        line = message[message.index("python -c ") :].replace("python", python, 1)
        subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True, env={**os.environ, "PYTHONWARNINGS": ""})
    else:
        line = message[message.index("python -c ") :].replace("python", f"{python} -c {shlex.quote(ARGUMENTS)}", 1)
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True, stdout=subprocess.PIPE)
        option, code = json.loads(done.stdout)
        assert (option, code) == ("-c", code.encode().decode())  # Python refuses what is no UTF-8
        monkeypatch.chdir(tmp_path)
        exec(code, {})
    assert not (tmp_path / "PASTED").exists()
    load_weights(network, tmp_path / (name[: -len("pkl")] + "safetensors"))
    assert equal(source, network)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 44700000\n", "a pointer of Git LFS"),
        (b"/annex/objects/SHA256E-s1--0.pt\n", "a pointer of git-annex"),
        (b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>", "a web page"),
        (b"<html lang=en>", "a web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page"),
    ],
)
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_what_was_downloaded_in_place_of_weights(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    message = refused(tmp_path / name)
    assert f"{name}: expected a file of weights, got {expected}" in message
    assert "weights_only" not in message


def test_weights_that_no_memory_holds(tmp_path, monkeypatch):
    def full(_):
        raise MemoryError("Cannot allocate memory (os error 12)")

    save_file(DigitNetwork().state_dict(), tmp_path / "w.safetensors")
    monkeypatch.setattr("feint.networks.loading.weights.load_file", full)
    assert "w.safetensors cannot be read: expected weights that fit into memory" in refused(tmp_path / "w.safetensors")


def test_a_lightning_module_with_a_criterion(tmp_path):
    source, network = DigitNetwork(), DigitNetwork()
    weights = {f"model.{name}": value for name, value in source.state_dict().items()}
    others = {"criterion.weight": torch.ones(10), "metric.count": torch.zeros(())}
    checkpoint = {"state_dict": {**weights, **others}, "epoch": 3, "pytorch-lightning_version": "2.5", "callbacks": {}}
    torch.save(checkpoint, tmp_path / "last.ckpt")
    with pytest.warns(UserWarning, match="its 8 tensors under 'model'; left out: criterion.weight, metric.count"):
        load_weights(network, tmp_path / "last.ckpt")
    assert equal(source, network)
    del checkpoint["state_dict"]["model.features.0.bias"]
    torch.save(checkpoint, tmp_path / "last.ckpt")
    assert "it lacks features.0.weight" in refused(tmp_path / "last.ckpt")


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt", "w.bin"])
@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x02", b"PK\x03\x04 and no more", b"\x00" * 100])
def test_refuses_what_are_no_weights(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    message = refused(tmp_path / name)
    assert "is not a whole safetensors file" in message or "is neither safetensors nor a whole checkpoint" in message


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["safetensors", "zip", "legacy"])
def test_refuses_truncated_files(tmp_path, kind, share):
    path = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pt")
    if kind == "safetensors":
        save_file(state(DigitNetwork()), path)
    else:
        file = {**state(DigitNetwork()), "count": torch.arange(99), "half": torch.ones(9, dtype=torch.bfloat16)}
        torch.save(file, path, _use_new_zipfile_serialization=kind == "zip")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    message = refused(path)
    assert "is not a whole safetensors file" in message or "is neither safetensors nor a whole checkpoint" in message


def test_refuses_what_is_no_file(tmp_path):
    assert refused(tmp_path / "w.pt") == f"no file of weights at {tmp_path / 'w.pt'}"
    assert refused(tmp_path).endswith("(it is a folder)")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (torch.ones(3), "holds a Tensor, expected a dictionary of tensors by name"),
        ({}, "holds an empty dictionary"),
        ({"epoch": 3, "weights": {}}, "not tensors are epoch (int), weights (dict)"),
    ],
)
def test_refuses_checkpoints_without_a_state_dict(tmp_path, held, expected):
    torch.save(held, tmp_path / "w.pt")
    assert expected in refused(tmp_path / "w.pt")


def changed(**entries) -> dict[str, torch.Tensor]:
    file = state(DigitNetwork())
    for name, value in entries.items():
        name = name.replace("__", ".")
        if value is None:
            del file[name]
        else:
            file[name] = value
    return file


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            {"a": torch.ones(1)},
            "it lacks features.0.weight, features.0.bias, features.2.weight, ... (8 in all) and it has a more",
        ),
        (changed(features__0__bias=None), "the network of 8 tensors: it lacks features.0.bias"),
        (changed(more=torch.ones(1)), "the network of 8 tensors: it has more more"),
        (
            changed(classifier__3__bias=torch.ones(7)),
            "shapes differ in classifier.3.bias (network (10,), file (7,))",
        ),
        (changed(features__0__bias=torch.full((16,), torch.nan)), "not finite in features.0.bias"),
        (changed(features__0__bias=torch.ones(16, dtype=torch.int8)), "types differ in features.0.bias"),
    ],
)
def test_refuses_what_does_not_fit(tmp_path, file, expected):
    save_file(file, tmp_path / "w.safetensors")
    message = refused(tmp_path / "w.safetensors")
    assert message.startswith(str(tmp_path))
    assert expected in message
