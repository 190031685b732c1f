"""What the tour shows, computed while it is read: on the embedded digits, by small networks trained on the spot."""

from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from feint import data, metrics
from feint.estimators import DeepEnsemble, Softmax, predict
from feint.experiments.pictures import before_and_after
from feint.keyed import uniforms
from feint.predictive import Categorical
from feint.reports import charts
from feint.reports.images import png
from feint.reports.report import Figure
from feint.threats.ready import attacked, ready
from feint.threats.settings import ThreatWord
from feint.victims.loading.embedded import trained_digit_network
from feint.victims.victim import Victim, measure

from .pictures import channels_last
from .warm import Warm

BATCH: Final = 100
SEEDS: Final = (0, 1, 2)
"""Of the networks that make the ensemble of the first station."""
NAMES: Final = ("predictive_entropy", "expected_entropy", "mutual_information", "max_probability")


def doubt(kept: Warm, share: float, noise: float) -> dict[str, Any]:
    """A blend of two digits, or one in noise, as three networks see it: which doubt is in the image, which in them.

    Args:
        kept: what is loaded.
        share: of the second digit.
        noise: how much of the image is noise, 0 to 1.
    """
    first, second = _digit(3), _digit(2)
    random = uniforms(torch.zeros(1, dtype=torch.int64), 64, seed=5).float().reshape(1, 1, 8, 8)
    image = (1 - noise) * ((1 - share) * first + share * second) + noise * random
    found = predict(_ensemble(kept), image, batch_size=1)
    names = [str(digit) for digit in range(10)]
    draws = found.log_probs[:, 0].double().exp()
    groups = [(f"network {at + 1}", [float(each) for each in draw]) for at, draw in enumerate(draws)]
    shades = charts.SERIES[: len(groups)]
    figure = charts.bars("doubt", "Probabilities", names, groups, shades, axis="probability (%)", times=100)
    values = {name: float(measure(name)(found)[0]) for name in NAMES}
    return {"png": png(channels_last(image[0]), largest=64), "figure": figure, "measures": values}


def ranking(kept: Warm, radius: float) -> dict[str, Any]:
    """The risk-coverage curves of the embedded network, clean and attacked by ACE at a radius, on all test digits."""
    victim, batch = _victim(kept), _test(kept)
    images, labels, samples = batch.inputs, batch.targets, batch.samples
    own, clean = _clean(kept)
    curves = [_curve(None, clean, labels)]
    kept_labels = 1.0
    if radius > 0:
        threat = ready(ThreatWord(name="ace"), victim, kept.machine, batch_size=BATCH)
        (found,) = attacked(threat, images, labels, samples, own, [radius], seed=0)
        after = predict(victim.estimator(), found.inputs, samples, batch_size=BATCH)
        curves.append(_curve(radius, after, labels))
        kept_labels = float((after.prediction == own).double().mean())
    wrong = clean.prediction != labels
    ends = [curve(wrong).risk.numpy() for curve in (metrics.best_risk_coverage, metrics.worst_risk_coverage)]
    figure: Figure = charts.risk_coverage(curves, *ends)
    return {"figure": figure, "aurc": [curve.aurc for curve in curves], "kept": kept_labels}


def moved(kept: Warm, word: str, index: int, radius: float) -> dict[str, Any]:
    """One digit attacked: what was added, and confidence before and after, also after rounding to 8 bits."""
    return _moved(kept, word, _digit(index), _label(kept, index), radius)


def foreign(kept: Warm, seed: int, radius: float) -> dict[str, Any]:
    """An image of nothing but noise, moved until the network is sure of it: an attack from outside of the data."""
    noise = uniforms(torch.tensor([seed]), 64, seed=11).float().reshape(1, 1, 8, 8)
    return _moved(kept, "iterative-ace:goal=overconfidence", noise, None, radius)


def _moved(kept: Warm, word: str, image: Tensor, label: int | None, radius: float) -> dict[str, Any]:
    victim = _victim(kept)
    samples = torch.zeros(1, dtype=torch.int64)
    before = predict(victim.estimator(), image, samples, batch_size=1)
    own = before.prediction
    inputs = image
    if radius > 0:
        threat = ready(ThreatWord.of(word), victim, kept.machine, batch_size=1)
        labels = own if label is None else torch.tensor([label])
        (found,) = attacked(threat, image, labels, samples, own, [radius], seed=0)
        inputs = found.inputs
    after = predict(victim.estimator(), inputs, samples, batch_size=1)
    rounded = predict(victim.estimator(), (inputs * 255).round() / 255, samples, batch_size=1)
    pictures, labels_ = before_and_after(channels_last(image[0]), channels_last(inputs[0]))
    said = [_said(each) for each in (before, after, rounded)]
    return {"pictures": [png(each, largest=64) for each in pictures], "labels": labels_, "said": said}


def _said(found: Categorical) -> tuple[str, float]:
    return str(int(found.prediction[0])), float(found.mean_log_probs[0].exp().max())


def _curve(radius: float | None, found: Categorical, labels: Tensor) -> charts.Curve:
    uncertain, wrong = measure("max_probability")(found), found.prediction != labels
    curve = metrics.risk_coverage(uncertain, wrong)
    aurc = metrics.aurc(uncertain, wrong)
    return charts.Curve(radius, np.asarray(curve.coverage), np.asarray(curve.risk), aurc)


def _victim(kept: Warm) -> Victim:
    return kept.seat({}).victim


def _test(kept: Warm) -> Any:
    def made() -> Any:
        found = data.load("digits", split="test")
        return found.only(range(len(found)))

    return kept.other("tour test", made)


def _clean(kept: Warm) -> tuple[Tensor, Categorical]:
    def made() -> Any:
        batch = _test(kept)
        found = predict(_victim(kept).estimator(), batch.inputs, batch.samples, batch_size=BATCH)
        return found.prediction, found

    return kept.other("tour clean", made)


def _digit(index: int) -> Float[Tensor, " 1 1 8 8"]:
    return data.load("digits", split="test").only([index]).inputs


def _label(kept: Warm, index: int) -> int:
    return int(_test(kept).targets[index])


def _ensemble(kept: Warm) -> Any:
    """Networks that differ in nothing but their seed."""

    def made() -> Any:
        with kept.machine.steady():
            return DeepEnsemble([Softmax(trained_digit_network(seed=seed, progress=False)) for seed in SEEDS])

    return kept.other("tour ensemble", made)
