"""--track mlflow: params, metrics and the report in a folder of MLflow's, and no run twice."""

import json
import sys

import pytest

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def tracked(monkeypatch, tmp_path):
    """MLflow's client on a folder of the test's own."""
    mlflow = pytest.importorskip("mlflow", reason="MLflow is not installed: pip install 'feint[mlflow]'")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "mlruns").as_uri())
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return mlflow.MlflowClient(tracking_uri=(tmp_path / "mlruns").as_uri())


@pytest.fixture
def command(networks, images):
    network = ("--network", f"{networks}:build", "--data", images)
    return ("audit", *network, "--radii", "0.1", "--threads", 1, "--quiet", "--json", "--track", "mlflow")


def test_a_run_is_told_once(feint, command, tracked):
    outcome = feint(*command)
    assert outcome.code == 0, outcome
    summary = json.loads(outcome.out)
    assert feint(*command).code == 0
    experiment = tracked.get_experiment_by_name("feint")
    (run,) = tracked.search_runs([experiment.experiment_id])
    assert run.info.run_name == run.data.tags["feint.run"] == summary["run"]["id"]
    assert run.info.status == "FINISHED"
    assert run.data.tags["feint.command"] == summary["run"]["command"]
    assert run.data.params["radii"] == "[0.1]"
    assert run.data.params["attack.search.decay"] == "0.5"
    assert run.data.metrics["clean aurc"] == summary["clean"]["aurc"]
    assert run.data.metrics["attacked aurc at 0.1"] == summary["attacked"][0]["aurc"]
    assert {each.path for each in tracked.list_artifacts(run.info.run_id)} == {
        "figures", "report.html", "run.json", "summary.json",
    }  # fmt: skip


def test_a_tracker_that_does_not_take_it_costs_no_run(feint, command, tracked, monkeypatch, tmp_path):
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "a-file" / "below").as_uri())
    outcome = feint(*command)
    assert outcome.code == 2
    folder = json.loads(outcome.out)["run"]["folder"]
    assert f"{folder} is whole, and MLflow did not take it: " in outcome.err.splitlines()[-1]


def test_a_tracker_that_fails_ends_no_sweep(feint, networks, images, tracked, monkeypatch, tmp_path):
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "a-file" / "below").as_uri())
    own = {"experiment": "span", "data": str(images), "victim": {"networks": [f"{networks}:build"]}, "threads": 1}
    (tmp_path / "asked.yaml").write_text(json.dumps({**own, "sweep": {"grid": {"radii": [[0.05], [0.1]]}}}))
    outcome = feint("run", "asked.yaml", "--allow-code", "--quiet", "--json", "--track", "mlflow")
    assert outcome.code == 2
    folders = [each["run"]["folder"] for each in json.loads(outcome.out)]
    assert len(folders) == 2
    said = [line for line in outcome.err.splitlines() if "MLflow did not take" in line or "mlflow did not" in line]
    assert [line.partition(" is whole")[0] for line in said[:2]] == [f"feint: {folder}" for folder in folders]
    assert said[2:] == ["feint: mlflow did not take 2 of 2 runs"]


def test_without_mlflow_nothing_is_computed(feint, command, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setattr("feint.runs.tracking.find_spec", lambda _: None)
    outcome = feint(*command)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "feint: track: expected MLflow to be installed: pip install 'feint[mlflow]'\n"
    assert not (tmp_path / "feint-runs").exists()
    assert feint("audit", "--track", "wandb").code == 2
