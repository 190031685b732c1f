"""What holds for every experiment of the catalog: it may be killed, damaged and moved, and says the same again."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feint.app.cli import main
from feint.reports import Figure, Pictures
from feint.reports.data import data
from feint.reports.page import page
from feint.reports.text import text
from feint.runs.run import Run, read_state
from feint.runs.runners import local
from feint.runs.work import Children

from .conftest import EVERY
from .folders import DAMAGES, contents


@pytest.fixture(params=EVERY)
def name(request):
    return request.param


def test_every_experiment_has_small_settings(bench):
    from .experiments import cases

    assert set(cases(bench.inputs)) == set(EVERY)


def test_it_runs_and_its_report_renders(bench, name):
    result = bench.reference(name)
    state = read_state(result.folder)
    assert state["state"] == "complete"
    assert state["experiment"] == name == bench.experiment(name).name
    report = result.report
    assert report.headline
    assert report.headline in str(result) == text(report)
    assert report.headline in json.dumps(data(report), ensure_ascii=False)
    assert json.loads(json.dumps(data(report), allow_nan=False)) == json.loads(json.dumps(data(report)))
    assert (result.folder / "report.html").read_text() == page(report)
    names = [block.name for block in report.blocks() if isinstance(block, Figure | Pictures)]
    assert len(set(names)) == len(names)
    tables = [table.name for table in report.tables()]
    assert len(set(tables)) == len(tables)
    summary = json.loads((result.folder / "summary.json").read_text())
    assert summary == json.loads(json.dumps(result.summary))
    assert summary["run"]["id"] == result.run.id
    assert summary["skipped"] == []


def test_its_stages_have_pieces_that_can_be_lost(bench, name):
    """Two and more wherever images are gone over, in an order that their names keep."""
    run = bench.reference(name).run
    stages = read_state(run.path)["stages"]
    for stage in stages:
        entries = sorted((run.path / "ledger" / stage).glob("*.json"))
        assert entries, stage
    most = max(len(list((run.path / "ledger" / stage).glob("*.json"))) for stage in stages)
    assert most >= 2


def test_killed_in_every_stage_it_comes_to_the_same_bits(bench, name, tmp_path, monkeypatch):
    reference = bench.reference(name)  # made before stages are counted
    killed: set[tuple[str, str]] = set()
    computed: list[tuple[str, str, str]] = []
    run_stage = local._run_stage

    def interrupted(stage: Any, ledger: Any, *arguments: Any) -> None:
        key = (ledger.state["experiment"], stage.name)
        left = [piece.name for piece in stage.pieces if not ledger.has(stage, piece)]

        def compute(piece: Any, *others: Any) -> Any:
            found = stage.compute(piece, *others)
            computed.append((ledger.path.name, stage.name, piece.name))
            if key not in killed and piece.name == left[-1]:
                killed.add(key)
                raise KeyboardInterrupt
            return found

        run_stage(replace(stage, compute=compute), ledger, *arguments)

    monkeypatch.setattr(local, "_run_stage", interrupted)
    kills = 0
    while True:
        try:
            result = bench.run(name, tmp_path)
            break
        except KeyboardInterrupt:
            kills += 1
    stages = {stage.name for stage in _stages(bench, name, tmp_path) if not isinstance(stage, Children)}
    assert kills == len(killed) > 0
    assert {stage for experiment, stage in killed if experiment == name} == stages
    assert len(computed) == len(set(computed)) + kills  # the killed pieces, once more, and no others
    assert contents(result.folder, tmp_path) == contents(reference.folder, bench.folder / name)


SIGKILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from feint.app.run import read
from feint.runs.runners import local

run_stage = local._run_stage

def killed(stage, *arguments):
    def compute(piece, *others):
        if piece.name == stage.pieces[-1].name:
            os.kill(os.getpid(), signal.SIGKILL)
        return stage.compute(piece, *others)
    run_stage(replace(stage, compute=compute), *arguments)

local._run_stage = killed
((experiment, settings),) = read(Path(sys.argv[1]))
local.run(experiment, settings, Path(sys.argv[2]), progress=False)
"""


