"""Who computes, as the command line and Python say it; sweeps and folders of them; what a run will cost."""

import inspect
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from tests import warm

import feint as library
from feint.errors import SpecError
from feint.runs.machine import counted
from feint.runs.plan import planned
from feint.runs.runners import local
from feint.runs.things import loaded
from feint.victims.loading import embedded


@pytest.fixture
def command(images: Path, networks: Path) -> list[object]:
    own = ["--data", images, "--network", f"{networks}:build", "--batch-size", 2, "--threads", 1, "--radii", 0.05]
    return ["audit", "--quiet", "--json", *own]


@pytest.fixture
def _warm_workers(monkeypatch):
    """To start them takes no seconds. Cold ones: test_security.py."""
    monkeypatch.setattr("feint.runs.runners.processes.subprocess", warm)


def table(outcome):
    assert outcome.code == 0, outcome
    return pq.read_table(Path(json.loads(outcome.out)["run"]["folder"]) / "tables" / "records")


@pytest.mark.usefixtures("plain_report", "_warm_workers")
def test_two_workers_on_the_command_line_come_to_the_same(feint, command, tmp_path):
    one = table(feint(*command))
    assert table(feint(*command, "--out", "two", "--devices", "cpu,cpu")).equals(one)
    assert table(feint(*command, "--out", "shards", "--shard", 3)).equals(one)
    assert table(feint(*command, "--out", "kept", "--storage", tmp_path / "bucket")).equals(one)
    assert list((tmp_path / "bucket").glob("audit-*/tables/records/*.parquet"))


@pytest.mark.usefixtures("plain_report", "_warm_workers")
def test_workers_find_a_trained_victim_where_the_driver_does(feint, save_images, images, networks, tmp_path):
    """The places of its weights are part of the run's id: workers are told of them in the driver's words."""
    recipe = ["--epochs", 1, "--training-batch", 9, "--threads", 1, "--quiet"]
    drawn = np.random.default_rng(1).integers(0, 256, (24, 8, 8), dtype=np.uint8)
    data = ["--data", save_images("other.npz", images=drawn), "--test-data", images]
    trained = feint("train", "small", "--network", f"{networks}:build", *data, *recipe)
    assert trained.code == 0, trained
    own = ["audit", "--victim", "small", "--data", images, "--batch-size", 2, "--threads", 1, "--radii", 0.05]
    one = feint(*own, "--quiet", "--json")
    assert table(feint(*own, "--quiet", "--json", "--out", "two", "--workers", 2)).equals(table(one))
    spelled = feint(*own, "--quiet", "--json", "--victims", tmp_path / "feint-victims")
    assert json.loads(spelled.out)["run"]["id"] == json.loads(one.out)["run"]["id"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--runner", "cluster"], "argument --runner: expected one of local, processes, ray, got 'cluster'"),
        (["--runner", "local", "--workers", 2], "workers: expected none with the runner local, got 2"),
        (["--workers", 2, "--address", "auto"], "address: expected none with the runner processes, got auto"),
        (["--workers", 0], "argument --workers: expected a whole number of at least 1, got 0"),
        (["--shard", 0], "argument --shard: expected a whole number of at least 1, got 0"),
        (["--shard", 1.5], "argument --shard: expected a whole number of at least 1, got 1.5"),
        (["--runner", "ray", "--devices", "0,1"], "devices: expected none with the runner ray, got cuda:0, cuda:1"),
        (["--devices", "cpu,0"], "devices: expected one kind, whose numbers are equal to the bit, got cpu and cuda"),
        (["--devices", "cpu:9x"], "devices: expected names such as cpu or cuda:0, got 'cpu:9x'"),
        (["--devices", "cpu,cpu:9x"], "devices: expected names such as cpu or cuda:0, got 'cpu:9x'"),
        (["--devices", "99"], "devices: expected some of the GPUs that are there, which are "),
        (["--devices", ""], "argument --devices: expected devices, such as 0,1, got nothing"),
        (["--storage", "nowhere://a"], "storage: expected a URL that fsspec knows, got 'nowhere://a'"),
    ],
)
def test_who_cannot_compute(feint, command, flags, message, tmp_path):
    outcome = feint(*command, *flags)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert message in outcome.err
    assert not (tmp_path / "feint-runs").exists()


