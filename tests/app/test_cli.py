"""The command line itself: help, exit codes, what it imports."""

import json
import subprocess
import sys

import pytest
from feint.experiments.autoencoder import AUTOENCODERS

from feint.app import audit, cli
from feint.experiments import catalog
from feint.networks import ARCHITECTURES

PROBE = """
import resource, sys
from feint.app.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
spent = resource.getrusage(resource.RUSAGE_SELF)
heavy = {"torch", "numpy", "pandas", "pyarrow", "pydantic", "matplotlib", "plotly", "lightning"} & set(sys.modules)
print(sorted(heavy), spent.ru_utime + spent.ru_stime, file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["audit", "--help"], ["train", "--help"], ["catalog"]])
def test_help_and_catalog_are_quick_and_import_nothing_heavy(arguments):
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("measures\n" if arguments == ["catalog"] else "usage: ")
    heavy, _, seconds = done.stderr.strip().rpartition(" ")
    assert heavy == "[]"
    assert float(seconds) < 0.5


def test_importing_the_package_costs_no_torch():
    code = "import sys, feint; dir(feint); print('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_help_names_every_command_and_every_option_has_a_text(feint):
    outcome = feint("--help")
    assert outcome.code == 0
    commands = next(action for action in cli.parser()._actions if action.choices).choices
    assert set(commands) == set(cli.COMMANDS)
    for name, command in commands.items():
        assert f"    {name}" in outcome.out
        assert all(action.help for action in command._actions)
        assert command.format_help()


def test_what_was_not_foreseen_is_one_line_too(feint, monkeypatch: pytest.MonkeyPatch):
    def fail(options: object) -> None:
        raise ZeroDivisionError("first\nsecond")

    monkeypatch.setattr(audit, "run", fail)
    outcome = feint("audit")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "feint: unexpected ZeroDivisionError: first (--debug shows where)\n"
    with pytest.raises(ZeroDivisionError):
        feint("audit", "--debug")


def test_catalog(feint):
    listed = json.loads(feint("catalog", "--json").out)
    assert all(line and "\n" not in line for entries in listed.values() for line in entries.values())
    text = feint("catalog").out
    assert all(name in text for entries in listed.values() for name in entries)
    things = {
        "measures": {**catalog.MEASURES, **catalog.LABEL_MEASURES},
        "metrics": catalog.METRICS,
        "estimators": catalog.ESTIMATORS,
        "attacks": catalog.ATTACKS,
        "autoencoders": AUTOENCODERS,
    }
    lines = {
        kind: {name: each.__doc__.strip().splitlines()[0] for name, each in of.items()} for kind, of in things.items()
    }
    assert listed == lines | {
        "architectures": {name: line for name, (_, line) in ARCHITECTURES.items()},
        "data": catalog.DATA,
    }
