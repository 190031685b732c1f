"""Use the attack directly: any callables will do, and a grid of radii shares one gradient.

python ace_by_hand.py
"""

import torch
from torch import nn

from feint import ACE, Budget, Softmax, metrics
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label
from feint.data import load
from feint.measures import label_doubt, max_probability

torch.manual_seed(0)
classifier = Softmax(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)))  # yours would be trained
images, labels, _ = load("digits").gather(range(40))
own = classifier(images).prediction

results = ACE().grid(
    disrupt_confidence(lambda inputs, rows: label_doubt(classifier(inputs), own[rows]), own == labels),
    images,
    [Budget(radius) for radius in (0.01, 0.03, 0.1)],
    keeps_label(lambda inputs, rows: classifier(inputs), own),
)
with torch.no_grad():
    print("clean", metrics.aurc(max_probability(classifier(images)), own != labels))
    for result in results:
        prediction = classifier(result.inputs)
        assert torch.equal(prediction.prediction, own)
        print(f"{result.radius.max():.2f}", metrics.aurc(max_probability(prediction), own != labels))
