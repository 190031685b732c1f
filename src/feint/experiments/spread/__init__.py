"""Compare softmax variance with mutual information, image by image.

    feint spread --victim cnn --data path/to/mnist --foreign path/to/notmnist

The sum over classes of the variance over draws is what is left of mutual information where the logarithm is expanded
about 1 (Smith and Gal, 2018); half the sum of variance / mean is what it tends to where the draws lie close together.
"""

from feint.runs.experiment import Experiment

from .settings import SpreadSettings as SpreadSettings

SPREAD = Experiment("spread", SpreadSettings, __name__)
