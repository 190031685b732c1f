"""Attack the labels of a data set or of one picture, and keep the attacked images.

    feint attack pgd:steps=20 --victim lenet --data path/to/mnist --radii 0.05,0.1
    feint attack mim:target=281 --network model.py:build --data photo.jpg --resize 224 --crop 224 --radii 0.01

What is attacked is the victim's own prediction. cw and lbfgs look for the nearest point in L2 (the radius is the
largest distance that counts), iaa spends a perceptual distance. Attacked images are kept as they came out, as npz or
safetensors; the pictures in the report are for show, and its table says whether the attack survives 8 bits.
"""

from feint.runs.experiment import Experiment

from .settings import AttackSettings as AttackSettings

ATTACK = Experiment("attack", AttackSettings, __name__)
