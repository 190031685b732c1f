"""docs/bad-input.md is what these bad inputs come to; FEINT_WRITE=1 writes it anew."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests import warm

from feint.app.cli import main
from feint.runs.folder.files import write_sealed

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"
INTRODUCTION = """# Bad input

Made by `tests/app/test_bad_input_page.py`, which runs each of these in an empty folder: exit 2, nothing on standard
output, the line below on standard error, and nothing left behind. At least ten of a command and five of a format are
of different kinds: they differ in more than the name, the flag or the number that came. More, and what comes out of
damaged files: `tests/app/test_bad_input.py`, `tests/data/test_hostile.py`, `tests/data/test_fuzz.py` and
`tests/networks/loading/test_damaged.py`.
"""
COMMON = [
    "--data nothing.npz",
    "--data=",
    "--data images.npz --resize 1000000",
    "--limit 0",
    "--first 3 --limit 3",
    "--seed -1",
    "--device abacus",
    "--threads 0",
    "--batch-size 0",
    "--treads 1",
    "--victim nobody",
    "--channels gray",
    "--on-error ignore",
    "--out images.npz",
    "--runner cluster",
    "--address 127.0.0.1",
]
BASES = {
    "audit": "audit",
    "attack": "attack fgsm --radii 0.1",
    "detect": "detect --attack bim --radii 0.1",
    "span": "span",
    "per-class": "per-class --attack bim",
    "latent": "latent --autoencoder nobody --victim lenet",
    "interpolate": "interpolate --autoencoder nobody --victim lenet",
    "spread": "spread --victim lenet",
    "ood": "ood --foreign images.npz",
    **{
        f"reproduce {name}": f"reproduce {name} {needed}"
        for name, needed in {
            "ace-softmax": "--network networks.py:build",
            "ace-ensemble": "--network networks.py:build",
            "ace-mc-dropout": "--network networks.py:build",
            "ace-selectivenet": "--victim nobody",
            "smith-gal-table-1": "--data colour --features networks.py:build",
            "out-domain-mnist": "--data images.npz --foreign images.npz",
            "out-domain-cifar": "--data images.npz --foreign images.npz",
        }.items()
    },
}
TWO = "compare nobody another"
GONE = "# in a folder that was deleted"
OWN = {
    "audit": ["--radii 8", "--attack itertive-ace", "--measure mood", "--network net.pt2", "--network nobody.py:f"],
    "attack": ["--network torchvision:nothing", "--attack fgsm"],
    "train": [
        "train",
        "train small",
        "train ../small --network digits",
        "train small --network nothing",
        "train small --network digits --epochs 0",
        "train small --network digits --momentum inf",
        "train small --network digits --learning-rate 0",
        "train small --network digits --validation-share 1",
        "train small --network digits --augment flip",
        "train small --network digits --adversarial cw",
        "train small --network digits:dropuot=0.5",
        "train small --network networks.py:build:dropout=0.5 --data images.npz --test-data other.npz",
        "train small --network digits --members 0",
        "train small --network digits --data images.npz --test-data images.npz",
        "train small --network net.pt2 --allow-code",
    ],
    "run": [
        "run",
        "run nothing.yaml",
        "run empty.yaml",
        "run broken.yaml",
        "run list.yaml",
        "run unknown.yaml",
        "run field.yaml",
        "run value.yaml",
        "run program.yaml",
        "run bytes.yaml",
        "run audit.yaml --radii 0.1",
    ],
    "report": [
        "report",
        "report nothing",
        "report folder",
        "report images.npz",
        "report broken",
        "report list",
        "report other",
        "report running",
        "report bare",
        "report changed",
        "report folder --format docx",
        "report folder --format htm",
        "report folder --fromat html",
        "report folder again",
        f"report folder {GONE}",
    ],
    "runs": [
        "runs --limit -1",
        "runs --limit many",
        "runs --state done",
        "runs --since yesterday",
        "runs --sort size",
        "runs --experimnt audit",
        "runs show",
        "runs show nobody",
        "runs show folder",
        "runs export runs.docx",
        "runs export",
        "runs delete",
    ],
    "compare": [
        "compare",
        "compare nobody",
        "compare nobody another",
        "compare folder nobody",
        "compare broken nobody",
        "compare images.npz nobody",
        "compare nobody another --al",
        "compare nobody another --all=yes",
        "compare nobody another --json=yes",
        "compare nobody another --out folder",
        "compare '' nobody",
        f"FEINT_DATABASE_URL=nonsense {TWO}",
        f"FEINT_DATABASE_URL=mysql://here/feint {TWO}",
        f"FEINT_DATABASE_URL=sqlite:// {TWO}",
        f"FEINT_DATABASE_URL=sqlite:///images.npz {TWO}",
        f"FEINT_DATABASE_URL=postgresql://127.0.0.1:1/feint {TWO}",
        f"FEINT_HOME=images.npz {TWO}",
    ],
    "query": [
        "query",
        "query ''",
        "query nonsense",
        "query 'drop table runs'",
        "query 'select nothing from runs'",
        "query 'select * from nowhere'",
        "query 'select 1; select 2'",
        "query 'select 1' --format xml",
        "query 'select * from audit.nothing'",
        "query --json 'select 1'",
        "query \"select * from read_csv('images.npz')\"",
        "query \"copy (select 1) to 'there.csv'\"",
    ],
    "serve": [
        "serve --port 0",
        "serve --port many",
        "serve --prot 1",
        "serve here",
        "serve --host",
        "serve --port",
        "serve --name",
        "serve --out",
        "serve --victims",
        "serve --debug=yes",
        "serve --host=",
        "serve --host 203.0.113.1",
        "serve --out images.npz",
        "serve --name http://lab.example.org",
        "FEINT_DATABASE_URL=nonsense serve",
        "FEINT_DATABASE_URL=sqlite:///images.npz serve",
        "FEINT_HOME=images.npz serve",
    ],
    "catalog": [
        "catalog nothing-like-it",
        "catalog pdg",
        "catalog PGD",
        "catalog pgd fgsm",
        "catalog pgd:steps=3",
        "catalog images.npz",
        "catalog audit:radii",
        "catalog --jsn",
        "catalog --json=yes",
        "catalog pgd --steps 3",
        "catalog ''",
        "catalog attacks",
        "catalog pgd > /dev/full",
        f"catalog {GONE}",
    ],
    "completion": [
        "completion",
        "completion tcsh",
        "completion BASH",
        "completion /bin/bash",
        "completion bash zsh",
        "completion bash=4",
        "completion fish --allow-code",
        "completion bash --json",
        "completion bash --debug=yes",
        "completion zsh --out feint.zsh",
        "completion bash --debgu",
        "completion ''",
        "completion audit",
        "completion bash > /dev/full",
        f"completion bash {GONE}",
    ],
}
PLAIN = ("runs", "compare", "query", "serve", "catalog", "completion")
"""Commands that know no --quiet."""
FILES = {
    "NumPy's npz": ["empty.npz", "text.npz", "objects.npz", "channels.npz", "labels.npz", "count.npz", "bomb.npz"],
    "IDX": ["cut-images-idx3-ubyte", "none-images-idx3-ubyte", "magic-images-idx3-ubyte", "huge-images-idx3-ubyte",
            "alone-images-idx3-ubyte"],
    "Parquet": ["empty.parquet", "rows.parquet", "labels.parquet", "text.parquet", "columns.parquet", "cut.parquet",
                "pictures.parquet"],
    "folders of pictures": ["folder", "junk", "mixed", "sizes", "plain"],
    "CIFAR-10 in binary": ["cifar-cut", "cifar-split", "cifar-label", "cifar-empty", "cifar-split --split extra",
                           "cifar-folder"],
    "STL-10 in binary": ["stl-cut", "stl-alone", "stl-zero", "stl-count", "stl-label", "stl-cut --split unlabeled"],
    "SVHN": ["svhn/text_32x32.mat", "svhn/names_32x32.mat", "svhn/shape_32x32.mat", "svhn/label_32x32.mat",
             "svhn/count_32x32.mat", "svhn/float_32x32.mat", "svhn"],
    "a CSV of labels": ["csv-empty", "csv-columns", "csv-missing", "csv-outside", "csv-label"],
}  # fmt: skip
WEIGHTS = {
    "safetensors": ["empty", "text", "cut", "names", "shapes"],
    "checkpoints": ["pickle", "page", "pointer", "noise", "number"],
    "Python files": ["import", "syntax", "exits", "string", "arguments"],
}


PROGRAMS = ["nowhere.pt2", "folder.pt2", "text.pt2", "zip.pt2", "pickle.pt2", "damaged.pt2"]
CARDS = ["broken", "list", "bare", "encoder", "program", "weights", "measure", "shapes", "members"]


def npz(path: str, **arrays: object) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    np.savez(path, **{"images": images, "labels": np.arange(6) % 3, **arrays})


def binaries(folder: Path) -> None:
    """Bad files of CIFAR-10, STL-10, SVHN, torch.export, and cards of victims."""
    import json
    import zipfile

    import scipy.io

    record, big = bytes(3 * 32 * 32), bytes(3 * 96 * 96)
    contents = {
        "cifar-cut/test_batch.bin": bytes([1]) + record[:-1],
        "cifar-split/data_batch_1.bin": bytes([1]) + record,
        "cifar-label/test_batch.bin": bytes([77]) + record,
        "cifar-empty/test_batch.bin": b"",
        "stl-cut/test_X.bin": big[:-1],
        "stl-cut/test_y.bin": bytes([1]),
        "stl-alone/test_X.bin": big,
        "stl-zero/test_X.bin": big,
        "stl-zero/test_y.bin": bytes([0]),
        "stl-count/test_X.bin": big,
        "stl-count/test_y.bin": bytes([1, 2]),
        "stl-label/test_X.bin": big,
        "stl-label/test_y.bin": bytes([201]),
        "svhn/text_32x32.mat": b"no such thing",
        "text.pt2": b"no such thing",
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "cifar-folder" / "test_batch.bin").mkdir(parents=True)
    (folder / "folder.pt2").mkdir()
    images, labels = np.zeros((32, 32, 3, 2), np.uint8), np.array([[1], [10]], np.uint8)
    tables = {
        "names": {"Z": images, "y": labels},
        "shape": {"X": images[..., 0], "y": labels},
        "label": {"X": images, "y": labels + 1},
        "count": {"X": images, "y": labels[:1]},
        "float": {"X": images / 2.0, "y": labels},
    }
    for name, table in tables.items():
        scipy.io.savemat(folder / f"svhn/{name}_32x32.mat", table)
    members = {"zip": "a/b.txt", "pickle": "a/data.pkl", "damaged": "a/archive_version"}
    for name, member in members.items():
        with zipfile.ZipFile(folder / f"{name}.pt2", "w") as archive:
            archive.writestr("a/archive_version", b"0") if name == "pickle" else None
            archive.writestr(member, b"no such thing")
    damaged = folder / "damaged.pt2"
    damaged.write_bytes(damaged.read_bytes().replace(b"no such", b"no sucH"))
    card = {"network": "digits", "members": ["no.safetensors"], "classes": ["a", "b", "c"], "victim": {}}
    cards = {
        "broken": "{",
        "list": "[]",
        "bare": "{}",
        "encoder": {"kind": "autoencoder"},
        "program": {**card, "network": "x.py:f"},
        "weights": card,
        "measure": {**card, "victim": {"estimator": "mood"}},
        "shapes": {**card, "members": ["../../shapes.safetensors"]},
        "members": {**card, "members": 3},
    }
    for name, told in cards.items():
        (folder / "cards" / name).mkdir(parents=True)
        (folder / "cards" / name / "card.json").write_text(told if isinstance(told, str) else json.dumps(told))


@pytest.fixture
def place(tmp_path: Path, networks: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all of the bad files, and a few good ones."""
    import pickle

    import pyarrow as pa
    import pyarrow.parquet as pq
    import torch
    from PIL import Image
    from safetensors.torch import save_file

    monkeypatch.chdir(tmp_path)
    for path in ("empty.npz", "empty.parquet", "net.pt2", "empty.yaml", "empty.safetensors"):
        Path(path).write_bytes(b"")
    npz("images.npz")
    npz("other.npz", images=np.random.default_rng(1).integers(0, 256, (6, 8, 8), dtype=np.uint8))
    for path in ("text.npz", "text.parquet", "text.safetensors", "bytes.yaml"):
        Path(path).write_bytes(b"no such thing \xff")
    npz("objects.npz", images=np.array([object()] * 6))
    npz("channels.npz", images=np.zeros((6, 8, 8, 7), np.uint8))
    npz("labels.npz", labels=np.full(6, 0.5))
    npz("count.npz", labels=np.zeros(5, int))
    npz("bomb.npz", images=np.zeros((1, 1, 1), np.uint8), labels=np.zeros(2**20, np.uint8))
    header, labels = np.array([0x803, 4, 5, 5], ">u4").tobytes(), np.array([0x801, 4], ">u4").tobytes() + bytes(4)
    sets = {
        "cut": header + bytes(7),
        "none": np.array([0x803, 0, 5, 5], ">u4").tobytes(),
        "magic": np.array([0x999, 4, 5, 5], ">u4").tobytes() + bytes(100),
        "huge": np.array([0x803, 2**31, 5, 5], ">u4").tobytes(),
        "alone": header + bytes(100),
    }
    for name, content in sets.items():
        Path(f"{name}-images-idx3-ubyte").write_bytes(content)
        if name != "alone":
            Path(f"{name}-labels-idx1-ubyte").write_bytes(labels)
    Image.fromarray(np.zeros((5, 5), np.uint8)).save("grey.png")
    pq.write_table(pa.table({"a": [1]}), "columns.parquet")
    pq.write_table(pa.table({"image": [{"bytes": b"none", "path": "x"}], "label": [0]}), "pictures.parquet")
    pq.write_table(pa.table({"image": pa.array([], pa.binary()), "label": pa.array([], pa.int64())}), "rows.parquet")
    pq.write_table(pa.table({"image": [Path("grey.png").read_bytes()], "label": [-3]}), "labels.parquet")
    Path("cut.parquet").write_bytes(Path("columns.parquet").read_bytes()[:-9])
    for folder in ("folder", "junk/a", "mixed/a", "sizes/a", "plain", "csv-empty", "csv-columns", "csv-missing"):
        Path(folder).mkdir(parents=True)
    for folder in ("csv-outside", "csv-label", "broken", "list", "other", "running", "bare", "changed"):
        Path(folder).mkdir()
    Path("junk/a/0.png").write_bytes(b"<html>404</html>")
    binaries(tmp_path)
    Path("plain/readme.txt").write_text("no pictures")
    Path("mixed/a/0.txt").write_text("no picture either")
    for number, side in enumerate((4, 5)):
        Image.fromarray(np.zeros((side, side), np.uint8)).save(f"sizes/a/{number}.png")
    tables = {
        "empty": "", "columns": "a,b\n1,2\n", "missing": "file,label\nx.png,0\n", "outside": "file,label\n../x.png,0\n",
        "label": "file,label\nx.png\n",
    }  # fmt: skip
    for name, content in tables.items():
        Path(f"csv-{name}/l.csv").write_text(content)
    for name, text in {"broken": "{", "list": "[]"}.items():
        Path(name, "run.json").write_text(text)
    state = {"experiment": "audit", "state": "complete", "command": "feint audit", "stages": []}
    state |= {"settings": {}, "about": {}, "versions": {}}
    states = {"other": {"experiment": "nothing"}, "running": {"state": "running"}, "bare": {}, "changed": {}}
    for name, own in states.items():
        write_sealed(Path(name, "run.json"), {**state, **own})
    Path("changed/summary.json").write_text("{}")
    documents = {
        "broken": "a: [", "list": "- 3", "unknown": "experiment: audti", "field": "{experiment: audit, radi: 1}",
        "value": "{experiment: audit, radii: [8/0]}", "audit": "experiment: audit",
        "program": "{experiment: audit, victim: {networks: [networks.py:build]}}",
    }  # fmt: skip
    for name, content in documents.items():
        Path(f"{name}.yaml").write_text(content)
    save_file({"a": torch.zeros(3)}, "names.safetensors")
    save_file({"layers.1.weight": torch.zeros(3)}, "shapes.safetensors")
    Path("cut.safetensors").write_bytes(Path("names.safetensors").read_bytes()[:-4])
    Path("pickle.pt").write_bytes(pickle.dumps({"a": print}))
    Path("page.pt").write_text("<!DOCTYPE html><html></html>")
    Path("pointer.pt").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 4\n")
    Path("noise.pt").write_bytes(np.random.default_rng(0).bytes(500))
    torch.save(3, "number.pt")
    codes = {
        "import": "import nowhere_to_be_found", "syntax": "def build(:", "exits": "raise SystemExit(0)",
        "string": "def build():\n    return 'a string'", "arguments": "def build(classes):\n    return classes",
    }  # fmt: skip
    for name, code in codes.items():
        Path(f"{name}.py").write_text(code)
    return tmp_path


