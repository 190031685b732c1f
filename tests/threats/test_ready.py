"""From words to threats: on labels or on confidence, and what each does to a victim."""

import pytest
import torch
from torch import nn

from feint.errors import SpecError
from feint.estimators import MCDropout
from feint.measures import mutual_information
from feint.predictive import Categorical
from feint.runs.machine import Machine
from feint.threats.confidence import ConfidenceThreat
from feint.threats.labels import LabelThreat, clean_prediction
from feint.threats.ready import attacked, on_confidence, ready
from feint.threats.settings import ThreatWord
from feint.victims.settings import VictimSettings
from feint.victims.victim import Victim

MACHINE = Machine("cpu", 1)


def victim(estimator: str = "softmax", members: int = 1, average: str = "probability") -> Victim:
    networks = []
    for seed in range(members):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = (nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
            networks.append(nn.Sequential(*layers))
    told = VictimSettings.parse({"name": "v", "estimator": estimator, "average": average})
    return Victim(told, lambda: networks, ("a", "b", "c"), 0, (1, 8, 8), "cpu")


def images(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(count)


def case(word: str, someone: Victim, count: int, size: int):
    """A threat, images, samples and the victim's own predictions."""
    inputs, samples = images(count)
    threat = ready(ThreatWord.of(word), someone, MACHINE, batch_size=size)
    return threat, inputs, samples, clean_prediction(someone, inputs, samples, size).prediction


def test_where_an_attack_is_at_home_or_what_its_goal_says():
    for word, confidence in {
        "fgsm": False,
        "cw": False,
        "ace": True,
        "iterative-ace": True,
        "pgd:goal=overconfidence": True,
        "fgsm:goal=labels": False,
    }.items():
        assert on_confidence(ThreatWord.of(word)) is confidence
        kind = ConfidenceThreat if confidence else LabelThreat
        assert isinstance(ready(ThreatWord.of(word), victim(), MACHINE, batch_size=4), kind)
    with pytest.raises(SpecError, match="goal: expected one that looks at an input by itself, got reverse"):
        ready(ThreatWord.of("ace:goal=reverse"), victim(), MACHINE, batch_size=4)


def test_an_attack_on_confidence_keeps_labels_and_one_on_labels_does_not():
    someone = victim()
    labels = torch.zeros(12, dtype=torch.long)
    for word, changed in (("ace", False), ("bim", True)):
        threat, inputs, samples, own = case(word, someone, 12, 4)
        for result in attacked(threat, inputs, labels, samples, own, (0.1, 0.3), seed=0):
            after = clean_prediction(someone, result.inputs, samples, 4).prediction
            assert bool((after != own).any()) is changed


@pytest.mark.parametrize("name", ["fgsm", "bim:steps=4", "pgd:steps=4", "mim:steps=4", "cw:steps=20", "lbfgs:steps=5"])
@pytest.mark.parametrize("target", [None, 1])
def test_every_attack_runs_and_stays_inside(name, target):
    someone = victim()
    word = name if target is None else f"{name}{',' if ':' in name else ':'}target={target}"
    threat, inputs, samples, own = case(word, someone, 6, 4)
    radii = (0.1, 0.3) if not name.startswith(("cw", "lbfgs")) else (2.0, 20.0)
    results = attacked(threat, inputs, own, samples, own, radii, seed=0)
    for radius, result in zip(radii, results, strict=True):
        assert result.inputs.shape == inputs.shape
        assert result.inputs.min() >= 0
        assert result.inputs.max() <= 1
        assert float(result.radius.max()) <= radius + 1e-5
    if name.startswith(("cw", "lbfgs")):
        after = clean_prediction(someone, results[-1].inputs, samples, 4).prediction
        won = after != own if target is None else after == target
        assert torch.equal(won, results[-1].feasible)


def test_what_auto_evades():
    evaded = {
        ("softmax", 1, "probability"): "predictive_entropy",
        ("mc-dropout:draws=4", 1, "probability"): "mutual_information",
        ("softmax", 2, "probability"): "mutual_information",
        ("softmax", 2, "logit"): "predictive_entropy",
    }
    for (estimator, members, average), measure in evaded.items():
        threat = ready(ThreatWord.of("bim:evade=auto"), victim(estimator, members, average), MACHINE, batch_size=4)
        assert threat.word.evade == measure


def test_the_adaptive_attacker_keeps_the_measure_lower():
    someone = victim("mc-dropout:draws=10")
    found: list[Categorical] = []
    for word in ("bim:steps=10,step=0.05", "bim:steps=10,step=0.05,evade=mutual_information"):
        threat, inputs, samples, own = case(word, someone, 24, 24)
        (result,) = attacked(threat, inputs, own, samples, own, (0.2,), seed=0)
        found.append(clean_prediction(someone, result.inputs, samples, 24))
    assert mutual_information(found[1]).log().mean() < mutual_information(found[0]).log().mean()


def test_the_adaptive_attacker_asks_once(monkeypatch):
    someone = victim("mc-dropout:draws=4")
    threat, inputs, samples, own = case("bim:steps=3,draws=fresh,evade=mutual_information", someone, 6, 6)
    calls: list[int] = []
    forward = MCDropout.forward
    monkeypatch.setattr(MCDropout, "forward", lambda self, *given: (calls.append(1), forward(self, *given))[1])
    (found,) = attacked(threat, inputs, own, samples, own, (0.2,), seed=0)
    assert len(calls) == 3  # margin and measure of each step are of the same draws
    assert found.gradients.tolist() == [3] * 6


def test_how_far_steps_reach_together():
    someone = victim()
    for reach, step in (("reach=2.5", "step=0.125"), ("reach=1", "step=0.05")):
        found = []
        for own_step in (reach, step):
            threat, inputs, samples, own = case(f"bim:steps=4,{own_step}", someone, 6, 6)
            found.append(attacked(threat, inputs, own, samples, own, (0.2,), seed=0)[0].inputs)
        assert torch.equal(*found)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("fgsm:steps=3", "fgsm: expected settings"),
        ("bim:weight=0.3", "weight: expected it with evade"),
        ("lbfgs:step=0.1", "lbfgs: expected settings"),
        ("bim:restarts=2", "bim: expected settings"),
        ("bim:decay=0.5", "bim: expected settings"),
        ("bim:reach=0", "reach: expected a finite number above 0, got 0"),
        ("cw:evade=margin", "evade: expected an attack that raises what it is given, got cw"),
        ("bim:evade=wit", "evade: expected one of"),
        ("bim:target=3", "target: expected a label from 0 to 2, got 3"),
    ],
)
def test_settings_that_make_no_sense(word, message):
    with pytest.raises(SpecError, match=message):
        ready(ThreatWord.of(word), victim(), MACHINE, batch_size=4)
