"""The command line itself: help, exit codes, what it imports, and the commands that are no experiments."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from feint import catalog
from feint.app import cli, completion
from feint.app.catalog import KINDS
from feint.app.experiment import parser_of
from feint.app.flags import flags_of
from feint.runs.experiment import Experiment
from feint.runs.runners import local
from feint.runs.things import loaded, settings_of

PROBE = """
import resource, sys
from feint.app.cli import main
code = main(sys.argv[1:])
spent = resource.getrusage(resource.RUSAGE_SELF)
heavy = {"torch", "numpy", "pandas", "pyarrow", "pydantic", "altair", "vl_convert", "lightning"}
heavy = (heavy | {"sqlalchemy", "alembic", "duckdb", "mlflow"}) & set(sys.modules)
print(sorted(heavy), code, spent.ru_utime + spent.ru_stime, file=sys.stderr)
"""
NAMES = {**catalog.EXPERIMENTS, **catalog.PAPERS}


def probed(*arguments):
    """What a process of its own imported, its exit code, and the seconds of processor time that it took."""
    command = [sys.executable, "-c", PROBE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *said, last = done.stderr.strip().splitlines()
    heavy, code, seconds = re.fullmatch(r"(\[.*\]) (\d+) (\S+)", last).groups()
    return done.stdout, said, heavy, int(code), float(seconds)


@pytest.mark.parametrize(
    "arguments", [["--help"], [], ["--version"], ["reproduce", "--help"], ["catalog"], ["runs", "--help"]]
)
def test_help_and_catalog_are_quick_and_import_nothing_heavy(arguments):
    most = 0.5 if arguments == ["catalog"] else 0.2
    out, said, heavy, code, seconds = probed(*arguments)
    if seconds >= most:  # once more: the machine may have been busy
        seconds = min(seconds, probed(*arguments)[-1])
    assert (said, heavy, code) == ([], "[]", 0)
    assert seconds < most
    starts = {"--version": "feint ", "catalog": "experiments\n"}
    assert out.startswith(starts.get(arguments[0] if arguments else "", "usage: "))


EARLY = [
    ["audit", "--help"],
    ["train", "--help"],
    ["audit", "--treads", "1"],
    ["audit", "--radii", "-1"],
    ["audit", "--measure", "mood"],
    ["audit", "--limit", "0"],
    ["train", "small", "--network", "digits", "--momentum", "inf"],
    ["run", "nothing.yaml"],
    ["audit", "--attack", "itertive-ace"],
    ["attack", "pgd:evade=mood", "--radii", "0.1"],
    ["adit"],
]
PROBES = """
import json, os, sys
from feint.app.cli import main
for at, arguments in enumerate(json.loads(sys.argv[1])):
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{at}-{name}", os.O_WRONLY | os.O_CREAT), number)
    code = main(arguments)
    sys.stdout.flush(), sys.stderr.flush()
    with open(f"{at}-code", "w") as file:
        json.dump([code, "torch" in sys.modules], file)
