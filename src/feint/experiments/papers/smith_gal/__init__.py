"""Table 1 of Smith & Gal 2018: which uncertainty of a classifier of cats and dogs sees an attack.

    feint reproduce smith-gal-table-1 --data cats_dogs --features model.py:features

A pretrained network's features stay as they are; dropout of 0.5 and a linear layer are trained on top. FGSM, BIM and
MIM (L-inf, 5/255 and 10/255) attack the deterministic and the MC dropout network, each for itself, from their own
predictions. ``as-released`` repeats what the authors' script does to its negatives and to attacked images (its bounds);
``corrected`` has neither.

Reference: Smith & Gal 2018, "Understanding Measures of Uncertainty for Adversarial Example Detection", table 1.
"""

from feint.runs.experiment import Experiment

from .settings import SmithGalSettings as SmithGalSettings

SMITH_GAL = Experiment("smith-gal-table-1", SmithGalSettings, __name__)
