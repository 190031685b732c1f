"""Find from where to where each image's confidence can be moved without changing its predicted label.

Without arguments it trains a small network on scikit-learn's handwritten digits and looks at that:

    feint span --radii 0.01,0.03
    feint span --data photos.npz --network model.py:build:weights=model.safetensors --radii 5e-4 --threshold 0.9

The report shows every image's interval, and how many reach across the threshold below which nothing is answered.
"""

from feint.runs.experiment import Experiment

from .settings import SpanSettings as SpanSettings

SPAN = Experiment("span", SpanSettings, __name__)
