"""Does any measure of uncertainty see an attack? Attack victims in several ways and score every measure as a detector.

    feint detect --victim cnns --compare --data path/to/mnist --radii 0.1
    feint detect --victim lenet --data path/to/mnist --attack pgd:steps=20 --attack bim:evade=auto,reach=2.5,as=adaptive

Negatives are clean inputs and inputs with Gaussian noise as large as the attack's perturbation; positives are attacked
inputs, all of them, and (S) those whose label changed. The adaptive attacker keeps the detector's measure low as well;
ACE changes no label at all.
"""

from feint.runs.experiment import Experiment

from .settings import DetectSettings as DetectSettings

DETECT = Experiment("detect", DetectSettings, __name__)
