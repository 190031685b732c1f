"""The tables of the paper on ACE, on the victims and data at hand.

    feint reproduce ace-softmax --data path/to/images --network timm:mobilenetv2_100:weights=m.safetensors
    feint reproduce ace-ensemble --victim lenets --data path/to/mnist --size 2,5 --matching-proxy lenet:weights=p.pt
    feint reproduce ace-mc-dropout --victim cnn --data path/to/mnist --proxy lenet:weights=p.pt
    feint reproduce ace-selectivenet --victim s --data path/to/mnist

Each block of a table is an audit in a run folder of its own; the figures that the paper prints stand beside those of
the same setting and radius. Tables 1 to 3 of the paper are of black boxes: name proxies for them. Table 4 is of white
boxes with a selector: direct aims at it (feint audit --measure native), indirect at the softmax (the same with --attack
ace:measure=max_probability), and the selector judges both; its threshold is also calibrated, to the coverage that it
was trained for or that of --victim s:estimator.coverage=0.8: on each of two seeded halves, and judged on the other.

Reference: Galil & El-Yaniv 2021, "Disrupting Deep Uncertainty Estimation Without Harming Accuracy", tables 1 (softmax),
2 (deep ensembles), 3 (MC dropout) and 4 (SelectiveNet).
"""

from feint.runs.experiment import Experiment

from .settings import EnsembleSettings, MCDropoutSettings, SelectiveNetSettings, SoftmaxSettings

SOFTMAX = Experiment("ace-softmax", SoftmaxSettings, __name__)
ENSEMBLE = Experiment("ace-ensemble", EnsembleSettings, __name__)
MC_DROPOUT = Experiment("ace-mc-dropout", MCDropoutSettings, __name__)
SELECTIVENET = Experiment("ace-selectivenet", SelectiveNetSettings, __name__)
