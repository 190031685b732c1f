"""What the paper has, and what is not repeated of it."""

from typing import Literal

from feint.experiments.detection.records import GREY, Noise
from feint.experiments.detection.settings import Protocol

NOISE: dict[Protocol, Noise] = {"corrected": "noise", "as-released": GREY}
GREY_LEVEL = 255
STEPS = 10
RADII = {5: 0.5, 10: 1.2}
"""Of 255: the radius, and the step of the iterated attacks."""
DETERMINISTIC, MC = "deterministic", "MC dropout"

Score = Literal["deterministic entropy", "MC entropy", "MC mutual information"]
DETECTORS: dict[Score, tuple[str, str]] = {
    "deterministic entropy": (DETERMINISTIC, "predictive_entropy"),
    "MC entropy": (MC, "predictive_entropy"),
    "MC mutual information": (MC, "mutual_information"),
}
"""Whose measure each detector of the table is."""
TABLE: dict[Score, dict[int, dict[str, float]]] = {
    "deterministic entropy": {
        5: {"bim": 0.32, "fgsm": 0.44, "mim": 0.35},
        10: {"bim": 0.30, "fgsm": 0.50, "mim": 0.35},
    },
    "MC entropy": {5: {"bim": 0.07, "fgsm": 0.43, "mim": 0.05}, 10: {"bim": 0.07, "fgsm": 0.48, "mim": 0.05}},
    "MC mutual information": {
        5: {"bim": 0.73, "fgsm": 0.56, "mim": 0.66},
        10: {"bim": 0.71, "fgsm": 0.53, "mim": 0.66},
    },
}
"""AUC of table 1, by detector, radius of 255, and attack (the paper calls FGSM the FGM)."""

DIFFERENCES = (
    "as-released repeats the released script's noise, the bounds that it clips attacked images to, and its measures. "
    "Not repeated: its features are a ResNet-50's and its images Asirra's, here they are those named on the command "
    "line; it draws the images that it attacks, leaves clean and adds noise to apart from each other, here they are "
    "the same; it gives the bounds to its attacks, here they run inside [0, 1] and the images that they end with are "
    "clipped; its successful attacks end at a wrong label, here at another than the clean image's; its MC network "
    "draws anew at every step of an attack, here it keeps its draws"
)
