"""The work: mutual information and both approximations to it, of every image of every data set, for every victim."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np
import pyarrow as pa
from torch import Tensor

from feint import measures
from feint.errors import SpecError
from feint.estimators import predict
from feint.runs.machine import Machine
from feint.runs.run import Run
from feint.runs.work import Found, Piece, Stage, Work
from feint.victims.data import load_data
from feint.victims.doubts import check_alone, doubts_of
from feint.victims.victim import Victim, load_victim, resolved
from feint.victims.walk import Walk

from .approximations import APPROXIMATIONS, FACTORS, drawn_together
from .settings import SpreadSettings

BATCHES = 5
"""Of a part."""
SCHEMA = pa.schema(
    [
        *(pa.field(name, pa.int16(), nullable=False) for name in ("victim", "data")),
        *(pa.field(name, pa.int64(), nullable=False) for name in ("sample", "label", "prediction")),
        *(pa.field(name, pa.float64(), nullable=False) for name in ("information", *APPROXIMATIONS)),
        *(
            pa.field(f"{name}/{factor:g}", pa.float64(), nullable=False)
            for factor in FACTORS
            for name in APPROXIMATIONS
        ),
    ]
)
"""An image a row: positions of victim and data set, nats, and ratios to mutual information as draws come together."""


def prepare(settings: SpreadSettings, machine: Machine) -> Work:
    """Compare both approximations of mutual information with it, image by image.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    settings = settings.but(foreign=settings.filled)
    sets = [load_data(data, machine) for data in (settings.data, *settings.foreign)]
    for dataset in sets[1:]:
        if dataset.shape != sets[0].shape:
            raise SpecError(f"data: expected images of {sets[0].shape} in {dataset.name} too, got {dataset.shape}")
    settings = settings.but(victims=tuple(resolved(victim, machine) for victim in settings.victims))
    settings = machine.settled(settings, sets[0].shape, len(sets[0]))
    victims = [load_victim(victim, sets[0], machine, seed=settings.seed) for victim in settings.victims]
    for victim in victims:
        check_alone(victim)
        victim.check_measure("mutual_information")
    spread = Spread(settings, victims, [Walk(dataset, settings.size, len(victims), BATCHES) for dataset in sets])
    return Work(
        settings,
        identity={
            "images": [dataset.fingerprint() for dataset in sets],
            "weights": [victim.identity() for victim in victims],
        },
        about={
            "data": [dataset.name for dataset in sets],
            "images": sum(map(len, sets)),
            "shape": list(sets[0].shape),
            "victims": [victim.name for victim in victims],
            "outputs": [len(victim.classes) for victim in victims],
            "warnings": doubts_of(victims, sets[0]),
        },
        stages=[Stage("spread", spread.pieces, spread.compute, {"spread": SCHEMA}, cut=spread.walks[0].cut)],
    )


@final
@dataclass(frozen=True, eq=False)
class Spread:
    """How each piece is computed.

    Attributes:
        settings: what is compared, resolved.
        victims: whose draws.
        walks: the sets of images, in parts.
    """

    settings: SpreadSettings
    victims: Sequence[Victim]
    walks: Sequence[Walk]

    @property
    def pieces(self) -> list[Piece]:
        """Data set after data set, part after part; ``at`` is the set's position, and what its walk says."""
        return [
            Piece(f"{at:03d}-{piece.name}", piece.size, (at, *piece.at))
            for at, walk in enumerate(self.walks)
            for piece in walk.pieces
        ]

    def compute(self, piece: Piece, earlier: Run, scratch: Path) -> Found:
        """What one victim's draws say of a part of one set."""
        which, *place = piece.at
        batch, skipped = self.walks[which].read(replace(piece, at=tuple(place)))
        victim = self.victims[place[0]]
        images, samples = batch.inputs.to(victim.device), batch.samples.to(victim.device)
        found = predict(victim.estimator(), images, samples, batch_size=self.settings.size)
        columns: dict[str, Tensor] = {"information": measures.mutual_information(found)}
        columns |= {name: approximation(found) for name, approximation in APPROXIMATIONS.items()}
        for factor in FACTORS:
            closer = drawn_together(found, factor)
            information = measures.mutual_information(closer)
            for name, approximation in APPROXIMATIONS.items():
                columns[f"{name}/{factor:g}"] = approximation(closer) / information
        keys = {"victim": np.full(len(samples), place[0]), "data": np.full(len(samples), which)}
        keys |= {"sample": batch.samples.numpy(), "label": batch.targets.numpy()}
        values = {**keys, "prediction": found.prediction.cpu().numpy()} | {
            name: each.cpu().numpy() for name, each in columns.items()
        }
        arrays: list[Any] = [
            pa.array(values[name]).cast(kind) for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True)
        ]
        return Found({"spread": pa.Table.from_arrays(arrays, schema=SCHEMA)}, skipped=skipped)