def cases() -> Iterator[tuple[str, list[str]]]:
    """Headings, and the command lines below each."""
    for name in (*BASES, "train", "run", "report", *PLAIN):
        base = BASES.get(name, "")
        unread = "--data" if "victim nobody" in base else "--resize" if "--victim" in base else "nothing"
        shared = [each for each in COMMON if unread not in each]  # victims are read first
        common = [f"{base} {each}" for each in shared] if base else []
        yield (
            f"`feint {name}`",
            common + [f"{base} {each}" if base and not each.startswith(name) else each for each in OWN.get(name, [])],
        )
    for kind, names in FILES.items():
        yield kind, [f"audit --network networks.py:build --data {name}" for name in names]
    for kind, names in WEIGHTS.items():
        suffix = {"safetensors": "safetensors", "checkpoints": "pt", "Python files": "py"}[kind]
        word = "{0}.py:build" if suffix == "py" else f"networks.py:build:weights={{0}}.{suffix}"
        yield kind, [f"audit --data images.npz --network {word.format(name)}" for name in names]
    yield "programs of torch.export", [f"audit --data images.npz --network {name} --allow-code" for name in PROGRAMS]
    yield "cards of victims", [f"audit --data images.npz --victims cards --victim {name}" for name in CARDS]


def shown(line: str) -> str:
    """The command, after what is said of the environment."""
    first, _, rest = line.partition(" ")
    return f"{first} feint {rest}" if "=" in first else f"feint {line}"


