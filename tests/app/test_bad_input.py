"""Bad input through the command line: one line on standard error, nothing on standard output, exit code 2."""

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

FLOATS = np.random.default_rng(0).random((24, 8, 8), dtype=np.float32)


def at(images: np.ndarray, value: float) -> np.ndarray:
    changed = images.copy()
    changed[13, 3, 4] = value
    return changed


@pytest.fixture
def refused(feint, tmp_path: Path) -> Callable[..., str]:
    """Call a command that must fail; its one line, after a look at what it left."""

    def call(*arguments: object) -> str:
        outcome = feint(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("feint: ")
        assert outcome.err.count("\n") == 1
        assert outcome.err.endswith("\n")
        assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]
        assert not list(tmp_path.glob("feint-runs/*/summary.json"))
        return outcome.err

    return call


@pytest.fixture
def audit_of(refused, networks: Path) -> Callable[..., str]:
    """The refusal of an audit of a small network."""
    return lambda *more, network="build": refused("audit", "--quiet", "--network", f"{networks}:{network}", *more)


DATA = {
    "NaN": ({"images": at(FLOATS, np.nan)}, ["image 13", "[0, 1]"]),
    "infinite": ({"images": at(FLOATS, np.inf)}, ["image 13", "[0, 1]"]),
    "above": ({"images": at(FLOATS, 1.01)}, ["image 13", "[0, 1]", "1.01"]),
    "below": ({"images": at(FLOATS, -0.5)}, ["image 13", "[0, 1]", "-0.5"]),
    "as bytes in floats": ({"images": FLOATS * 255}, ["image 0", "[0, 1]"]),
    "integers": ({"images": (FLOATS * 255).astype(np.int64)}, ["uint8", "int64"]),
    "label too high": ({"labels": np.arange(24)}, ["label", "0 to 2", "got 3"]),
    "label below 0": ({"labels": np.full(24, -1)}, ["label", "-1"]),
    "label not whole": ({"labels": np.full(24, 0.5)}, ["label"]),
    "label NaN": ({"labels": np.full(24, np.nan)}, ["label"]),
    "too few labels": ({"labels": np.zeros(23, np.int64)}, ["24", "23"]),
    "too many labels": ({"labels": np.zeros(25, np.int64)}, ["24", "25"]),
    "no labels": ({"labels": None}, ["labels", "images"]),
    "no images": ({"images": None}, ["labels", "images"]),
    "none at all": ({"images": FLOATS[:0], "labels": np.zeros(0, np.int64)}, ["images"]),
    "channels": ({"images": np.zeros((24, 8, 8, 3), np.uint8)}, ["3", "8"]),
    "channels first": ({"images": np.zeros((24, 3, 8, 8), np.uint8)}, ["channels come last"]),
    "one dimension": ({"images": np.zeros(24, np.uint8)}, ["shape"]),
    "objects as images": ({"images": np.array([object()] * 24)}, ["objects", "refused"]),
    "objects as labels": ({"labels": np.array([object()] * 24)}, ["objects", "refused"]),
}


@pytest.mark.parametrize("case", DATA)
def test_images_and_labels(audit_of, save_images, case):
    arrays, says = DATA[case]
    line = audit_of("--data", save_images("bad.npz", **arrays))
    assert all(word in line for word in says), line


