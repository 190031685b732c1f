"""Which foreign inputs are shown: those whose confidence an attack raised most."""

from typing import Final

import numpy as np

from feint.runs.run import Run
from feint.runs.work import Array
from feint.victims.records import MEASURE

SHOWN: Final = 6
"""Inputs in the gallery, of each victim and set of foreign images."""
DOUBT: Final = f"{MEASURE}max_probability"


def risen(run: Run, victim: int, data: int, attack: str, radius: float) -> dict[str, Array]:
    """The samples whose confidence rose most, with their confidences and predictions before and after.

    Args:
        run: whose records are read.
        victim: its position.
        data: the position of the foreign images.
        attack: what it is called.
        radius: of the attack.
    """
    names, where = ["sample", "prediction", DOUBT], {"victim": victim, "judge": victim, "data": data}
    clean = run.table("records").read(names, **where, attack="")
    moved = run.table("records").read(names, **where, attack=attack, radius=radius)
    before, after = (1 - each.column(DOUBT).to_numpy() for each in (clean, moved))
    samples = clean.column("sample").to_numpy()
    chosen = np.lexsort((samples, before - after))[:SHOWN]
    return {
        "sample": samples[chosen],
        "before": before[chosen],
        "after": after[chosen],
        "clean_prediction": clean.column("prediction").to_numpy()[chosen],
        "prediction": moved.column("prediction").to_numpy()[chosen],
    }
