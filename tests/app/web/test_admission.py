import pytest

from feint.app.web import admission
from feint.errors import FeintError


@pytest.mark.parametrize(
    "word",
    [
        "evil.py:Attack", "pgd:steps=@/etc/passwd", "@secret.yaml", {"name": "pgd", "steps": "@/etc/passwd"},
        "none-such", "pgd:" + "x" * 3000, {"name": "a/b.py:C"},
    ],
)  # fmt: skip
def test_an_attack_is_one_of_the_catalog(word):
    with pytest.raises(FeintError, match="expected"):
        admission.threat(word)


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".hidden", "a\0b", "x" * 200, "net.py/../../y"])
def test_a_victim_is_a_name(name):
    with pytest.raises(FeintError, match="expected letters"):
        admission.victim(name)


@pytest.mark.parametrize(
    ("experiment", "values"),
    [
        ("audit", {"victim": {"networks": ["net.py:build"]}}),
        ("audit", {"victim": {"networks": ["program.pt2"]}}),
        ("audit", {"victim": {"networks": ["timm:resnet18"]}}),
        ("audit", {"victim": {"networks": ["lenet:weights=/tmp/pickle.pt"]}}),
        ("audit", {"victim": "../../somewhere"}),
        ("audit", {"victim": {"card": "a/../../b"}}),
        ("audit", {"data": "torchvision:MNIST"}),
        ("audit", {"attack": "evil.py:Attack"}),
        ("audit", {"attack": {"name": "ace", "search": "@/etc/passwd"}}),
        ("audit", {"knowledge": {"proxies": ["net.py:build"]}}),
        ("audit", {"knowledge": {"truth": "net.pt2"}}),
        ("detect", {"victims": ["ok", "../no"], "attacks": ["fgsm"]}),
        ("train", {"name": "../x", "network": "lenet"}),
        ("train", {"name": "x", "network": "net.py:build"}),
        ("latent", {"autoencoder": "../x", "victims": ["v"]}),
        ("nothing", {}),
    ],
)
def test_settings_name_no_program_no_path_and_nothing_to_download(experiment, values):
    with pytest.raises(FeintError, match="expected"):
        admission.settings(experiment, values)


def test_what_is_of_the_catalog_or_the_store_is_admitted():
    found, settings = admission.settings("audit", {"victim": "cnn", "attack": "ace:search=bisection", "radii": "0.1"})
    assert found.name == "audit"
    assert settings.victim.card == "cnn"
    admission.settings("train", {"name": "x", "network": "lenet", "data": "digits"})
    assert admission.architecture("lenet").name == "lenet"
    with pytest.raises(FeintError, match="network: expected one of"):
        admission.architecture("net.py:build")
    with pytest.raises(FeintError, match="network: expected one of"):
        admission.architecture("lenet:weights=/tmp/x.pt")


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda: admission.threat("none-such"), "attack"),
        (lambda: admission.threat("m.py:Attack"), "attack"),
        (lambda: admission.threat(admission.mapping_of("", "attack")), "attack"),
        (lambda: admission.victim(None, "nothing"), "estimator"),
        (lambda: admission.mapping_of("", "estimator"), "estimator"),
        (lambda: admission.architecture("x:y"), "network"),
        (lambda: admission.settings("audit", {"attack": "m.py:A"}), "attack"),
        (lambda: admission.settings("audit", {"victim": {"networks": ["net.py:build"]}}), "victim"),
        (lambda: admission.settings("detect", {"victims": ["ok"], "attacks": ["m.py:A"]}), "attacks"),
        (lambda: admission.settings("audit", {"knowledge": {"proxies": ["net.py:build"]}}), "knowledge"),
    ],
)
def test_every_refusal_names_the_field(ask, name):
    with pytest.raises(FeintError, match=f"^{name}: expected"):
        ask()


def test_a_job_of_a_victim_that_is_not_there_is_refused_as_the_command_line_does(desk, client):
    told = "victim: expected one in {folder}, got 'nobody'; there are none (feint train makes some)"
    expected = told.format(folder=desk.victims)
    for experiment, values in (
        ("audit", {"victim": "nobody"}),
        ("detect", {"victims": ["nobody"], "attacks": ["fgsm"], "radii": [0.1]}),
        ("ace-softmax", {"victim": "nobody"}),
    ):
        with pytest.raises(FeintError) as refused:
            desk.check(experiment, values)
        assert str(refused.value) == expected
        answer = client.post("/jobs", json={"experiment": experiment, "settings": values})
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, expected)
    assert client.get("/jobs").json() == []
    asked = {"experiment": "train", "name": "nobody", "network": {"name": "digits"}}
    job = desk.jobs.submit(asked)
    desk.check("audit", {"victim": "nobody"})  # which will be there by then
    desk.jobs.cancel(job.id)


def test_messages_name_the_folder_of_victims_as_it_was_said(tmp_path, monkeypatch):
    from pathlib import Path

    from feint.app.web.desk import Desk

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEINT_DATABASE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
    desk = Desk(Path("runs"), Path("mine"))
    with pytest.raises(FeintError, match="victim: expected one in mine, got 'nobody'"):
        desk.check("audit", {"victim": "nobody"})
    desk.close()
