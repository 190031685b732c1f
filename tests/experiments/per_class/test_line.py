"""The line of confidence over accuracy, and dropout at other rates."""

import pytest

from feint.errors import SpecError
from feint.experiments.per_class.summary import line, titles
from feint.experiments.per_class.work import at_rate
from feint.victims.settings import VictimSettings


def test_a_line_and_a_bend():
    points = [{"mean_softmax": x, "confidence": 0.2 + 0.5 * x} for x in (0.1, 0.4, 0.9)]
    found = line(points)
    assert (found["pearson"], found["r2"], found["slope"], found["height"]) == pytest.approx((1, 1, 0.5, 0.2))
    assert found["rank"] == pytest.approx(1)
    bent = line([{"mean_softmax": x, "confidence": (x - 0.5) ** 2} for x in (0.0, 0.25, 0.5, 0.75, 1.0)])
    assert bent["r2"] == pytest.approx(0, abs=1e-12)
    assert bent["bend"] == pytest.approx(1)
    assert line(points[:2])["r2"] is None


def test_conditions_of_several_radii_have_them_in_their_names():
    pairs = (("clean", 0.0), ("fgsm", 0.1), ("fgsm", 0.25), ("cw", 4.0))
    assert titles([{"condition": name, "radius": radius} for name, radius in pairs]) == [
        "clean",
        "fgsm 0.1",
        "fgsm 0.25",
        "cw",
    ]


def test_the_same_weights_at_another_rate():
    victim = VictimSettings.parse({"name": "cnn", "networks": "cnn-dropout:weights=w.safetensors,classes=7"})
    found = at_rate(victim, 0.3)
    assert found.title == "cnn, dropout 0.3"
    (network,) = found.networks
    assert (network.weights, network.settings["dropout"], network.settings["classes"]) == ("w.safetensors", 0.3, "7")
    with pytest.raises(SpecError, match="rates: expected an architecture with a rate of dropout, got lenet"):
        at_rate(VictimSettings.parse({"networks": "lenet:weights=w.safetensors"}), 0.3)
    with pytest.raises(SpecError, match="rates: expected a victim with networks"):
        at_rate(VictimSettings(), 0.3)
