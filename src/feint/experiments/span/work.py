"""The work of spans: every part of the data moved to either end of its confidence, at all radii."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import torch
from torch import Tensor

from feint.attacks import Attack, span
from feint.attacks.confidence.objectives import keeps_label
from feint.errors import SpecError
from feint.estimators import predict
from feint.measures import label_doubt
from feint.predictive import Categorical
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Found, Piece, Stage, Work
from feint.threats.settings import in_words
from feint.threats.things import budget, build, check_gradient, code_of, completed
from feint.victims.data import load_data, matched
from feint.victims.doubts import check_alone, doubts
from feint.victims.numbers import numbers
from feint.victims.victim import Victim, load_victim, resolved
from feint.victims.walk import Walk

from .records import SCHEMA, span_table
from .settings import SpanSettings


def prepare(settings: SpanSettings, machine: Machine) -> Work:
    """What finding spans will do.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    dataset = load_data(settings.data, machine)
    settings = settings.but(victim=resolved(settings.victim, machine))
    dataset = matched(dataset, [settings.victim])
    settings = machine.settled(settings, dataset.shape, len(dataset))
    victim = load_victim(settings.victim, dataset, machine, seed=settings.seed)
    check_alone(victim)
    word = settings.attack
    attack = build(word, seed=settings.seed)
    if not attack.takes_condition:
        raise SpecError(f"attack: expected one that can keep a label, got {word.name}")
    for name in ("goal", "measure", "evade", "called"):
        if getattr(word, name):
            raise SpecError(f"{word.name}.{name}: expected none, for a span has both ends, got {getattr(word, name)}")
    if word.arithmetic != "exact":
        raise SpecError(f"{word.name}.arithmetic: expected exact, for a span has both ends, got {word.arithmetic}")
    radii = tuple(sorted(word.radii or settings.radii))
    for radius in radii:
        budget(attack, radius)
    check_gradient(attack, victim)
    settings = settings.but(attack=completed(word.but(radii=radii), seed=settings.seed), radii=radii)
    walk = Walk(dataset, settings.size)
    return Work(
        settings=settings,
        identity={"images": dataset.fingerprint(), "weights": victim.identity(), "code": code_of(word)},
        about={
            "data": dataset.name,
            "shape": list(dataset.shape),
            "attack": f"{in_words(settings.attack)}, to either end",
            "classes": list(victim.classes),
            "victim": victim.name,
            "stochastic": victim.stochastic,
            "warnings": doubts(victim, dataset),
        },
        stages=[
            Stage("span", walk.pieces, _computing(settings, victim, walk, attack), {"records": SCHEMA}, cut=walk.cut)
        ],
    )


def _computing(
    settings: SpanSettings, victim: Victim, walk: Walk, attack: Attack
) -> Callable[[Piece, Run, Path], Found]:
    def compute(piece: Piece, earlier: Run, scratch: Path) -> Found:
        batch, skipped = walk.read(piece)
        victim.check_labels(batch)
        estimator, size = victim.estimator(), walk.batch_size
        images, samples = batch.inputs.to(victim.device), batch.samples.to(victim.device)
        own = numbers(predict(estimator, images, samples, batch_size=size), samples).prediction

        def predicted(inputs: Tensor, rows: Tensor) -> Categorical:
            return estimator(inputs, samples[rows])

        def doubt(inputs: Tensor, rows: Tensor) -> Tensor:
            return label_doubt(predicted(inputs, rows), own[rows])

        fixed = {"sample": batch.samples, "label": batch.targets, "prediction": own}
        low = high = gradients = queries = still = None
        tables: list[pa.Table] = []
        for radius in settings.radii:
            kept = keeps_label(predicted, own)
            found = span(doubt, images, budget(attack, radius), kept, attack=attack, batch_size=size)
            # What a smaller radius reaches lies within this one too.
            low = found.low if low is None else torch.minimum(low, found.low)
            high = found.high if high is None else torch.maximum(high, found.high)
            spent = found.gradients * len(victim.members)  # a gradient passes through every member
            gradients = spent if gradients is None else gradients + spent
            still = found.directionless if still is None else still & found.directionless
            queries = found.queries if queries is None else queries + found.queries
            # Confidence is one minus doubt, so the ends change places.
            ends = {"clean": 1 - found.clean, "low": 1 - high, "high": 1 - low}
            columns = {**fixed, **ends, "gradients": gradients, "queries": queries}
            columns["directionless"] = still
            tables.append(span_table({name: column.cpu().numpy() for name, column in columns.items()}, radius))
        return Found({"records": pa.concat_tables(tables)}, skipped=skipped)

    return compute