"""


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all of them come to, one after the other in a process that has not imported torch before the first."""
    folder = tmp_path_factory.mktemp("early")
    subprocess.run([sys.executable, "-c", PROBES, json.dumps(EARLY)], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("arguments", EARLY)
def test_flags_names_and_radii_are_read_before_torch(early: Path, arguments):
    out, err, told = ((early / f"{EARLY.index(arguments)}-{name}").read_text() for name in ("out", "err", "code"))
    code, torch = json.loads(told)
    assert not torch
    if "--help" in arguments:
        assert (code, err) == (0, "")
        assert out.startswith(f"usage: feint {arguments[0]} ")
    else:
        assert (code, err.count("\n"), out) == (2, 1, "")


def test_importing_the_package_costs_no_torch():
    code = "import sys, feint; dir(feint); print('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_help_names_every_command(feint):
    outcome = feint("--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert feint().out == outcome.out
    for name in (*catalog.EXPERIMENTS, *cli.OWN, "reproduce"):
        assert re.search(rf"^  {name} +\S", outcome.out, re.MULTILINE)
    assert all(name in outcome.out for name in catalog.PAPERS)
    assert feint("reproduce").out == feint("reproduce", "-h").out
    assert all(f"  {name} " in feint("reproduce").out for name in catalog.PAPERS)


@pytest.mark.parametrize("name", NAMES)
def test_every_flag_of_every_command_has_a_text_and_a_name_of_its_own(feint, name):
    experiment = loaded(NAMES[name])
    assert isinstance(experiment, Experiment)
    flags = flags_of(experiment.settings)
    assert all(flag.help for flag in flags), [flag.name for flag in flags if not flag.help]
    assert len({flag.name for flag in flags}) == len(flags)
    title = name if name in catalog.EXPERIMENTS else f"reproduce {name}"
    parser = parser_of(title, "What it does.", flags)
    assert all(action.help for action in parser._actions)
    outcome = feint(*title.split(), "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert all(f"--{flag.name}" in outcome.out or flag.positional for flag in flags)
    assert {"--out", "--fresh", "--json", "--quiet", "--debug", "--victims"} <= set(
        re.findall(r"--[a-z-]+", outcome.out)
    )


def test_what_was_not_foreseen_is_one_line_too(feint, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("first\nsecond")

    monkeypatch.setattr(local, "run", fail)
    outcome = feint("audit")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "feint: unexpected ZeroDivisionError: first (--debug shows where)\n"
    with pytest.raises(ZeroDivisionError):
        feint("audit", "--debug")


def test_the_version(feint):
    import feint as library

    assert feint("--version").out == f"feint {library.__version__}\n"


def test_catalog(feint):
    listed = json.loads(feint("catalog", "--json").out)
    assert all(line and "\n" not in line for entries in listed.values() for line in entries.values())
    text = feint("catalog").out
    assert all(name in text for entries in listed.values() for name in entries)
    assert set(listed) == {*KINDS, "data"}
    for kind in ("measures", "metrics", "estimators", "attacks", "searches", "architectures", "autoencoders"):
        expected = {name: loaded(place).__doc__.strip().splitlines()[0] for name, place in KINDS[kind].items()}
        assert listed[kind] == expected, kind
    assert listed["data"] == catalog.DATA


@pytest.mark.parametrize("name", ["pgd", "mc-dropout", "backtracking", "lenet", "audit", "aurc", "max_probability"])
def test_one_thing_of_the_catalog(feint, name):
    outcome = feint("catalog", name)
    assert (outcome.code, outcome.err) == (0, "")
    found = json.loads(feint("catalog", name, "--json").out)
    assert outcome.out.startswith(f"{name}: one of the {found['kind']}\n\n")
    assert found["name"] == name
    assert found["doc"].splitlines()[0] in outcome.out
    thing = loaded(KINDS[found["kind"]][name])
    settings = settings_of(thing.settings if isinstance(thing, Experiment) else thing)
    assert list(found["settings"]) == [each.name for each in settings]
    if name == "pgd":
        assert found["settings"]["steps"]["default"] == repr(thing().steps)
        assert "Madry" in found["doc"]
        assert all(each["help"] for each in found["settings"].values())


def test_types_in_the_catalog_are_words(feint):
    for name in NAMES:
        told = json.loads(feint("catalog", name, "--json").out)["settings"]
        types = " ".join(each["type"] for each in told.values())
        assert "=" not in types, types
        assert " at 0x" not in types, types
    told = json.loads(feint("catalog", "audit", "--json").out)["settings"]
    assert told["radii"]["type"] == "tuple[float, ...]"
    assert told["repeats"]["type"] == "int | None"
    assert told["attack"]["type"] == "ThreatWord"


def test_help_has_each_heading_once(feint):
    for name in catalog.EXPERIMENTS:
        headings = re.findall(r"^\S.*:$", feint(name, "--help").out, re.MULTILINE)
        assert len(set(headings)) == len(headings), headings


def test_what_help_says_holds_by_default_does(feint):
    flags = {flag.name: flag.default for flag in flags_of(loaded(catalog.EXPERIMENTS["train"]).settings)}
    assert flags["split"] == "train"
    assert flags["test-split"] == "test"
    assert flags["test-data"] == "as --data"
    assert flags["test-crop"] == "as --crop"
    assert flags["test-limit"] == ""


def test_several_things_by_default_stand_in_help_as_they_are_typed():
    from feint.experiments.detection.settings import ATTACKS

    (flag,) = (flag for flag in flags_of(loaded(catalog.EXPERIMENTS["detect"]).settings) if flag.name == "attack")
    parser = parser_of("detect", "What it does.", [flag])
    assert f"(default: {flag.default}; may be repeated)" in " ".join(parser.format_help().split())
    typed = vars(parser.parse_args(["--attack", *flag.default.split()]))
    assert typed["attacks"] == list(map(str, ATTACKS))


def test_a_second_attack_is_not_passed_over(feint):
    outcome = feint("audit", "--attack", "ace", "--attack", "fgsm")
    assert outcome.code == 2
    assert outcome.err.startswith("feint: attack: expected one, got ace and fgsm")


def test_a_key_of_the_word_is_suggested_too(feint):
    assert "did you mean 'measure'?" in feint("audit", "--attack", "ace:mesure=margin").err
    assert "did you mean 'weights'?" in feint("audit", "--network", "cifar-resnet20:wieghts=x").err


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_completion_knows_every_command_and_flag(feint, shell):
    outcome = feint("completion", shell)
    assert (outcome.code, outcome.err) == (0, "")
    for name, reference in catalog.EXPERIMENTS.items():
        assert name in outcome.out
        for flag in flags_of(loaded(reference).settings):
            if not flag.positional:
                assert (f"-l {flag.name}" if shell == "fish" else f"--{flag.name}") in outcome.out
    assert all(name in outcome.out for name in (*catalog.PAPERS, *cli.OWN))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["feint", "aud"], ["audit"]),
        (["feint", "audit", "--base"], ["--baseline"]),
        (["feint", "reproduce", "smith"], ["smith-gal-table-1"]),
        (["feint", "completion", "b"], ["bash"]),
        (["feint", "report", "--fo"], ["--format"]),
        (["feint", "runs", "exp"], ["export"]),
        (["feint", "attack", "pg"], ["pgd"]),
        (["feint", "catalog", "mahal"], ["mahalanobis"]),
    ],
)
def test_bash_completes(feint, tmp_path: Path, words, expected):
    (tmp_path / "feint.bash").write_text(feint("completion", "bash").out)
    typed = " ".join(words)
    script = f"""
source {tmp_path / "feint.bash"}
COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _feint; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected
