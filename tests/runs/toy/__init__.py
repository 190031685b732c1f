"""An experiment without networks or images: pieces of arithmetic, what follows from them, and a summary."""

from feint.runs.experiment import Experiment
from feint.runs.settings import RunSettings


class ToySettings(RunSettings):
    """What is drawn.

    Attributes:
        rows: of each piece.
        pieces: how many.
    """

    rows: int = 3
    pieces: int = 3


TOY = Experiment("toy", ToySettings, __name__)
calls: list[str] = []
"""What was computed, in order; tests empty it."""