GO = "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')"
MAIN = "import sys; from feint.app.cli import main; sys.exit(main(sys.argv[1:]))"


def apart(line: str) -> int:
    """A command's exit code, in a process whose folder is gone, or whose output is to a full disk."""
    words = shlex.split(line, comments=True)
    if words == ["completion", "bash"]:  # Python itself begins in such a folder; as the script is: string.py stays here
        begun = f"mkdir gone && cd gone && rmdir ../gone && {shlex.quote(sys.executable)} -P -m feint {line}"
        return subprocess.run(["bash", "-c", begun], check=False).returncode
    full = words[-2:] == [">", "/dev/full"]
    with open(words[-1] if full else os.devnull, "w") as out:
        command = [sys.executable, "-c", f"{GO}; {MAIN}" if GONE in line else MAIN, *(words[:-2] if full else words)]
        return warm.Popen(command, stdout=out if full else None).wait()


def everything(folder: Path) -> set[str]:
    """All that there is in a folder."""
    return {os.path.join(at, name) for at, *names in os.walk(folder) for each in names for name in each}


def told(line: str, place: Path, before: set[str], capfd: pytest.CaptureFixture[str]) -> str:
    """What a command says, after a look at all that it must not do."""
    arguments = shlex.split(line)
    name, _, value = arguments[0].partition("=")
    with pytest.MonkeyPatch.context() as environment:
        if value:
            environment.setenv(name, value)
            arguments.pop(0)
        capfd.readouterr()
        if ">" in arguments or GONE in line:
            code = apart(line)
        else:
            code = main(arguments if arguments[0] in ("report", *PLAIN) else [*arguments, "--quiet"])
    out, err = capfd.readouterr()
    assert (code, out) == (2, ""), (line, out, err)
    assert err.startswith("feint: "), (line, err)
    assert err[:-1].isprintable(), (line, err)
    after = everything(place) - before
    assert not after, (line, after)
    return err.strip().replace(str(place), "FOLDER")


