"""The page of the audit knows every option and every field; commands that pages show are understood."""

import re
import shlex
import textwrap
from pathlib import Path

import numpy as np
import pytest

import feint
from feint import catalog
from feint.app import cli, flags
from feint.errors import SpecError
from feint.runs.things import loaded

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "audit.md").read_text()
KNOWN = set(re.findall(r"`([^`]+)`", PAGE))


def test_every_option():
    from feint.app.experiment import parser_of
    from feint.experiments.audit import AuditSettings

    parser = parser_of("audit", "", flags.flags_of(AuditSettings))
    options = {name for action in parser._actions for name in action.option_strings}
    said = {name for name in KNOWN if re.fullmatch(r"--[a-z-]+", name)} - {"--format"}  # of feint report
    assert options - {"-h", "--help"} == said


def fields(value: object) -> set[str]:
    if isinstance(value, list):
        return {name for each in value for name in fields(each)}
    if isinstance(value, dict):
        return set(value) | {name for each in value.values() for name in fields(each)}
    return set()


@pytest.mark.usefixtures("plain_report", "as_shipped")
def test_every_field(tmp_path: Path):
    from torch import nn

    generator = np.random.default_rng(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Dropout(0.5), nn.Linear(8, 3)).eval()
    images = generator.random((6, 4, 4)).astype(np.float32)
    result = feint.audit(feint.MCDropout(network, draws=2), images, np.arange(6) % 3, radii=[0.1], root=tmp_path)
    words = {word for name in KNOWN for word in re.split(r"[^a-z_]+", name)}
    assert fields(result.summary) - words == set()


COMMAND = re.compile(r"^ +(?:\$ |\.venv/bin/)?(feint (?:[^\n]*\\\n)*[^\n]+)$", re.MULTILINE)
PAGES = [ROOT / "README.md", *sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "bad-input.md"})]


def shown(page: Path) -> list[str]:
    """The commands of a page, without what follows after # or stands for more of the same."""
    found = [each.replace("\\\n", " ").split(" #")[0].strip() for each in COMMAND.findall(page.read_text())]
    return [re.sub(r" \.\.\.(?= |$)", "", each) for each in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page: Path):
    for command in shown(page):
        words = shlex.split(command)[1:]
        if words[0] == "run":  # of files that are not there
            continue
        told = _refusal(words)
        # A command that says only what changes has its network or victim elsewhere.
        assert not told or any(each in told for each in NEEDS), f"{command}: {told}"


NEEDS = ("expected at least one --network", "network: expected a value", "data: expected a value")


def _refusal(words: list[str]) -> str:
    try:
        cli.command_of(words)
    except SpecError as error:
        return str(error)
    return ""


def test_there_are_such_commands():
    assert sum(len(shown(page)) for page in PAGES) > 40
    names = {command.split()[1] for page in PAGES for command in shown(page)}
    assert names >= set(catalog.EXPERIMENTS) - {"interpolate"}


def test_docstrings_of_experiments_show_commands_that_are_understood():
    for reference in (*catalog.EXPERIMENTS.values(), *catalog.PAPERS.values()):
        module = loaded(reference.partition(":")[0] + ":__doc__")
        for command in COMMAND.findall(module):
            cli.command_of(shlex.split(command)[1:])


def test_the_sweep_that_the_page_shows_is_understood(tmp_path: Path):
    from feint.app.run import read

    page = (ROOT / "docs" / "running.md").read_text()
    part = page[page.index("## Sweeps") : page.index("## What it will cost")]
    (sweep,) = re.findall(r"\n\n((?:    .*\n)+)", part)
    (tmp_path / "shown.yaml").write_text(textwrap.dedent(sweep))
    assert len(list(read(tmp_path / "shown.yaml"))) == 8


def test_every_claim_of_the_paper_on_ace_has_a_verdict():
    from feint.experiments.papers.ace.paper import PAPER_CLAIMS

    page = (ROOT / "docs" / "ace-results.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \(.*\| ([^|]+) \|$", page[page.index("## The paper's claims") :], re.MULTILINE)
    assert [name for name, _ in rows] == [claim.name for claim in PAPER_CLAIMS]
    assert all(re.match(r"(for|against|partly)\b", verdict) for _, verdict in rows)
