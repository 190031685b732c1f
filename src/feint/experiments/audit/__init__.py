"""Attack a classifier's confidence without changing a label, and report what that does to it.

Without arguments it trains a small network on scikit-learn's handwritten digits and audits that. For a network of your
own, name a Python file and a function in it that takes no arguments and returns a torch.nn.Module, which maps images in
[0, 1] to logits:

    feint audit --data photos.npz --network model.py:build:weights=model.safetensors --radii 5e-4,5e-3

A radius is the largest change of a pixel, in units of the full range [0, 1]: 5e-3 is about one grey level of 255.
"""

from feint.runs.experiment import Experiment

from .settings import AuditSettings as AuditSettings

AUDIT = Experiment("audit", AuditSettings, __name__)
