"""The tables of the paper on attacking out-domain uncertainty, on the data at hand.

    feint reproduce out-domain-mnist --data path/to/mnist --foreign path/to/notmnist
    feint reproduce out-domain-mnist --data path/to/mnist --foreign path/to/notmnist --quick
    feint reproduce out-domain-cifar --data path/to/cifar10 --foreign path/to/svhn --recipe paper --device cuda

Victims are trained, each by a run in a folder of its own, and attacked, each likewise: foreign images to be accepted,
in-domain images to be rejected. Whatever is trained already is taken by --victim, which goes by its card; weights stay
in the folder of victims. The paper's figures stand beside ours.

Reference: Zeng et al. 2022, "On Attacking Out-Domain Uncertainty Estimation in Deep Neural Networks" (IJCAI).
"""

from feint.runs.experiment import Experiment

from .settings import CifarSettings, MnistSettings

MNIST = Experiment("out-domain-mnist", MnistSettings, __name__, trains=True)
CIFAR = Experiment("out-domain-cifar", CifarSettings, __name__, trains=True)
