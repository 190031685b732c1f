"""Cards of trained victims: found by name, and what is wrong with them in one line."""

import json

import pytest

from feint.errors import SpecError, StoreError
from feint.victims.cards import read_card, read_victim

CARD = {
    "name": "one",
    "network": {"name": "lenet", "classes": 10},
    "members": ["member-0.safetensors", "member-1.safetensors"],
    "victim": {"estimator": {"name": "mc-dropout", "draws": 4}, "average": "logit"},
    "classes": ["cat", "dog"],
}


@pytest.fixture
def root(tmp_path):
    for name, card in {"one": CARD, "vae": {"kind": "autoencoder"}}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(json.dumps(card))
    return tmp_path


def test_a_card_is_a_victim(root):
    found = read_victim(root, "one")
    assert [str(word.weights) for word in found.networks] == [str(root / "one" / name) for name in CARD["members"]]
    assert {word.name for word in found.networks} == {"lenet"}
    assert found.networks[0].settings == {"classes": 10}
    assert found.estimator is not None
    assert found.classes == ("cat", "dog")
    assert (found.name, found.average, found.estimator.plain()) == ("one", "logit", CARD["victim"]["estimator"])


def test_names_that_are_none(root, tmp_path):
    with pytest.raises(SpecError, match=r"victim: expected one in .*, got 'two'; there are one$"):
        read_victim(root, "two")
    with pytest.raises(SpecError, match=r"there are one, vae$"):
        read_card(root, "two")
    with pytest.raises(SpecError, match="expected a classifier, got the autoencoder 'vae'"):
        read_victim(root, "vae")
    with pytest.raises(SpecError, match=r"there are none \(feint train makes some\)"):
        read_victim(tmp_path / "nowhere", "one")
    for name in ("x" * 5000, "a\0b"):  # that no file can have
        with pytest.raises(SpecError, match="victim: expected one in"):
            read_victim(root, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        "[" * 5000,
        "9" * 5000,
        '{"network": "lenet"}',
        json.dumps({**CARD, "victim": {"estimator": "none such"}}),
    ],
)
def test_cards_that_are_none(root, text):
    (root / "one" / "card.json").write_text(text)
    with pytest.raises(StoreError, match=r"card\.json (cannot be read|is no card of a victim): ") as caught:
        read_victim(root, "one")
    assert "\n" not in str(caught.value)
