"""Data, networks, estimators and victims as values: however they are written, and what does not go together."""

import pytest

from feint.errors import SpecError
from feint.victims.settings import (
    AS_ON_CARD,
    AutoencoderSettings,
    DataSettings,
    EstimatorWord,
    NetworkWord,
    VictimSettings,
)


def test_data_however_they_are_written():
    expected = DataSettings(source="a.npz", split="train", first=3)
    assert DataSettings.model_validate("a.npz:split=train,first=3") == expected
    assert DataSettings.model_validate({"name": "a.npz", "split": "train", "first": "3"}) == expected
    assert DataSettings.parse(expected.plain()) == expected
    assert DataSettings.model_validate("torchvision:MNIST").source == "torchvision:MNIST"


def test_victims_however_they_are_written():
    one = VictimSettings.parse({"networks": "m.py:f:weights=a.pt", "estimator": "mc-dropout:draws=20"})
    assert one.networks == (NetworkWord(name="m.py:f", weights="a.pt"),)
    told = {"networks": [{"name": "m.py:f", "weights": "a.pt"}], "estimator": {"name": "mc-dropout", "draws": "20"}}
    assert VictimSettings.parse(told) == one
    assert VictimSettings.parse(one.plain()) == one
    assert VictimSettings.model_validate("lenet:average=logit") == VictimSettings(card="lenet", average="logit")
    short = VictimSettings.model_validate("lenet:estimator.draws=20")
    assert short.estimator == EstimatorWord(name=AS_ON_CARD, settings={"draws": "20"})
    assert AutoencoderSettings.model_validate("vae") == AutoencoderSettings(name="vae")


def test_titles():
    assert VictimSettings().title == "the embedded digit network"
    assert VictimSettings(card="lenet").title == "lenet"
    assert VictimSettings.parse({"networks": ["m.py:f"]}).title == "m.py:f"
    assert VictimSettings.parse({"networks": ["m.py:f", "m.py:g"]}).title == "ensemble of m.py:f, m.py:g"
    assert VictimSettings.parse({"networks": ["m.py:f"], "name": "mine"}).title == "mine"
    assert NetworkWord(name="path/m.py:f").short == "f"


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (DataSettings, {"limit": 1, "first": 1}, "first: expected either limit or first, got both"),
        (DataSettings, {"resize": 0}, "resize: expected greater than 0, got 0"),
        (DataSettings, {"on_error": "stop"}, "on-error: expected 'raise' or 'skip', got 'stop'"),
        (DataSettings, {"slpit": "train"}, "did you mean 'split'?"),
        (VictimSettings, {"card": "a", "networks": ["b"]}, "victim: expected either --victim or --network, got both"),
        (VictimSettings, {"estimator": "mc-dropot"}, "did you mean 'mc-dropout'?"),
        (VictimSettings, {"average": "mean"}, "average: expected 'probability' or 'logit', got 'mean'"),
        (VictimSettings, {"networks": [{"weights": "a"}]}, "networks: expected a name, or a mapping with one, got"),
        (VictimSettings, {"estimator": {"draws": 3}}, "estimator: expected a name, or a mapping with one, got draws"),
    ],
)
def test_what_does_not_go_together(kind, values, message):
    with pytest.raises(SpecError) as caught:
        kind.parse(values)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
