"""Training: fit anything Trainable, resumable and the same for the same seed."""

from feint.training.adversarial import AdversarialClassifier as AdversarialClassifier
from feint.training.classifier import Classifier as Classifier
from feint.training.fit import Perturb as Perturb
from feint.training.fit import fit as fit
from feint.training.history import Epoch as Epoch
from feint.training.history import History as History
from feint.training.randomness import seeded as seeded
from feint.training.recipe import Recipe as Recipe

__all__ = ["AdversarialClassifier", "Classifier", "Epoch", "History", "Perturb", "Recipe", "fit", "seeded"]
