"""Are foreign images taken for the classifier's own, and its own for foreign, once somebody attacks them?

    feint ood --victim lenet --data path/to/mnist --foreign path/to/notmnist --limit 1000
    feint ood --victim duq --victim sngp --data path/to/mnist --foreign path/to/notmnist --attack bim:goal=accept

Foreign images are moved to look familiar, and in-domain images to look foreign, by ten steps within each radius; what
is lowered or raised is the victim's own loss at the class that it predicts, or a measure that is named. Reject rates,
AUROC, AUPR and FPR95 stand before and after. With --across all victims judge what was found for each of them.

Reference: Zeng et al. 2022, "On Attacking Out-Domain Uncertainty Estimation in Deep Neural Networks".
"""

from feint.runs.experiment import Experiment

from .settings import OodSettings as OodSettings

OOD = Experiment("ood", OodSettings, __name__)