@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_no_run_begins_where_no_cluster_is(feint, command, tmp_path):
    pytest.importorskip("ray", reason="Ray is an extra: pip install 'feint[ray]'")
    outcome = feint(*command, "--runner", "ray", "--address", "127.0.0.1:1")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert "address: expected one of a Ray cluster, got '127.0.0.1:1': " in outcome.err
    assert not (tmp_path / "feint-runs").exists()


def test_in_python_objects_stay_here_and_names_are_checked():
    with pytest.raises(
        SpecError, match=r"^runner: expected one of local, processes, ray, got 'proceses'; did you mean"
    ):
        library.run("audit", runner="proceses")


SPEC = {"experiment": "span", "threads": 1, "batch_size": 8}


@pytest.mark.usefixtures("plain_report")
def test_a_folder_of_sweeps(feint, images, networks, tmp_path):
    own = {**SPEC, "data": str(images), "victim": {"networks": [f"{networks}:build"]}}
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "b.yaml").write_text(
        yaml.safe_dump({**own, "sweep": {"grid": {"radii": [[0.05], [0.1]], "seed": [0, 1]}}})
    )
    (folder / "a.yml").write_text(yaml.safe_dump({**own, "radii": [0.2]}))
    (folder / "notes.txt").write_text("none of ours")
    outcome = feint("run", folder, "--allow-code", "--quiet", "--json")
    assert outcome.code == 0, outcome
    found = [read["settings"] for read in map(_state, json.loads(outcome.out))]
    assert [(each["radii"], each["seed"]) for each in found] == [
        ([0.2], 0),
        *(([radius], seed) for radius in (0.05, 0.1) for seed in (0, 1)),
    ]
    (tmp_path / "empty").mkdir()
    assert "empty: expected files of YAML in it, got none" in feint("run", tmp_path / "empty").err
    (folder / "a.yml").write_text(yaml.safe_dump({**own, "sweep": {"gird": 1}}))
    assert "a.yml: sweep: expected one of grid, list, got 'gird'" in feint("run", folder).err


@pytest.mark.usefixtures("plain_report")
def test_all_victims_of_a_sweep_are_there_before_the_first_of_it_runs(feint, images, networks, save_images, tmp_path):
    own = {**SPEC, "data": str(images), "radii": [0.05]}
    victims = [{"networks": [f"{networks}:build"]}, {"card": "small"}]
    file = tmp_path / "asked.yaml"
    file.write_text(yaml.safe_dump({**own, "sweep": {"grid": {"victim": victims}}}))
    for more in ([], ["--plan"]):
        outcome = feint("run", file, "--allow-code", "--quiet", *more)
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
        assert "victim: expected one in feint-victims, got 'small'; there are none" in outcome.err
        assert not (tmp_path / "feint-runs").exists()
    drawn = np.random.default_rng(1).integers(0, 256, (24, 8, 8), dtype=np.uint8)
    train = {
        **{"experiment": "train", "name": "small", "network": f"{networks}:build", "data": str(images), "threads": 1},
        **{"test": {"source": str(save_images("other.npz", images=drawn))}, "recipe": {"epochs": 1}},
    }
    file.write_text(yaml.safe_dump([train, {**own, "victim": {"card": "small"}}]))  # it will be there by then
    outcome = feint("run", file, "--allow-code", "--quiet", "--json")
    assert outcome.code == 0, outcome
    file.write_text(yaml.safe_dump([train, {**own, "victim": {"card": "smal"}}]))
    assert "got 'smal'; there are small" in feint("run", file, "--allow-code").err


def _state(summary):
    return json.loads((Path(summary["run"]["folder"]) / "run.json").read_text())


