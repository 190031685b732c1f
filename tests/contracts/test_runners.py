"""What holds for every experiment: the same files to the bit, whoever computes its pieces, in any order and parts."""

import random
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from feint.runs.runners import local
from feint.runs.runners.processes import processes
from feint.runs.runners.runner import Local

from .conftest import EVERY
from .folders import contents


@pytest.fixture(params=EVERY)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def pair():
    """Two workers, for all experiments one after the other."""
    with closing(processes(2)) as runner:
        yield runner


class Shuffled:
    """This process, in an order of its own, each piece in shards of another size."""

    here = True

    def __init__(self, seed: int) -> None:
        self._draws = random.Random(seed)

    def found(self, job: Any) -> Any:
        for piece in self._draws.sample(job.pieces, len(job.pieces)):
            yield from Local(self._draws.randint(1, 3)).found(replace(job, pieces=[piece]))

    def close(self) -> None:
        pass


def run(bench, name, root, runner):
    """Run an experiment below a folder."""
    told = {"victims": bench.victims(name, root), "allow_code": True, "progress": False, "runner": runner}
    return local.run(bench.experiment(name), bench.settings(name), root / "runs", **told)


def test_the_same_files_in_shards_of_any_size_and_order(bench, name, tmp_path):
    reference = bench.reference(name)
    result = run(bench, name, tmp_path, Shuffled(3))
    assert contents(result.folder, tmp_path) == contents(reference.folder, bench.folder / name)


def test_the_same_files_from_two_workers(bench, name, tmp_path, pair):
    reference = bench.reference(name)
    result = run(bench, name, tmp_path, pair)
    assert contents(result.folder, tmp_path) == contents(reference.folder, bench.folder / name)


def test_the_members_of_an_ensemble_are_trained_side_by_side(bench, tmp_path):
    settings = bench.settings("train").but(members=2)
    weights = []
    for runner in (None, processes(devices=["cpu", "cpu"])):
        root = tmp_path / str(len(weights))
        result = local.run(
            bench.experiment("train"), settings, root, victims=root / "victims", progress=False, runner=runner
        )
        weights.append(
            {path.name: path.read_bytes() for path in (root / "victims" / settings.name).glob("*.safetensors")}
        )
        assert result.summary["accuracy"] >= 0
        if runner is not None:
            runner.close()
    assert len(weights[0]) == 2
    assert weights[0] == weights[1]
