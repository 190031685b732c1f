"""By class, how accurate and how confident MC dropout is, clean and attacked, and whether one follows from the other.

    feint per-class --victim cnn --rates 0.2,0.25,0.3 --data path/to/mnist
    feint per-class --victim cnn20 --victim cnn30 --data path/to/mnist --attack fgsm --attack lbfgs:radii=2

Beside ordinary accuracy stands the mean softmax of the true class over the passes; confidence is 1 - 2 sd, with the
standard deviation of that softmax over the passes, averaged over the images of the class: 1 where all passes agree.
Victims trained as duq, sngp, due or selective-net predict as they do; where they have a single pass, confidence is
1 - their own uncertainty.
"""

from feint.runs.experiment import Experiment

from .settings import PerClassSettings as PerClassSettings

PER_CLASS = Experiment("per-class", PerClassSettings, __name__)
