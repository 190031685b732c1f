"""What an attack on labels sees of a stochastic victim, and what it is told."""

import pytest
import torch
from torch import nn

from feint.errors import SpecError
from feint.estimators import MCDropout
from feint.runs.machine import Machine
from feint.threats import labels as module
from feint.threats.labels import LabelThreat, clean_prediction
from feint.threats.settings import ThreatWord
from feint.victims.settings import VictimSettings
from feint.victims.victim import Victim, resolved

WORDS = {
    "bim": ("bim:steps=3", 0.2),
    "pgd": ("pgd:steps=3,restarts=2", 0.2),
    "cw": ("cw:steps=8,step=0.2", 20.0),
    "lbfgs": ("lbfgs:steps=2,searches=3", 20.0),
    "iaa": ("iaa:rounds=12", 4.0),
}
MACHINE = Machine("cpu", 1)


def victim(masks: str = "shared", members: int = 1) -> Victim:
    networks = []
    for seed in range(members):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = (nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
            networks.append(nn.Sequential(*layers))
    settings = VictimSettings.parse(
        {
            "networks": [f"member-{seed}" for seed in range(members)],
            "estimator": {"name": "mc-dropout", "draws": 5, "masks": masks},
        }
    )
    return Victim(resolved(settings, MACHINE), lambda: networks, ("a", "b", "c"), 0, (1, 8, 8), "cpu")


def threat(word: str, someone: Victim, draws: str = "fresh") -> LabelThreat:
    return LabelThreat.of(ThreatWord.of(word).but(draws=draws), someone, 4)


def case(someone: Victim, count: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    inputs = torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    samples = 100 + torch.arange(count)
    return inputs, samples, clean_prediction(someone, inputs, samples, 4).prediction


@pytest.mark.parametrize("kind", WORDS)
def test_fresh_draws_never_come_again(kind, monkeypatch: pytest.MonkeyPatch):
    someone, (word, radius) = victim(members=2), WORDS[kind]
    inputs, samples, own = case(someone)
    seen, sizes, forward = dict[int, list[int]](), set[int](), MCDropout.forward

    def watched(self, inputs, samples=None):
        assert self.masks == "independent"
        # The masks of an input are a function of the estimator's seed and of this key, and of nothing else.
        keys = samples.unique().tolist()  # a batch is padded with an input that is in it
        seen.setdefault(self.seed, []).extend(keys)
        sizes.add(len(keys))
        return forward(self, inputs, samples)

    ready = threat(word, someone)
    monkeypatch.setattr(MCDropout, "forward", watched)
    ready.run(inputs, samples, own, (radius,))
    assert len(seen) == 2  # each member has draws of its own
    for keys in seen.values():
        assert len(keys) >= 3 * len(inputs)
        assert len(set(keys)) == len(keys)
        assert {key % module.TIMES for key in keys} == set(samples.tolist())
    if kind in ("cw", "lbfgs", "iaa"):  # or nothing would be shown: inputs drop out
        assert len(sizes) > 1


@pytest.mark.parametrize("kind", WORDS)
def test_fresh_draws_do_not_depend_on_company(kind):
    someone, (word, radius) = victim("independent" if kind == "pgd" else "shared"), WORDS[kind]
    inputs, samples, own = case(someone)

    def attacked(rows: list[int], radii: tuple[float, ...] = (radius,)) -> torch.Tensor:
        return threat(word, someone).run(inputs[rows], samples[rows], own[rows], radii)[-1].inputs

    with MACHINE.steady():
        every = attacked(list(range(8)))
        assert torch.equal(every, attacked(list(range(8))))
        for rows in ([0, 1, 2, 3], [6, 1]):
            assert torch.equal(every[rows], attacked(rows))
        assert torch.equal(every, attacked(list(range(8)), (radius / 2, radius)))  # nor on the other radii
        (fixed,) = threat(word, someone, "fixed").run(inputs, samples, own, (radius,))
    assert not torch.equal(every, fixed.inputs)


REFUSED = {
    "bim:target=7": "bim.target: expected a label from 0 to 2, got 7",
    "bim:target=0,1": "bim.target: expected one label, got 0, 1",
    "bim:measure=margin": "bim.measure: expected a goal about confidence, got labels",
    "iaa:evade=auto": "iaa.evade: expected an attack that raises what it is given, got iaa",
    "cw:evade=margin": "cw.evade: expected an attack that raises what it is given, got cw",
    "bim:evade=native": "native",
    "bim:radii=25": "radii: expected at most 1, the full range of a pixel, got 25; 25/255 is 0.098",
    "bim:stepz=3": "bim: expected settings one of .*, got 'stepz'; did you mean 'step",
}


@pytest.mark.parametrize("word", REFUSED)
def test_settings_that_do_not_go_together(word):
    with pytest.raises(SpecError if word != "bim:evade=native" else ValueError, match=REFUSED[word]):
        LabelThreat.of(ThreatWord.of(word), victim(), 4)


def test_the_measure_that_is_evaded_is_what_the_victim_has():
    assert threat("bim:evade=auto", victim()).word.evade == "mutual_information"
    single = victim()
    single = Victim(
        resolved(single.settings.but(estimator="softmax"), MACHINE), single.load, ("a", "b", "c"), 0, (1, 8, 8), "cpu"
    )
    assert threat("bim:evade=auto", single, "fixed").word.evade == "predictive_entropy"
    with pytest.raises(SpecError, match=r"bim\.draws: expected a victim that draws"):
        threat("bim", single)


def test_a_word_is_completed_however_it_was_written():
    words = ("bim:radii=0.1,steps=10", {"name": "bim", "radii": [0.1]}, "bim:radii=0.1,goal=labels")
    found = [LabelThreat.of(ThreatWord.of(word), victim(), 4).word.plain() for word in words]
    assert {**found[0], "goal": 0} == {**found[1], "goal": 0} == {**found[2], "goal": 0}
    assert found[0]["steps"] == 10
