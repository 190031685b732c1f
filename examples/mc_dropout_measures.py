"""Everything that MC dropout says about an input, one measure a line.

python mc_dropout_measures.py
"""

import torch
from torch import nn

from feint import MCDropout, measures
from feint.data import load

torch.manual_seed(0)
network = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10))
images, _, samples = load("digits").gather(range(3))
with torch.no_grad():
    categorical = MCDropout(network, draws=30, seed=0)(images, samples)

for measure in (
    measures.max_probability,
    measures.predictive_entropy,
    measures.expected_entropy,
    measures.mutual_information,
    measures.softmax_variance,
    measures.variation_ratio,
):
    print(measure.__name__, *(f"{value:.4f}" for value in measure(categorical)))
