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
