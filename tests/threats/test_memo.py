"""The memo: the same bits as without it, and nothing asked twice."""

import pytest
import torch
from torch import nn

from feint.estimators import MCDropout, Softmax, predict
from feint.predictive import Categorical
from feint.runs.machine import Machine
from feint.threats import memo as module
from feint.threats.confidence import ConfidenceThreat
from feint.threats.memo import Memo
from feint.threats.settings import Knowledge, ThreatWord
from feint.victims.settings import VictimSettings
from feint.victims.victim import Victim, resolved

MACHINE, SIZE, COUNT = Machine("cpu", 1), 4, 10


class Counting(nn.Module):
    """A network that counts the images that it was shown."""

    def __init__(self, dropout: float = 0.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.layers = nn.Sequential(
                nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3)
            )
        self.shown = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.shown += len(images)
        return 4 * self.layers(images - 0.5)


def images(count: int = COUNT) -> torch.Tensor:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def memo_of(network: nn.Module) -> Memo:
    return Memo(Softmax(network.eval()), torch.arange(COUNT), SIZE)


def test_what_is_known_is_not_asked_again():
    network, inputs = Counting(), images()
    memo = memo_of(network)
    first = memo.predict(inputs)
    assert network.shown == 12  # two batches of four, and one that is padded
    assert torch.equal(first.log_probs, predict(Softmax(network), inputs, batch_size=SIZE).log_probs)
    network.shown = 0
    assert torch.equal(memo.predict(inputs).log_probs, first.log_probs)
    rows = torch.tensor([7, 2, 3, 0])
    with torch.no_grad():
        assert torch.equal(memo(inputs[rows], rows).log_probs, first.log_probs[:, rows])
    assert network.shown == 0


def test_one_bit_of_one_pixel_is_another_image_and_so_is_another_place():
    network, inputs = Counting(), images()
    memo = memo_of(network)
    memo.predict(inputs)
    changed = inputs.clone()
    changed[5, 0, 3, 3] = torch.nextafter(changed[5, 0, 3, 3], torch.tensor(2.0))
    network.shown = 0
    found = memo.predict(changed)
    assert network.shown == SIZE  # the one that is new, in a batch of the usual size
    assert torch.equal(found.log_probs[:, 5], predict(Softmax(network), changed[5:6], batch_size=SIZE).log_probs[:, 0])
    network.shown = 0
    memo.predict(inputs.flip(0))  # draws go by place: the same pixels elsewhere are another question
    assert network.shown == 12


def test_gradients_pass():
    network, inputs = Counting(), images(SIZE).requires_grad_()
    memo = memo_of(network)
    rows = torch.arange(SIZE)
    with torch.no_grad():
        memo(inputs, rows)
    found = memo(inputs, rows)
    (slope,) = torch.autograd.grad(found.log_probs.sum(), inputs)
    assert slope.abs().sum() > 0


def test_native_uncertainty_is_kept():
    def native(inputs: torch.Tensor, samples: torch.Tensor | None = None) -> Categorical:
        flat = inputs.flatten(1)
        return Categorical(flat[:, :3].log_softmax(-1)[None], flat[:, 3])

    memo = Memo(native, torch.arange(COUNT), SIZE)
    first, again = memo.predict(images()), memo.predict(images())
    assert torch.equal(first.native, again.native)
    assert torch.equal(first.native, images().flatten(1)[:, 3])


def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch):
    network, inputs = Counting(), images()
    memo = memo_of(network)
    bytes_of_one = memo.predict(inputs[:1]).log_probs.nbytes
    monkeypatch.setattr(module, "ROOM", 3 * bytes_of_one)
    memo.predict(inputs)
    network.shown = 0
    with torch.no_grad():
        memo(inputs[7:], torch.arange(7, 10))
    assert network.shown == 0
    with torch.no_grad():
        memo(inputs[:1], torch.arange(1))
    assert network.shown == 1


def attacked(word: str, estimator: str, dropout: float, *, kept: bool):
    """An attack and its judge as an audit has them: one memo for both, or each asking anew."""
    network = Counting(dropout).eval()
    settings = resolved(VictimSettings.parse({"networks": ["counting"], "estimator": estimator}), MACHINE)
    victim = Victim(settings, lambda: [network], ("a", "b", "c"), 0, (1, 8, 8), "cpu")
    threat = ConfidenceThreat.of(
        ThreatWord.of(word), Knowledge(), victim, MACHINE, ranks=victim.default_measure, batch_size=SIZE
    )
    inputs, samples = images(), torch.arange(COUNT)
    labels = torch.arange(COUNT) % 3
    network.shown = 0
    memo = Memo(victim.estimator(), samples, SIZE)

    def said(points: torch.Tensor) -> torch.Tensor:
        if kept:
            return memo.predict(points).mean_log_probs
        return predict(victim.estimator(), points, samples, batch_size=SIZE).mean_log_probs

    with MACHINE.steady():
        own = said(inputs).argmax(-1)
        (result,) = threat.run(inputs, labels, samples, own, (0.003,), memo=memo if kept else None)
        rounded = (result.inputs * 255).round() / 255
        judged = [said(points) for points in (inputs, result.inputs, rounded)]
    return result, judged, network.shown


@pytest.mark.parametrize("word", ["ace", "iterative-ace:steps=3", "square:queries=5"])
@pytest.mark.parametrize(("estimator", "dropout"), [("softmax", 0.0), ("mc-dropout:draws=3", 0.5)])
def test_an_attack_and_its_judge_come_to_the_same_bits_with_fewer_calls(word, estimator, dropout):
    with_memo, without = (attacked(word, estimator, dropout, kept=kept) for kept in (True, False))
    assert torch.equal(with_memo[0].inputs, without[0].inputs)
    for name in ("accepted", "feasible", "gradients", "queries"):
        assert torch.equal(getattr(with_memo[0], name), getattr(without[0], name))
    for first, second in zip(with_memo[1], without[1], strict=True):
        assert torch.equal(first, second)
    assert with_memo[2] < without[2]


def test_a_victim_that_draws_is_told_apart_by_place():
    network = Counting(dropout=0.5).eval()
    estimator = MCDropout(network, draws=4, seed=0, masks="independent")
    memo = Memo(estimator, 10 + torch.arange(COUNT), SIZE)
    same = images(1).expand(COUNT, -1, -1, -1)
    expected = predict(estimator, same, 10 + torch.arange(COUNT), batch_size=SIZE)
    assert torch.equal(memo.predict(same).log_probs, expected.log_probs)
    assert torch.equal(memo.predict(same).log_probs, expected.log_probs)
    assert not torch.equal(expected.log_probs[:, 0], expected.log_probs[:, 1])
