"""Detectors of attacks: noise, records, scores and the attackers."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from torch import nn

from feint import data, metrics
from feint.attacks import L2
from feint.data import Batch
from feint.errors import SpecError
from feint.estimators import MCDropout
from feint.experiments.detect import DetectSpec, compared, threats_to
from feint.experiments.detection_part import CLIPPED_ONLY, Detection, Threat
from feint.experiments.detection_report import thinned
from feint.experiments.detection_scores import Duel, attack_entry, detection_scores, duel
from feint.experiments.label_attack import LabelAttackSpec, attack_labels, check_label_attack, clean_prediction
from feint.experiments.noise import gaussian_noise, released_clipping, released_noise
from feint.experiments.released import released_entropy, released_mutual_information
from feint.experiments.spec import NetworkSpec, VictimSpec
from feint.experiments.victim import Victim
from feint.measures import mutual_information, predictive_entropy
from feint.predictive import Categorical


def victim(estimator: str = "softmax", draws: int = 5, members: int = 1, channels: int = 1) -> Victim:
    networks = []
    for seed in range(members):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = (nn.Flatten(), nn.Linear(64 * channels, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
            networks.append(nn.Sequential(*layers))
    return Victim(VictimSpec(name="v", estimator=estimator, draws=draws), networks, 3, 0, (channels, 8, 8), "cpu")


def images(count: int = 12, channels: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.rand(count, channels, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(count)


def test_noise_is_as_long_as_asked_after_clipping_and_keyed_by_sample():
    inputs, samples = images()
    inputs = (2 * inputs - 0.7).clamp(0, 1)  # many pixels at the bounds, where clipping shortens most
    lengths = torch.linspace(0, 2, 12)
    noisy = gaussian_noise(inputs, lengths, samples, seed=3)
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    torch.testing.assert_close(L2().size(noisy - inputs), lengths, atol=1e-3, rtol=1e-3)
    assert torch.equal(noisy[0], inputs[0])
    alone = gaussian_noise(inputs[5:7], lengths[5:7], samples[5:7], seed=3)
    torch.testing.assert_close(alone, noisy[5:7], atol=1e-6, rtol=0)
    assert not torch.equal(gaussian_noise(inputs, lengths, samples, seed=4)[5], noisy[5])


def test_the_released_noise_is_flat_grey():
    inputs = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    noisy = released_noise(inputs, torch.ones(3), torch.arange(3), seed=0)
    assert float((noisy.amax(dim=(2, 3)) - noisy.amin(dim=(2, 3))).max()) <= 1 / 255 + 1e-6
    torch.testing.assert_close(noisy.mean(dim=(0, 2, 3)), torch.tensor([0.487, 0.46, 0.41]), atol=0.01, rtol=0)


BOX = torch.tensor([[19.741, 12.84, 0.0], [255.0, 248.099, 235.259]]).reshape(2, 3, 1, 1) / 255
"""By channel, of red, green and blue: mean - 103.939 and mean + 131.32."""


def test_the_released_bounds():
    inputs = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    clipped = released_clipping(inputs)
    torch.testing.assert_close(clipped, inputs.clamp(*BOX), atol=1e-6, rtol=0)
    assert not torch.equal(clipped, inputs)


def test_as_released_attacks_lie_in_the_bounds_and_corrected_ones_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    judged = Detection._judged
    seen: dict[tuple[bool, str], torch.Tensor] = {}
    inputs, samples = images(6, channels=3)
    np.savez(tmp_path / "some.npz", images=inputs.permute(0, 2, 3, 1).numpy(), labels=(samples % 3).numpy())
    dataset = data.load(str(tmp_path / "some.npz"))
    batch = Batch(inputs, samples % 3, samples)
    someone = victim(channels=3)
    bim = Threat(name="bim", radius=0.1, attack=LabelAttackSpec(kind="bim", steps=4))
    records: dict[bool, pa.Table] = {}
    for both in (False, True):

        def watched(work, victim, originals, inputs, samples, columns, both=both):
            seen[both, columns["kind"]] = inputs
            return judged(work, victim, originals, inputs, samples, columns)

        monkeypatch.setattr(Detection, "_judged", watched)
        noises = ("noise", "grey") if both else ("noise",)
        records[both] = Detection([someone], [[bim]], dataset, noises, 1, 0, 4, "cpu").records(0, batch)
    for kind in ("clean", "attacked", "noise"):
        assert torch.equal(seen[False, kind], seen[True, kind])
    attacked, clipped = seen[True, "attacked"], seen[True, "clipped"]
    assert bool((clipped >= BOX[0] - 1e-6).all() & (clipped <= BOX[1] + 1e-6).all())
    assert not bool((attacked >= BOX[0] - 1e-6).all() & (attacked <= BOX[1] + 1e-6).all())
    torch.testing.assert_close(clipped, attacked.clamp(*BOX), atol=1e-6, rtol=0)
    torch.testing.assert_close(seen[True, CLIPPED_ONLY], inputs.clamp(*BOX), atol=1e-6, rtol=0)
    for noise, kind in (("noise", "attacked"), ("grey", "clipped")):
        entry = attack_entry(records[True], "bim", 0.1, noise)
        assert entry["l2"] == pytest.approx(float(L2().size(seen[True, kind] - inputs).mean()), rel=1e-5)
        found = duel(records[True], "bim", 0.1, "predictive_entropy", noise, changed=False)
        assert (len(found.scores), int(found.positives.sum())) == (18, 6)
        rows = records[True].filter(pc.equal(records[True]["kind"], kind))
        column = ("released:" if noise == "grey" else "measure:") + "predictive_entropy"
        assert found.scores[found.positives].tolist() == rows[column].to_pylist()


@pytest.mark.parametrize("share", [0.001, 0.3])
def test_a_thinned_curve_is_drawn_as_the_whole_one(share):
    generator = torch.Generator().manual_seed(0)
    positives = torch.rand(20_000, generator=generator) < share
    scores = torch.randn(20_000, generator=generator).double() + positives
    pr, roc = metrics.precision_recall(scores, positives), metrics.roc(scores, positives)
    for across, up in (
        (pr.recall.numpy(), pr.precision.numpy()),
        (roc.false_positive_rate.numpy(), roc.true_positive_rate.numpy()),
    ):
        kept = thinned(across, up)
        assert len(kept) <= 4 * 201
        assert (kept[0], kept[-1]) == (0, len(up) - 1)
        for column in np.unique(np.floor(across * 200)):
            whole, drawn = (up[at][np.floor(across[at] * 200) == column] for at in (np.arange(len(up)), kept))
            assert (whole.min(), whole.max()) == (drawn.min(), drawn.max())
        steps = np.flatnonzero(np.diff(np.floor(across * 200)))
        assert set(steps) | set(steps + 1) <= set(kept)


def test_released_measures_agree_with_ours_where_nothing_is_sure():
    categorical = Categorical.from_logits(torch.randn(4, 20, 3, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(released_entropy(categorical), predictive_entropy(categorical), atol=1e-5, rtol=0)
    found = released_mutual_information(categorical)
    torch.testing.assert_close(found, mutual_information(categorical), atol=1e-5, rtol=0)
    sure = Categorical.from_logits(torch.tensor([[[60.0, 0.0]], [[50.0, 0.0]]]))
    assert released_mutual_information(sure).item() == 0
    assert mutual_information(sure).item() > 0


def test_scores_are_the_metrics_and_intervals_hold_them():
    generator = torch.Generator().manual_seed(0)
    count = 60
    positives = torch.arange(2 * count) >= count
    scores = (torch.randn(2 * count, generator=generator) + positives.double()).round(decimals=1).double()
    rows = torch.arange(count).repeat(2)
    found = detection_scores(Duel(scores, positives, rows), 100, 0)
    expected = {"auroc": metrics.auroc, "aupr": metrics.aupr, "fpr95": metrics.fpr_at_tpr}
    for name, metric in expected.items():
        low, middle, high = found[name]
        assert middle == metric(scores, positives)
        assert low <= middle <= high
        assert low < high
    assert detection_scores(Duel(scores, positives, rows), 0, 0)["auroc"] == [found["auroc"][1]] * 3


def test_resamples_are_counted_as_the_metrics_count():
    """With every image drawn once, the fast count is the metric itself."""
    from feint.experiments import detection_scores as module

    scores = torch.tensor([0.1, 0.4, 0.4, 0.8, 0.3, 0.4]).double()
    positives = torch.tensor([False, False, True, True, False, True])
    drawn = module._resampled(
        Duel(scores, positives, torch.zeros(6, dtype=torch.long)), 2, 0
    )  # one image: always itself
    expected = [metric(scores, positives) for metric in (metrics.auroc, metrics.aupr, metrics.fpr_at_tpr)]
    torch.testing.assert_close(drawn, torch.tensor([expected] * 2).double())


def test_a_duel_takes_the_right_rows():
    table = pa.table(
        {
            "kind": ["clean", "clean", "noise", "noise", "attacked", "attacked", "attacked"],
            "attack": ["", "", "bim", "bim", "bim", "bim", "mim"],
            "radius": [0.0, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1],
            "repeat": [1] * 7,
            "sample": [3, 5, 3, 5, 3, 5, 3],
            "prediction": [0, 0, 0, 0, 0, 1, 1],
            "clean_prediction": [0] * 7,
            "measure:margin": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
            "measure:native": pa.array([None] * 7, pa.float64()),
        }
    )
    every = duel(table, "bim", 0.1, "margin", "noise", changed=False)
    assert every.scores.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert every.images.tolist() == [0, 1, 0, 1, 0, 1]
    changed = duel(table, "bim", 0.1, "margin", "noise", changed=True)
    assert changed.scores[changed.positives].tolist() == [0.6]
    assert duel(table, "bim", 0.1, "native", "noise", changed=False) is None
    assert duel(table, "bim", 0.2, "margin", "noise", changed=False) is None


@pytest.mark.parametrize("kind", ["fgsm", "bim", "pgd", "mim", "cw", "lbfgs", "iaa"])
@pytest.mark.parametrize("target", [None, 1])
def test_every_attack_runs_and_stays_inside(kind, target):
    inputs, samples = images(6)
    someone = victim()
    own = clean_prediction(someone, inputs, samples, 4).prediction
    steps = {"fgsm": None, "cw": 20, "lbfgs": 5}.get(kind, 4)
    spec = LabelAttackSpec(kind=kind, steps=steps, target=target)
    radii = (0.1, 0.3) if kind not in ("cw", "lbfgs", "iaa") else (2.0, 20.0)
    results = attack_labels(spec, someone, inputs, samples, own, radii, 4)
    for radius, result in zip(radii, results, strict=True):
        assert result.inputs.shape == inputs.shape
        assert result.inputs.min() >= 0
        assert result.inputs.max() <= 1
        assert float(result.radius.max()) <= radius + 1e-5
    if kind in ("cw", "lbfgs"):
        after = clean_prediction(someone, results[-1].inputs, samples, 4).prediction
        won = after != own if target is None else after == target
        assert torch.equal(won, results[-1].feasible)


def test_fresh_draws_differ_by_step_and_not_by_company():
    inputs, samples = images(8)
    someone = victim("mc-dropout")
    own = clean_prediction(someone, inputs, samples, 4).prediction
    fixed, fresh = (LabelAttackSpec(kind="bim", steps=3, draws=draws) for draws in ("fixed", "fresh"))
    first = attack_labels(fresh, someone, inputs, samples, own, (0.2,), 4)[0].inputs
    assert torch.equal(first, attack_labels(fresh, someone, inputs, samples, own, (0.2,), 4)[0].inputs)
    assert torch.equal(first[:4], attack_labels(fresh, someone, inputs[:4], samples[:4], own[:4], (0.2,), 4)[0].inputs)
    assert not torch.equal(first, attack_labels(fixed, someone, inputs, samples, own, (0.2,), 4)[0].inputs)


def test_the_adaptive_attacker_keeps_the_measure_lower():
    inputs, samples = images(24)
    someone = victim("mc-dropout", draws=10)
    own = clean_prediction(someone, inputs, samples, 24).prediction
    plain = LabelAttackSpec(kind="bim", steps=10, step=0.05)
    adaptive = plain.model_copy(update={"evade": "mutual_information"})
    found = [
        clean_prediction(someone, attack_labels(spec, someone, inputs, samples, own, (0.2,), 24)[0].inputs, samples, 24)
        for spec in (plain, adaptive)
    ]
    assert mutual_information(found[1]).log().mean() < mutual_information(found[0]).log().mean()


def test_the_adaptive_attacker_asks_once(monkeypatch):
    inputs, samples = images(6)
    someone = victim("mc-dropout", draws=4)
    own = clean_prediction(someone, inputs, samples, 6).prediction
    calls: list[int] = []
    forward = MCDropout.forward
    monkeypatch.setattr(MCDropout, "forward", lambda self, *given: (calls.append(1), forward(self, *given))[1])
    spec = LabelAttackSpec(kind="bim", steps=3, draws="fresh", evade="mutual_information")
    (found,) = attack_labels(spec, someone, inputs, samples, own, (0.2,), 6)
    assert len(calls) == 3  # margin and measure of each step are of the same draws
    assert found.gradients.tolist() == [3] * 6


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"kind": "fgsm", "steps": 3}, "steps"),
        ({"kind": "bim", "weight": 0.3}, "weight"),
        ({"kind": "lbfgs", "step": 0.1}, "step"),
        ({"kind": "bim", "restarts": 2}, "restarts"),
        ({"kind": "bim", "decay": 0.5}, "decay"),
        ({"kind": "cw", "evade": "margin"}, "evade"),
        ({"kind": "bim", "evade": "wit"}, "evade"),
        ({"kind": "bim", "target": 3}, "target"),
    ],
)
def test_settings_that_make_no_sense(values, word):
    with pytest.raises(SpecError, match=word):
        check_label_attack(LabelAttackSpec(**values), 3)


def test_compared_and_their_attackers():
    one = VictimSpec(networks=(NetworkSpec(name="a"),))
    three = VictimSpec(networks=tuple(NetworkSpec(name=name) for name in "abc"), estimator="mc-dropout", draws=7)
    assert [each.name for each in compared(one)] == ["deterministic", "MC dropout"]
    four = compared(three, 20)
    assert [(each.estimator, len(each.networks)) for each in four] == [
        ("softmax", 1),
        ("mc-dropout", 1),
        ("softmax", 3),
        ("mc-dropout", 3),
    ]
    assert four[1].draws == 20
    spec = DetectSpec(victims=tuple(four), radii=(0.1, 0.2))
    evaded = [
        next(each.attack.evade for each in threats_to(spec, someone) if each.name == "adaptive") for someone in four
    ]
    assert evaded == ["predictive_entropy", *["mutual_information"] * 3]
    assert len(threats_to(spec, four[0])) == 10
    with pytest.raises(SpecError, match="compare"):
        compared(VictimSpec())
    with pytest.raises(SpecError, match="each victim once"):
        DetectSpec.parse({"victims": [one, one]})
    with pytest.raises(SpecError, match="attacks"):
        DetectSpec.parse({"victims": [one], "attacks": ["fgsm", "fgsm"]})