def kind(said: str) -> str:
    """What is wrong, whatever the value, the flag or the file that is."""
    said = said.partition(" (see feint ")[0]
    said = re.sub(r", got (?!nothing|none\b)('[^']*'|[^\s;]+(?=;| \(|$))", "", said)
    said = re.sub(r"(argument|arguments are required:|unrecognized argument|did you mean) .*?(?=[:;]|$)", r"\1", said)
    said = re.sub(r"^feint: [\w./-]+(?=:| is| was| has| can| does)|network [\w/.-]+(?=:)", "feint: _", said)
    return re.sub(r"'[^']*'|[\w./-]+\.(npz|pt2?|py|yaml|json|parquet|csv|safetensors|mat|bin)\b|\d+", "_", said)


@pytest.mark.parametrize(
    ("said", "other", "alike"),
    [
        ("feint: limit: expected 0 or more, got -1", "feint: limit: expected 0 or more, got -2", True),
        ("feint: unrecognized argument --a (see feint runs --help)", "feint: unrecognized argument b", True),
        ("feint: unrecognized argument --a; did you mean '--b'?", "feint: unrecognized argument --a", False),
        ("feint: argument --port: expected one argument", "feint: argument --host: expected one argument", True),
        ("feint: run: expected one, got nothing", "feint: run: expected one, got 'x'", False),
        ("feint: a.npz holds no images", "feint: b.npz holds no images", True),
    ],
)
def test_what_is_of_one_kind(said: str, other: str, alike: bool):
    assert (kind(said) == kind(other)) == alike


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_page(
    place: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
):
    monkeypatch.setenv("FEINT_HOME", str(tmp_path_factory.mktemp("home")))  # what other tests ran is not known here
    lines, few, before = [INTRODUCTION], dict[str, list[str]](), everything(place)
    for heading, commands in cases():
        said = {line: told(line, place, before, capfd) for line in commands}
        alike = [line for line, came in said.items() if list(said.values()).count(came) > 1]
        assert not alike, heading
        kinds = {kind(each) for each in said.values()}
        few |= {heading: sorted(kinds)} if len(kinds) < (10 if heading.startswith("`feint") else 5) else {}
        lines.append(f"\n## {heading}\n")
        lines += [f"    $ {shown(line)}\n    {came}\n" for line, came in said.items()]
    assert few == {}
    page = "\n".join(lines).rstrip() + "\n"
    if os.environ.get("FEINT_WRITE"):
        PAGE.write_text(page)
    assert page == PAGE.read_text()
