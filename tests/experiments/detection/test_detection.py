"""Detectors of attacks: noise, records, scores and who faces whom."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from torch import nn

from feint import catalog, data, metrics
from feint.attacks import L2
from feint.data import Batch
from feint.errors import SpecError
from feint.experiments.detection import scores as module
from feint.experiments.detection.noise import gaussian_noise, released_clipping, released_noise
from feint.experiments.detection.part import Detection, Faced
from feint.experiments.detection.records import CLIPPED_ONLY, SCHEMA, Records
from feint.experiments.detection.released import released_entropy, released_mutual_information
from feint.experiments.detection.report import headline
from feint.experiments.detection.scores import Duel, attack_entry, detection_scores, duel
from feint.experiments.detection.settings import DetectSettings
from feint.experiments.detection.work import compared
from feint.measures import mutual_information, predictive_entropy
from feint.predictive import Categorical
from feint.runs.machine import Machine
from feint.threats.ready import ready
from feint.threats.settings import ThreatWord
from feint.victims.settings import VictimSettings
from feint.victims.victim import Victim
from feint.victims.walk import Walk

MACHINE = Machine("cpu", 1)


def victim(channels: int = 1) -> Victim:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = (nn.Flatten(), nn.Linear(64 * channels, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
        network = nn.Sequential(*layers)
    told = VictimSettings.parse({"name": "v", "networks": "in-memory", "estimator": "softmax"})
    return Victim(told, lambda: [network], ("a", "b", "c"), 0, (channels, 8, 8), "cpu")


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
    walk = Walk(data.load(str(tmp_path / "some.npz")), 4)
    batch = Batch(inputs, samples % 3, samples)
    someone = victim(channels=3)
    faced = Faced(someone, [ready(ThreatWord.of("bim:radii=0.1,steps=4"), someone, MACHINE, batch_size=4)])
    records: dict[bool, pa.Table] = {}
    for both in (False, True):

        def watched(work, victim, originals, inputs, samples, columns, both=both):
            seen[both, columns["kind"]] = inputs
            return judged(work, victim, originals, inputs, samples, columns)

        monkeypatch.setattr(Detection, "_judged", watched)
        noises = ("noise", "grey") if both else ("noise",)
        records[both] = Detection([faced], walk, noises, 1, 0, 4, "cpu").records(0, batch)
    assert records[True].schema == SCHEMA
    for kind in ("clean", "attacked", "noise"):
        assert torch.equal(seen[False, kind], seen[True, kind])
    attacked, clipped = seen[True, "attacked"], seen[True, "clipped"]
    assert bool((clipped >= BOX[0] - 1e-6).all() & (clipped <= BOX[1] + 1e-6).all())
    assert not bool((attacked >= BOX[0] - 1e-6).all() & (attacked <= BOX[1] + 1e-6).all())
    torch.testing.assert_close(clipped, attacked.clamp(*BOX), atol=1e-6, rtol=0)
    torch.testing.assert_close(seen[True, CLIPPED_ONLY], inputs.clamp(*BOX), atol=1e-6, rtol=0)
    for noise, kind in (("noise", "attacked"), ("grey", "clipped")):
        entry = attack_entry(Records(records[True]), "bim", 0.1, noise)
        assert entry["l2"] == pytest.approx(float(L2().size(seen[True, kind] - inputs).mean()), rel=1e-5)
        found = duel(Records(records[True]), "bim", 0.1, "predictive_entropy", noise, changed=False)
        assert (len(found.scores), int(found.positives.sum())) == (18, 6)
        rows = records[True].filter(pc.equal(records[True]["kind"], kind))
        column = ("released:" if noise == "grey" else "measure:") + "predictive_entropy"
        assert found.scores[found.positives].tolist() == rows[column].to_pylist()


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
    scores = torch.tensor([0.1, 0.4, 0.4, 0.8, 0.3, 0.4]).double()
    positives = torch.tensor([False, False, True, True, False, True])
    one = torch.zeros(6, dtype=torch.long)  # one image: always itself
    drawn = module._resampled(Duel(scores, positives, one), 2, 0)
    expected = [metric(scores, positives) for metric in (metrics.auroc, metrics.aupr, metrics.fpr_at_tpr)]
    torch.testing.assert_close(drawn, torch.tensor([expected] * 2).double())


@pytest.mark.parametrize(
    ("count", "attacked", "steps"),
    [(7, [1, 4], 4), (20, range(20), 64)],  # of 20 positives, 19 are 95 % to the last bit
)
def test_resamples_are_the_metrics_of_what_was_drawn(count, attacked, steps):
    """Images of which some were attacked and all have noise, drawn as the seed says, rows repeated."""
    generator = torch.Generator().manual_seed(3)
    noisy = count if count == 20 else 2 * count
    images = torch.cat([torch.arange(noisy) % count, torch.tensor([*attacked])])
    positives = torch.arange(len(images)) >= noisy
    scores = (steps * torch.rand(len(images), generator=generator)).round().double() / steps
    drawn = module._resampled(Duel(scores, positives, images), 30, 11)
    again, expected = torch.Generator().manual_seed(11), []
    while len(expected) < 30:
        times = torch.bincount(torch.randint(count, (count,), generator=again), minlength=count)[images]
        if times[positives].sum() == 0:
            continue
        some, which = scores.repeat_interleave(times), positives.repeat_interleave(times)
        expected.append([metric(some, which) for metric in (metrics.auroc, metrics.aupr)])
        expected[-1].append(metrics.fpr_at_tpr(some, which, 0.95))
    torch.testing.assert_close(drawn, torch.tensor(expected).double())


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
    records = Records(table)
    assert records.attacks == [("bim", 0.1), ("mim", 0.1)]
    every = duel(records, "bim", 0.1, "margin", "noise", changed=False)
    assert every.scores.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert every.images.tolist() == [0, 1, 0, 1, 0, 1]
    changed = duel(records, "bim", 0.1, "margin", "noise", changed=True)
    assert changed.scores[changed.positives].tolist() == [0.6]
    assert duel(records, "bim", 0.1, "native", "noise", changed=False) is None
    assert duel(records, "bim", 0.2, "margin", "noise", changed=False) is None


def test_of_several_repeats_the_first_is_scored_and_all_are_counted():
    """Two images and three repeats, which change no label, one, and both."""
    kinds = ["clean", "noise", "attacked"]
    rows = [
        {
            "kind": kind, "attack": "" if kind == "clean" else "bim", "radius": 0.0 if kind == "clean" else 0.1,
            "repeat": repeat, "sample": sample, "label": 0, "clean_prediction": 0,
            "prediction": int(kind == "attacked" and sample + 1 < repeat),
            "linf": 0.01 * repeat, "l2": float(repeat + sample), "measure:margin": 0.1 * repeat + sample,
        }
        for repeat in (3, 2, 1) for kind in kinds for sample in (0, 1)
    ]  # fmt: skip
    for row in rows:
        if row["kind"] == "clean":
            row["prediction"] = int(row["sample"] == 1 and row["repeat"] == 3)
    records = Records(pa.Table.from_pylist(rows))
    found = duel(records, "bim", 0.1, "margin", "noise", changed=False)
    assert found.scores.tolist() == pytest.approx([0.1, 1.1] * 3)
    assert found.positives.tolist() == [False] * 4 + [True] * 2
    assert duel(records, "bim", 0.1, "margin", "noise", changed=True) is None  # the first draws change no label
    entry = attack_entry(records, "bim", 0.1, "noise")
    assert entry == pytest.approx(
        {"attack": "bim", "radius": 0.1, "changed": 0.5, "accuracy": 0.5, "linf": 0.02, "l2": 2.5}
    )
    assert module.clean_entry(records) == pytest.approx({"images": 2, "accuracy": 5 / 6, "changed": 1 / 6})


def test_means_are_by_kind_attack_and_radius_and_of_the_measures_that_there_are():
    """Numbers of which none stands twice; the victim has no uncertainty of its own."""
    wheres = [("clean", "", 0.0), ("attacked", "bim", 0.1), ("attacked", "bim", 0.2), ("noise", "bim", 0.1)]
    rows = [
        {
            "kind": kind, "attack": attack, "radius": radius, "repeat": repeat, "l2": float(10 * at + repeat),
            **{f"measure:{name}": 100.0 * at + 10 * repeat + which for which, name in enumerate(catalog.MEASURES)},
            "measure:native": None,
        }
        for repeat in (1, 2, 6) for at, (kind, attack, radius) in enumerate(wheres)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    table = table.set_column(table.column_names.index("measure:native"), "measure:native", pa.nulls(12, pa.float64()))
    for at, (found, where) in enumerate(zip(module.mean_measures(Records(table)), wheres, strict=True)):
        expected = dict(zip(("kind", "attack", "radius"), where, strict=True)) | {"l2": pytest.approx(10 * at + 3)}
        names = [name for name in catalog.MEASURES if name != "native"]
        for which, name in enumerate(catalog.MEASURES):
            if name in names:
                expected[name] = pytest.approx(100 * at + 30 + which)
        assert found == expected


def test_a_headline_says_one_thing_once():
    easy, hard = (
        {"attack": name, "changed": 0.5, "successful": {"max_probability": {"auroc": [0, at, 1]}}}
        for name, at in (("fgsm", 0.9), ("bim", 0.6))
    )
    once = headline([{"name": "v", "attacks": [easy]}])
    best = "Of inputs whose label changed: at best 1 − max. probability reaches an AUROC of 0.900 on fgsm against v"
    assert once == f"{best}."
    both = headline([{"name": "v", "attacks": [easy, hard]}])
    hardest = "1 − max. probability, reaches an AUROC of 0.600 on bim against v"
    assert both == f"{best}; where it is hardest, the best detector, {hardest}."


def test_compared():
    one = VictimSettings.parse({"networks": "a"})
    several = {"networks": ["a", "b", "c"], "estimator": "mc-dropout:draws=7,masks=independent"}
    assert [each.name for each in compared(one, MACHINE)] == ["deterministic", "MC dropout"]
    four = compared(VictimSettings.parse(several), MACHINE)
    assert [(each.estimator.name, len(each.networks)) for each in four] == [
        ("softmax", 1),
        ("mc-dropout", 1),
        ("softmax", 3),
        ("mc-dropout", 3),
    ]
    # Draws that are said are taken; else the paper's. Other settings of the victim's dropout stay.
    assert four[1].estimator.settings == {"draws": 7, "masks": "independent", "outputs": "logits"}
    assert compared(one, MACHINE)[1].estimator.settings["draws"] == 20
    with pytest.raises(SpecError, match="compare: expected a victim with networks"):
        compared(VictimSettings(), MACHINE)


def test_victims_and_attackers_are_told_apart():
    with pytest.raises(SpecError, match="each victim once"):
        DetectSettings.parse({"victims": [{"networks": "a"}, {"networks": "a"}]})
    with pytest.raises(SpecError, match="compare: expected one victim, got 2"):
        DetectSettings.parse({"victims": ["a", "b"], "compare": True})
    with pytest.raises(SpecError, match="attacks: expected each attack once at a radius, or as=NAME, got fgsm, fgsm"):
        DetectSettings.parse({"attacks": ["fgsm", "fgsm"]})
    names = DetectSettings.parse({"attacks": ["bim", "bim:as=long,steps=40", "mim:radii=0.1", "mim:radii=0.2"]})
    assert [word.title for word in names.attacks] == ["bim", "long", "mim", "mim"]
    assert [word.title for word in DetectSettings().attacks] == ["fgsm", "bim", "mim", "adaptive", "ace"]
