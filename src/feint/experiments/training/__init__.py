"""Train a victim: a network or an ensemble with a card, which other commands take by its name.

    feint train lenet --network lenet --data path/to/mnist
    feint audit --victim lenet --data path/to/mnist --radii 0.005,0.05,0.1

The weights of the lowest loss on a validation share of the training images are kept; the accuracy on the card is
measured on the test images, which nothing else looks at. An interrupted training goes on with the same command.
"""

from feint.runs.experiment import Experiment

from .settings import TrainingSettings as TrainingSettings

TRAINING = Experiment("train", TrainingSettings, __name__, trains=True)