def test_a_plan_is_within_a_factor_of_what_a_run_costs(tmp_path, monkeypatch):
    """On the embedded digits; a machine that others use may be slow for a while, so a second and third try count."""
    from feint import catalog
    from feint.runs import plan as plans

    monkeypatch.setattr(local, "report_files", plans.report_files)  # whole ones, whatever the module's other tests do
    experiment = loaded(catalog.EXPERIMENTS["audit"])
    train = inspect.unwrap(embedded.trained_digit_network)
    monkeypatch.setattr(embedded, "trained_digit_network", train)  # which costs what it costs
    monkeypatch.setattr(embedded, "RECIPE", replace(embedded.RECIPE, epochs=6))  # of a piece with the images
    settings = experiment.settings.parse({"threads": 1, "batch_size": 20, "radii": [0.05, 0.1], "data": {"limit": 480}})
    for attempt in range(3):
        plan = planned(experiment, settings)
        with counted() as passes:
            result, seconds = timed(experiment, settings, tmp_path / str(attempt))
        size = sum(path.stat().st_size for path in result.folder.rglob("*") if path.is_file())
        told = plan.plain(2)
        assert 1 / 1.5 < told["gradients"] / passes.gradients < 1.5
        assert 1 / 1.5 < told["forwards"] / passes.forwards < 1.5
        assert 1 / 1.5 < 1e6 * told["megabytes"] / size < 1.5
        if 1 / 1.5 < plan.seconds() / seconds < 1.5:
            break
    else:
        pytest.fail(f"expected {seconds:.1f} s within a factor of 1.5, got {plan.seconds():.1f} s")
    assert plan.run == result.run.id
    assert told["seconds_by_runner"]["local"] == plan.seconds()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("attack", {"attack": "pgd:steps=2", "radii": [0.1]}),
        ("attack", {"attack": "pgd:steps=2", "radii": [0.05, 0.1], "format": "safetensors"}),
        ("span", {"radii": [0.1]}),
    ],
    ids=["attack", "attack-several", "span"],
)
def test_a_plan_counts_all_that_a_run_leaves_behind(tmp_path, monkeypatch, name, values):
    from feint import catalog
    from feint.runs import plan as plans

    for module in (local, plans):  # a page is the same megabyte whatever the run: it would hide what is left out
        monkeypatch.setattr(module, "report_files", lambda _: {"report.html": b""})
    monkeypatch.setattr(embedded, "RECIPE", replace(embedded.RECIPE, epochs=1))  # which leaves nothing behind
    experiment = loaded(catalog.EXPERIMENTS[name])
    settings = experiment.settings.parse({"threads": 1, "batch_size": 20, "data": {"limit": 240}, **values})
    plan = planned(experiment, settings)
    folder = local.run(experiment, settings, tmp_path, progress=False).folder
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert 1 / 1.5 < plan.size / size < 1.5


def timed(experiment, settings, root):
    import time

    begun = time.perf_counter()
    result = local.run(experiment, settings, root, progress=False)
    return result, time.perf_counter() - begun


@pytest.mark.usefixtures("plain_report")
def test_a_plan_on_the_command_line_computes_nothing_that_is_kept(feint, images, networks, tmp_path):
    own = {**SPEC, "data": str(images), "victim": {"networks": [f"{networks}:build"]}}
    sweep = {"grid": {"seed": [0, 1]}}
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({**own, "radii": [0.1], "sweep": sweep}))
    outcome = feint("run", tmp_path / "asked.yaml", "--allow-code", "--plan")
    assert (outcome.code, outcome.err) == (0, ""), outcome
    assert outcome.out.count("gradients") == 2
    assert "2 runs: " in outcome.out
    assert "processes with 2 workers here: " in outcome.out
    assert not (tmp_path / "feint-runs").exists()
    outcome = feint("run", tmp_path / "asked.yaml", "--allow-code", "--plan", "--json", "--workers", 8)
    (first, _) = json.loads(outcome.out)
    refused = feint("run", tmp_path / "asked.yaml", "--allow-code", "--plan", "--runner", "ray", "--devices", "cpu")
    assert (refused.code, refused.out) == (2, "")
    assert "devices: expected none with the runner ray, got cpu" in refused.err
    assert first["workers"] == 8
    assert set(first["seconds_by_runner"]) == {"local", "processes", "ray"}
    assert [each["stage"] for each in first["stages"]] == ["span"]


def test_a_plan_of_a_training_is_made_from_a_few_of_its_batches(save_images, images, networks, tmp_path):
    from feint import catalog

    drawn = np.random.default_rng(1).integers(0, 256, (24, 8, 8), dtype=np.uint8)
    other = save_images("other.npz", images=drawn)
    experiment = loaded(catalog.EXPERIMENTS["train"])
    common = {"network": f"{networks}:build", "data": str(images), "test": {"source": str(other)}, "threads": 1}
    recipe = {"epochs": 500, "training_batch": 1}
    settings = experiment.settings.parse({**common, "name": "small", "members": 3, "recipe": recipe})
    plan = planned(experiment, settings, victims=tmp_path / "victims")
    members, _ = plan.stages
    assert (members.stage, members.amount, members.pieces) == ("members", 3, 3)
    assert members.tried == pytest.approx(16 / 24 / 500)
    assert members.seconds > 0
    assert not (tmp_path / "victims").exists()
