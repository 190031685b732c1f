"""What a card says, and what is said beside it."""

import pytest

from feint.errors import SpecError
from feint.runs.folder import files
from feint.runs.machine import Machine
from feint.victims.settings import VictimSettings
from feint.victims.victim import resolved


@pytest.fixture
def root(tmp_path):
    """One network, "one", and two dropout networks, "two"; weights are not looked at."""
    for name, members, estimator in (("one", 1, {"name": "softmax"}), ("two", 2, {"name": "mc-dropout", "draws": 4})):
        (tmp_path / name).mkdir()
        card = {
            "name": name,
            "network": {"name": "digits"},
            "members": [f"member-{at}.safetensors" for at in range(members)],
            "victim": {"estimator": estimator, "average": "probability"},
            "classes": [str(label) for label in range(10)],
            "shape": [1, 8, 8],
        }
        files.write_bytes(tmp_path / name / "card.json", files.canonical(card).encode())
    return tmp_path


def read(root, text):
    return resolved(VictimSettings.model_validate(text), Machine("cpu", 1, victims=root))


def test_settings_alone_are_of_the_estimator_on_the_card(root):
    found = read(root, "two:estimator.draws=7")
    assert found.estimator == read(root, "two:estimator=mc-dropout,estimator.draws=7").estimator
    assert found.estimator.settings["draws"] == 7
    assert read(root, "two").estimator.settings["draws"] == 4
    with pytest.raises(SpecError, match="softmax"):
        read(root, "one:estimator.draws=7")


def test_what_is_resolved_is_resolved_again_to_the_same(root):
    for text in ("one", "two", "two:average=logit"):
        found = read(root, text)
        assert resolved(VictimSettings.parse(found.plain()), Machine("cpu", 1, victims=root)) == found


def test_a_single_network_has_no_average(root):
    assert read(root, "one").average is None
    assert read(root, "two").average == "probability"
    with pytest.raises(SpecError, match="average: expected several networks, got 1"):
        read(root, "one:average=logit")