def test_a_killed_process_leaves_what_can_be_gone_on_with(bench, tmp_path, calls):
    import yaml

    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"experiment": "attack", **bench.settings("attack").plain()}))
    command = [sys.executable, "-c", SIGKILLED, str(tmp_path / "asked.yaml"), str(tmp_path / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == -signal.SIGKILL, done.stderr
    reference = bench.reference("attack")
    calls.made.clear()
    result = bench.run("attack", tmp_path)
    pieces = sorted(path.stem for path in (result.folder / "ledger" / "attack").glob("*.json"))
    assert calls.made == [("attack", pieces[-1])]
    assert contents(result.folder, tmp_path) == contents(reference.folder, bench.folder / "attack")


def makers(folder: Path) -> dict[str, tuple[str, str]]:
    """Which stage and piece each file of a folder is of."""
    found: dict[str, tuple[str, str]] = {}
    for place in sorted((folder / "ledger").glob("*/*.json")):
        maker = (place.parent.name, place.stem)
        for name in (str(place.relative_to(folder)), *json.loads(place.read_text())["files"]):
            found[name] = maker
    return found


def test_whatever_file_it_loses_it_makes_exactly_that_again(bench, name, tmp_path, calls, prepared_once, capsys):
    """Every other piece's entry in the ledger or all of its files at a time, each file damaged in another way."""
    prepared_once(name)
    folder = bench.copy_of(name, tmp_path)
    roots = (tmp_path, bench.folder / name)  # it was copied
    whole, made_by = contents(folder, *roots), makers(folder)
    outside = {place for place in made_by if Path(place).is_absolute()}
    children = {stage.name for stage in _stages(bench, name, tmp_path) if isinstance(stage, Children)}
    assert set(whole) - set(made_by) == {"run.json"}
    pieces = sorted(set(made_by.values()))
    rounds: list[list[str]] = [["run.json"], [], [], []]
    for place, piece in made_by.items():
        rounds[pieces.index(piece) % 2 + 2 * place.startswith("ledger/")].append(place)
    for lost in filter(None, rounds):
        before = {place: (folder / place).read_bytes() for place in lost}
        for at, place in enumerate(lost):
            DAMAGES[at % len(DAMAGES)](folder / place)
        calls.made.clear()
        capsys.readouterr()
        bench.run(name, tmp_path)
        own = {made_by.get(place, ("derived", "")) for place in lost}
        assert sorted(calls.made) == sorted(piece for piece in own if piece[0] not in ("derived", *children))
        head = f"feint: made again in {folder}: "
        said = [line.removeprefix(head) for line in capsys.readouterr().err.splitlines() if line.startswith(head)]
        assert sorted(", ".join(said).split(", ")) == sorted(lost)
        after = contents(folder, *roots)
        assert [place for place in after if after[place] != whole.get(place)] == []
        assert set(after) == set(whole)
        for place in outside & {*lost}:
            assert (folder / place).read_bytes() == before[place], place


def _stages(bench: Any, name: str, root: Path) -> Any:
    machine = local.Machine.find(bench.settings(name), victims=bench.victims(name, root), allow_code=True)
    return bench.experiment(name).prepare(bench.settings(name), machine).stages


def test_its_report_is_made_again_from_the_folder_alone(bench, name, tmp_path, capsys):
    reference = bench.reference(name)
    folder = tmp_path / reference.run.id
    shutil.copytree(reference.folder, folder)
    before = contents(folder, tmp_path)
    for place in before:
        if place == "report.html" or place.startswith("figures/"):
            (folder / place).unlink()
    away = bench.inputs.folder.with_name("away")
    bench.inputs.folder.rename(away)
    try:
        assert main(["report", str(folder)]) == 0
        assert main(["report", str(folder), "--format", "svg"]) == 0
        assert main(["report", str(folder), "--format", "json"]) == 0
        run = Run.load(folder, bench.experiment(name))
        again = {"run": reference.summary["run"], **run.experiment.summarise(run), "skipped": run.skipped}
    finally:
        away.rename(bench.inputs.folder)
    assert capsys.readouterr().err == ""
    assert json.loads(json.dumps(again)) == json.loads(json.dumps(reference.summary))
    there, here = str(reference.folder).encode(), str(folder).encode()
    for place, content in contents(folder, tmp_path).items():
        expected = (reference.folder / place).read_bytes().replace(there, here)
        if place == "report.html" or place.startswith("figures/"):
            assert (folder / place).read_bytes() == expected, place
        else:
            assert content == before[place]
    assert set(contents(folder, tmp_path)) == set(before)
