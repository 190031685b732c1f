"""An experiment of arithmetic whose workers have accidents: which, its settings say."""

from typing import Literal

from feint.runs.experiment import Experiment
from feint.runs.settings import RunSettings


class FaultySettings(RunSettings):
    """What goes wrong.

    Attributes:
        folder: where it is noted who computed what, and which accidents there have been.
        fault: which, in a worker alone; the driver has none.
        driver: the driver's process.
        pieces: how many.
        rows: of each.
        seconds: that a piece takes.
    """

    folder: str
    fault: Literal["none", "killed", "doomed", "hungry", "memory", "raises", "refuses", "others"] = "none"
    driver: int = 0
    pieces: int = 4
    rows: int = 8
    seconds: float = 0.0


FAULTY = Experiment("faulty", FaultySettings, __name__)
