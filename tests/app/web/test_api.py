import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("nicegui")
schemathesis = pytest.importorskip("schemathesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402


def test_every_operation_answers_as_its_description_says(app):
    described = schemathesis.openapi.from_asgi("/openapi.json", app)
    asked = []
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case):
            # That a name is a victim's, or bytes a picture, no schema says: they are refused, as the description tells.
            case.call_and_validate(excluded_checks=[positive_data_acceptance], timeout=300)

        ask()
        asked.append(operation.label)
    assert {"GET /runs", "POST /attack", "POST /jobs", "POST /victims", "GET /runs/{run}/tables/{table}"} <= set(asked)


def _run(client):
    return client.get("/runs?experiment=audit").json()["runs"][0]["id"]


def test_runs_are_listed_found_and_read(client):
    assert client.get("/runs?experiment=audit&find=digits").json()["total"] == 1
    assert client.get("/runs?experiment=attack").json()["total"] == 0
    run = _run(client)
    assert client.get(f"/runs/{run}").json()["command"].startswith("feint audit")
    assert client.get(f"/runs/{run}/summary").json()["images"] == 40
    told = client.get(f"/runs/{run}/report.json").json()
    assert any(
        block["kind"] == "figure" and block["panels"] for section in told["sections"] for block in section["blocks"]
    )
    figures = client.get(f"/runs/{run}/figures").json()
    assert "risk_coverage.svg" in figures
    assert client.get(f"/runs/{run}/figures/risk_coverage.svg").text.startswith("<svg")
    assert client.get(f"/runs/{run}/figures/..%2f..%2fsummary.json").status_code == 404
    page = client.get(f"/runs/{run}/report")
    assert page.text.startswith("<!doctype html>")
    assert "sandbox" in page.headers["content-security-policy"]


def test_records_are_read_by_value_and_in_parts(client):
    run = _run(client)
    tables = client.get(f"/runs/{run}/tables").json()
    found = client.get(f"/runs/{run}/tables/records?variant=attacked&radius=0.1&limit=7&offset=35").json()
    assert found["total"] == 40
    assert [row["variant"] for row in found["rows"]] == ["attacked"] * 5
    assert {row["radius"] for row in found["rows"]} == {0.1}
    lines = client.get(f"/runs/{run}/records.csv").text.splitlines()
    assert len(lines) == 1 + tables["records"]["rows"]
    told = client.get(f"/runs/{run}/tables/records?colour=red")
    assert told.status_code == 400
    assert told.json()["error"]["message"].startswith("where: expected a column")


@pytest.mark.parametrize("name", ["none", "..", "%2e%2e%2fvictims", ".workbench", "a%00b"])
@pytest.mark.parametrize("rest", ["", "/summary", "/report", "/tables", "/records.csv"])
def test_a_run_that_is_not_there_is_one_kind_of_error(client, name, rest):
    told = client.get(f"/runs/{name}{rest}")
    assert told.status_code == 404
    assert set(told.json()) == {"error"}
    assert set(told.json()["error"]) == {"kind", "message"}


def test_one_image_is_attacked_as_the_command_attacks_it(client, root):
    from feint.app.cli import main

    asked = {"index": 0, "attack": "fgsm", "radius": 0.1}
    found = client.post("/attack", json=asked).json()
    assert found["before"]["probabilities"] == pytest.approx(found["before"]["probabilities"])
    assert abs(sum(found["after"]["probabilities"]) - 1) < 1e-6
    saved = client.post("/attack.npz", json=asked)
    with np.load(io.BytesIO(saved.content), allow_pickle=False) as arrays:
        mine = arrays["images"]
    place = ["--quiet", "--first", "1", "--radii", "0.1", "--out", str(root / "beside")]
    assert main(["attack", "fgsm", *place]) == 0
    (theirs,) = (root / "beside").glob("attack-*/attacked.npz")
    with np.load(theirs, allow_pickle=False) as arrays:
        assert abs(arrays["images"] - mine).max() < 1e-6


def test_an_uploaded_image_is_attacked(client):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 80), dtype=np.uint8)).save(file, "PNG")
    kept = client.post("/images", content=file.getvalue())
    assert kept.status_code == 201
    asked = {"image": kept.json()["id"], "attack": "random-signs", "radius": 0.1, "label": 3}
    assert client.post("/attack", json=asked).json()["label"] == 3
    for wrong in ({"image": "../../../etc/pw"}, {"image": "0" * 16}, {}, {"index": 0, "image": "0" * 16}):
        told = client.post("/attack", json=wrong)
        assert told.status_code in (400, 422)


@pytest.mark.parametrize(
    "wrong",
    [
        {"attack": "evil.py:Attack"}, {"attack": "pgd:steps=@/etc/passwd"}, {"victim": "../x"}, {"victim": "none"},
        {"estimator": "mc-dropout"}, {"index": 100_000}, {"radius": 0.0}, {"attack": "pgd:steps=many"}, {"radius": 5},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_one_line(client, wrong):
    told = client.post("/attack", json={"index": 0, **wrong})
    assert told.status_code in (400, 404, 422)
    assert "\n" not in told.json()["error"]["message"]
    assert "root:" not in told.text


def test_what_is_not_json_is_said_of_the_body(client):
    told = client.post("/attack", content=b"{bad", headers={"content-type": "application/json"})
    assert told.status_code == 422
    assert told.json()["error"]["message"].startswith("body: ")


def test_jobs_are_queued_and_cancelled(client):
    told = client.post("/jobs", json={"experiment": "attack", "settings": {"attack": "fgsm", "radii": [0.1]}})
    assert told.status_code == 201
    job = told.json()["id"]
    assert client.get(f"/jobs/{job}").json()["state"] == "queued"
    assert client.post(f"/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/jobs/{job}/resume").json()["state"] == "queued"
    assert client.post(f"/jobs/{job}/resume").status_code == 404
    assert client.get("/jobs/none").status_code == 404
    for name in ("net.py:build", "net.pt2", "timm:resnet18"):
        spec = {"experiment": "audit", "settings": {"victim": {"networks": [name]}}}
        assert client.post("/jobs", json=spec).status_code == 400


def test_a_victim_is_added_as_safetensors_alone(client, desk, tmp_path):
    import pickle

    import torch
    from safetensors.torch import save

    from feint.networks import DigitNetwork

    where = {"name": "mine", "network": "digits", "classes": ",".join("0123456789"), "shape": "1,8,8"}
    torch.save(DigitNetwork().state_dict(), tmp_path / "weights.pt")
    whole = save(DigitNetwork().state_dict())
    infinite = save({name: value * float("nan") for name, value in DigitNetwork().state_dict().items()})
    for content in (b"", pickle.dumps({}), (tmp_path / "weights.pt").read_bytes(), whole[:200], infinite):
        told = client.post("/victims", params=where, content=content)
        assert told.status_code == 400, told.text
    huge = {"classes": ",".join("a" * 15_000), "network": "alexnet", "shape": "3,64,64"}
    for wrong in ({"name": "../x"}, {"network": "net.py:build"}, {"shape": "1,8"}, {"classes": "a,b"}, huge):
        assert client.post("/victims", params={**where, **wrong}, content=whole).status_code == 400
    assert list(desk.victims.glob("*")) == []
    assert client.post("/victims", params=where, content=whole).json() == {"name": "mine"}
    assert client.post("/victims", params=where, content=whole).status_code == 400
    assert client.get("/victims/mine").json()["uploaded"] is True
    assert client.get("/victims").json() == [{"name": "mine", "kind": "classifier", "accuracy": None}]
    assert not list((desk.state / "incoming").glob("*"))
