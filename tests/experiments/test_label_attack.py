"""What an attack on labels sees of a stochastic victim, and what it is told."""

import pytest
import torch
from feint.experiments.label_attack import LabelAttackSpec, attack_labels, clean_prediction
from feint.experiments.machine import steady
from feint.experiments.spec import VictimSpec
from feint.experiments.victim import Victim
from torch import nn

from feint.estimators import MCDropout
from feint.experiments import label_attack as module

SPECS = {
    "bim": (LabelAttackSpec(kind="bim", steps=3, draws="fresh"), 0.2),
    "pgd": (LabelAttackSpec(kind="pgd", steps=3, restarts=2, draws="fresh"), 0.2),
    "cw": (LabelAttackSpec(kind="cw", steps=8, step=0.2, draws="fresh"), 20.0),
    "lbfgs": (LabelAttackSpec(kind="lbfgs", steps=2, draws="fresh"), 20.0),
    "iaa": (LabelAttackSpec(kind="iaa", steps=12, draws="fresh"), 4.0),
}


def victim(masks: str = "shared", members: int = 1) -> Victim:
    networks = []
    for seed in range(members):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = (nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
            networks.append(nn.Sequential(*layers))
    return Victim(VictimSpec(estimator="mc-dropout", draws=5, masks=masks), networks, 3, 0, (1, 8, 8), "cpu")


def case(someone: Victim, count: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    inputs = torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    samples = 100 + torch.arange(count)
    return inputs, samples, clean_prediction(someone, inputs, samples, 4).prediction


@pytest.mark.parametrize("kind", SPECS)
def test_fresh_draws_never_come_again(kind, monkeypatch: pytest.MonkeyPatch):
    someone, (spec, radius) = victim(members=2), SPECS[kind]
    inputs, samples, own = case(someone)
    seen, sizes, forward = dict[int, list[int]](), set[int](), MCDropout.forward

    def watched(self, inputs, samples=None):
        assert self.masks == "independent"
        # The masks of an input are a function of the estimator's seed and of this key, and of nothing else.
        keys = samples.unique().tolist()  # a batch is padded with an input that is in it
        seen.setdefault(self.seed, []).extend(keys)
        sizes.add(len(keys))
        return forward(self, inputs, samples)

    monkeypatch.setattr(MCDropout, "forward", watched)
    attack_labels(spec, someone, inputs, samples, own, (radius,), 4)
    assert len(seen) == 2  # each member has draws of its own
    for keys in seen.values():
        assert len(keys) >= 3 * len(inputs)
        assert len(set(keys)) == len(keys)
        assert {key % module.TIMES for key in keys} == set(samples.tolist())
    if kind in ("cw", "lbfgs", "iaa"):  # or nothing would be shown: inputs drop out
        assert len(sizes) > 1


@pytest.mark.parametrize("kind", SPECS)
def test_fresh_draws_do_not_depend_on_company(kind):
    someone, (spec, radius) = victim("independent" if kind == "pgd" else "shared"), SPECS[kind]
    inputs, samples, own = case(someone)

    def attacked(rows: list[int], radii: tuple[float, ...] = (radius,)) -> torch.Tensor:
        return attack_labels(spec, someone, inputs[rows], samples[rows], own[rows], radii, 4)[-1].inputs

    with steady(1):
        every = attacked(list(range(8)))
        assert torch.equal(every, attacked(list(range(8))))
        for rows in ([0, 1, 2, 3], [6, 1]):
            assert torch.equal(every[rows], attacked(rows))
        assert torch.equal(every, attacked(list(range(8)), (radius / 2, radius)))  # nor on the other radii
        fixed = attack_labels(spec.model_copy(update={"draws": "fixed"}), someone, inputs, samples, own, (radius,), 4)[
            0
        ].inputs
    assert not torch.equal(every, fixed)
