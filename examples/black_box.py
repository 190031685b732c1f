"""Attack a victim that only gives labels: a random forest, which has no gradient, through a network trained beside it.

python black_box.py
"""

import torch
from sklearn.ensemble import RandomForestClassifier
from torch import Tensor, nn

from feint import ACE, Budget, Softmax, metrics
from feint.attacks.confidence.objectives import disrupt_confidence, keeps_label_of
from feint.data import load
from feint.measures import label_doubt
from feint.training import Recipe, fit, seeded

train, test = load("digits", split="train"), load("digits", split="test")
pixels, classes, _ = train.gather(range(len(train)))
images, labels, _ = test.gather(range(300))

forest = RandomForestClassifier(random_state=0).fit(pixels.flatten(1), classes)


def victim(inputs: Tensor) -> Tensor:
    """All that the attacker may ask: inputs -> labels."""
    return torch.as_tensor(forest.predict(inputs.flatten(1)))


with seeded(0):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
fit(network, train, recipe=Recipe(epochs=20, learning_rate=3e-3))
proxy = Softmax(network)

own = victim(images)
results = ACE().grid(
    disrupt_confidence(lambda inputs, rows: label_doubt(proxy(inputs), own[rows]), own == labels),
    images,
    [Budget(radius) for radius in (0.03, 0.1, 0.2)],
    keeps_label_of(victim, own),
)


def aurc(inputs: Tensor) -> float:
    """How well the forest's own confidence, which the attacker never sees, ranks its errors; x 1000."""
    confidence = torch.as_tensor(forest.predict_proba(inputs.flatten(1))).amax(1)
    return 1000 * metrics.aurc(-confidence, own != labels)


print(f"clean: AURC x 1000 {aurc(images):.2f}, accuracy {(own == labels).double().mean():.1%}")
for result in results:
    assert torch.equal(victim(result.inputs), own)
    print(
        f"{result.radius.max():.2f}: {aurc(result.inputs):.2f}, {result.queries.double().mean():.1f} queries an image"
    )