@pytest.mark.parametrize(
    ("name", "content"),
    [("absent.npz", None), ("empty.npz", b""), ("text.npz", b"no zip"), ("image.xyz", b"?"), ("pickle.npz", "pickle")],
)
def test_data_files(audit_of, tmp_path: Path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(pickle.dumps([1]) if content == "pickle" else content)
    assert name in audit_of("--data", tmp_path / name)


def test_data_cut_short(audit_of, images: Path):
    images.write_bytes(images.read_bytes()[:-100])
    assert "images.npz" in audit_of("--data", images)


def test_an_empty_folder(audit_of, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert "empty" in audit_of("--data", tmp_path / "empty")


NETWORKS = {
    "no_module": "str",
    "fails": "first line",
    "images_out": "(2, 2, 6, 6)",
    "one_column": "C >= 2",
    "colour": "1",
    "absent": "absent",
    "": "function",
}


@pytest.mark.parametrize("network", NETWORKS)
def test_networks(audit_of, images: Path, network):
    assert NETWORKS[network] in audit_of("--data", images, network=network)


@pytest.mark.parametrize(
    "content", ["import nowhere_to_be_found", "def build(:", "raise SystemExit(0)", "build = 3", None]
)
def test_files_of_networks(refused, images: Path, tmp_path: Path, content):
    path = tmp_path / "bad.py"
    if content is not None:
        path.write_text(content)
    assert "bad.py" in refused("audit", "--data", images, "--network", f"{path}:build")


@pytest.mark.parametrize("name", ["nothing", "torchvision:nothing", "timm:nothing", "nothing.pt2", "lenet", ""])
def test_names_of_networks(refused, images: Path, name):
    refused("audit", "--data", images, "--network", name)


class Planted:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_pickles_are_refused_and_not_run(audit_of, images: Path, tmp_path: Path):
    trace = tmp_path / "it-ran"
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps({"layers": Planted(trace)}))
    torch.save({"layers": Planted(trace)}, tmp_path / "saved.pt")
    torch.save({"layers": Planted(trace)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    for name in ("plain.pkl", "saved.pt", "old.pt", "module.pt"):
        line = audit_of("--data", images, network=f"build:weights={tmp_path / name}")
        assert name in line
        assert "state_dict" in line, line
    assert not trace.exists()


@pytest.mark.parametrize("kind", ["absent", "empty", "noise", "cut", "cut safetensors", "other names", "other shapes"])
def test_weights(audit_of, images: Path, tmp_path: Path, kind):
    whole = {"layers.1.weight": torch.zeros(16, 64), "layers.1.bias": torch.zeros(16)}
    whole |= {"layers.4.weight": torch.zeros(3, 16), "layers.4.bias": torch.zeros(3)}
    path = tmp_path / ("weights.safetensors" if "safetensors" in kind else "weights.pt")
    match kind:
        case "absent":
            pass
        case "empty":
            path.write_bytes(b"")
        case "noise":
            path.write_bytes(np.random.default_rng(0).bytes(1000))
        case "cut":
            torch.save(whole, path)
            path.write_bytes(path.read_bytes()[:-300])
        case "cut safetensors":
            save_file(whole, path)
            path.write_bytes(path.read_bytes()[:-10])
        case "other names":
            torch.save({"a.weight": torch.zeros(3)}, path)
        case _:
            torch.save({**whole, "layers.4.bias": torch.zeros(4)}, path)
    assert path.name in audit_of("--data", images, network=f"build:weights={path}")


OPTIONS = {
    "a negative radius": (["--radii", "-0.1"], "radii"),
    "a negative radius, joined": (["--radii=0.1,-0.1"], "radii"),
    "a radius of 0": (["--radii", "0,0.1"], "radii"),
    "a radius twice": (["--radii", "0.1,0.10"], "radii"),
    "no radius": (["--radii", ""], "radii"),
    "an empty radius": (["--radii", "0.1,,0.2"], "radii"),
    "a word": (["--radii", "small"], "radii"),
    "NaN": (["--radii", "nan"], "radii"),
    "infinite": (["--radii", "inf"], "radii"),
    "limit 0": (["--limit", "0"], "limit"),
    "limit below 0": (["--limit", "-3"], "limit"),
    "limit in words": (["--limit", "all"], "limit"),
    "first 0": (["--first", "0"], "first"),
    "first and a sample": (["--first", "5", "--limit", "5"], "first: expected either limit or first, got both"),
    "other channels": (["--channels", "gray"], "channels: expected 'grey' or 'rgb', got 'gray'; did you mean 'grey'?"),
    "batches of 0": (["--batch-size", "0"], "batch-size"),
    "no threads": (["--threads", "0"], "threads"),
    "a million threads": (["--threads", "1000000"], "threads"),
    "no such device": (["--device", "abacus"], "device"),
    "no such GPU": (["--device", "cuda:97"], "device"),
    "a device for shapes": (["--device", "meta"], "device"),
    "a seed below 0": (["--seed", "-1"], "seed"),
    "a large seed": (["--seed", str(2**80)], "seed"),
    "repeats below 0": (["--repeats", "-1"], "repeats"),
    "no such measure": (["--measure", "mood"], "measure"),
    "a measure of draws": (["--measure", "mutual_information"], "mutual_information"),
    "a native measure": (["--measure", "native"], "native"),
    "temperature 0": (["--estimator", "softmax:temperature=0"], "temperature"),
    "temperature NaN": (["--estimator", "softmax:temperature=nan"], "temperature"),
    "temperature of another": (["--estimator", "mc-dropout:temperature=2"], "expected settings one of draws, masks"),
    "half a draw": (["--estimator", "mc-dropout:draws=0.5"], "estimator.mc-dropout.draws: expected a valid integer"),
    "draws of nothing": (["--estimator", "softmax:draws=5"], "expected settings"),
    "a near miss of an estimator": (["--estimator", "mc-droput"], "did you mean 'mc-dropout'?"),
    "a near miss of its setting": (["--estimator", "mc-dropout:draw=3"], "did you mean 'draws'?"),
    "repeats without draws": (["--repeats", "2"], "repeats: expected a victim that draws"),
    "no dropout": (["--estimator", "mc-dropout"], "dropout"),
    "an average of one": (["--average", "logit"], "average: expected several networks, got 1"),
    "crop without pixels": (["--crop", "0"], "crop"),
    "resize without pixels": (["--resize", "-1"], "resize"),
    "crop beyond resize": (["--resize", "4", "--crop", "5"], "crop"),
    "steering without labels": (["--attack", "ace:goal=steer"], "ace.target: expected the labels whose confidence"),
    "labels without steering": (["--attack", "ace:target=1"], "ace.target: expected the goal steer, got disrupt"),
    "labels that are words": (["--attack", "ace:goal=steer,target=a"], "attack.target"),
    "an unknown goal": (["--attack", "ace:goal=chaos"], "chaos"),
    "a goal about labels": (["--attack", "ace:goal=labels"], "ace.goal: expected one of disrupt"),
    "no steps": (["--attack", "iterative-ace:steps=0"], "iterative-ace.steps: expected at least 1, got 0"),
    "momentum below 0": (["--attack", "iterative-ace:momentum=-1"], "momentum"),
    "momentum NaN": (["--attack", "iterative-ace:momentum=nan"], "momentum"),
    "a decay of 1": (["--attack", "ace:search=backtracking,search.decay=1"], "decay"),
    "no tries": (["--attack", "ace:search.tries=0"], "tries"),
    "an unknown search": (["--attack", "ace:search=luck"], "luck"),
    "a near miss of a search": (["--attack", "ace:search=bisecton"], "did you mean 'bisection'?"),
    "an unknown measure to attack": (["--attack", "ace:measure=mood"], "mood"),
    "a measure to attack that needs draws": (["--attack", "ace:measure=mutual_information"], "mutual_information"),
    "an unknown proxy": (["--proxy", "nobody.py:build"], "nobody.py"),
    "a proxy of other classes": (["--proxy", "networks.py:ten"], "10"),
    "an unknown truth": (["--truth", "nobody.py:build"], "nobody.py"),
    "settings of a user's file": (["--proxy", "networks.py:other:depth=3"], "no settings but weights, got depth"),
    "an unknown flag": (["--attack-harder"], "--attack-harder"),
    "a near miss of a flag": (["--treads", "1"], "unrecognized argument --treads; did you mean '--threads'?"),
    "a near miss of a measure": (["--measure", "margn"], "did you mean 'margin'?"),
    "a near miss of an attack": (["--attack", "itertive-ace"], "did you mean 'iterative-ace'?"),
    "a setting twice": (["--attack", "ace:radii=1,radii=2"], "expected each key once, got radii twice"),
    "an attack without a name": (["--attack", ":goal=steer"], "expected NAME or NAME:key=value"),
    "an attack that keeps no label": (
        ["--attack", "cw"],
        "cw: expected an attack that can keep a label, or --any-label",
    ),
    "a flag without its value": (["--radii"], "--radii"),
    "a flag cut short": (["--rad", "0.1"], "--rad"),
    "a word too many": (["digits"], "digits"),
    "a victim and a network": (["--victim", "lenet"], "both"),
    "momentum of one step": (["--attack", "ace:momentum=0.5"], "ace: expected settings one of"),
    "a try to accept of a bisection": (["--attack", "ace:search=bisection,search.accept=best"], "'accept'"),
    "the average of no proxies": (["--proxy-average", "logit"], "proxy-average: expected several proxies"),
    "dropout left out where there is none": (["--indirect"], "indirect: expected a victim with dropout"),
    "a label to steer that there is not": (
        ["--attack", "ace:goal=steer,target=3"],
        "ace.target: expected labels from 0 to 2, got 3",
    ),
    "a proxy that is the victim": (["--proxy", "networks.py:build"], "networks that the victim does not contain"),
    "grey levels for a radius": (["--radii", "8"], "radii: expected at most 1, the full range of a pixel, got 8"),
    "another baseline": (["--baseline", "noise"], "baseline: expected 'random-signs' or 'none', got 'noise'"),
    "a file that is none": (["--attack", "ace:search=@nothing.yaml"], "nothing.yaml"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options(audit_of, images: Path, case):
    arguments, says = OPTIONS[case]
    assert says in audit_of("--data", images, *arguments)


ACE = ["reproduce", "ace-ensemble", "--data", "images.npz", "--quiet", "--network", "networks.py:build"]
COMMANDS = {
    "reproduce with a radius of 0": ([*ACE, "--white-radii", "0"], "radii: expected finite numbers above 0"),
    "reproduce with a seed below 0": ([*ACE, "--seed", "-1"], "seed: expected"),
    "reproduce with no members": ([*ACE, "--size", "0"], "sizes: expected"),
    "reproduce with too many members": ([*ACE, "--size", "2"], "size: expected 1 to 1 members"),
    "reproduce with no draws": (["reproduce", "ace-mc-dropout", *ACE[2:], "--draws", "0"], "draws: expected"),
    "no draws": (
        ["audit", "--data", "images.npz", "--network", "networks.py:dropout", "--estimator", "mc-dropout:draws=0"],
        "mc-dropout.draws: expected at least 1, got 0",
    ),
    "reproduce with proxies for others": (
        ["reproduce", "ace-softmax", *ACE[2:], "--foreign", "networks.py:other"],
        "unrecognized argument --foreign",
    ),
    "reproduce what there is not": (["reproduce", "ace-softmacks"], "did you mean 'ace-softmax'?"),
    "reproduce without a network": (["reproduce", "ace-softmax"], "network: expected at least one --network"),
    "an attack without a name": (["attack"], "the following arguments are required: ATTACK"),
    "unknown": (["audti"], "got 'audti'; did you mean 'audit'?"),
    "a flag alone": (["--loud"], "expected a command"),
    "an unknown victim": (["audit", "--victim", "nobody"], "nobody"),
    "a victim that is a path": (["audit", "--victim", "../nobody"], "nobody"),
    "no network for these data": (["audit", "--data", "images.npz"], "network"),
    "members that disagree": (
        ["audit", "--data", "images.npz", "--network", "networks.py:build", "--network", "networks.py:ten"],
        "10",
    ),
    "catalog with words": (["catalog", "everything"], "everything"),
    "catalog, nearly": (["catalog", "pdg"], "did you mean 'pgd'?"),
    "train without a network": (["train", "small"], "network: expected a value, got none"),
    "train without a name": (["train", "--network", "digits"], "NAME"),
    "report of nothing": (["report", "nothing"], "nothing is not a run folder: it has no run.json"),
    "report in no such format": (["report", "nothing", "--format", "docx"], "docx"),
    "run of nothing": (["run", "nothing.yaml"], "nothing.yaml: expected a YAML file, got: No such file"),
    "run without a file": (["run"], "FILE.yaml"),
    "completion of no such shell": (["completion", "csh"], "csh"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_commands(refused, images: Path, networks: Path, case):
    arguments, says = COMMANDS[case]
    assert says in refused(*arguments)


def test_debug_shows_the_traceback(feint, images: Path):
    with pytest.raises(ValueError, match="radii"):
        feint("audit", "--data", images, "--radii", "0", "--debug")
