"""Adversarial training: every batch is attacked by the network's present self before it is learned from."""

from collections.abc import Callable

from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.attacks import label_objectives
from feint.estimators import Softmax
from feint.threats.settings import ThreatWord
from feint.threats.things import budget, build, completed

RADIUS = 8 / 255
STEPS = 7


def settled(word: ThreatWord, *, seed: int) -> ThreatWord:
    """The attack with everything that was not said: its radius, and the steps of pgd."""
    own = {"steps": STEPS, **word.settings} if word.name == "pgd" else word.settings
    word = word.but(settings=own, radii=word.radii or (RADIUS,))
    budget(build(word, seed=seed), radius_of(word))
    return completed(word, seed=seed)


def radius_of(word: ThreatWord) -> float:
    """Its only radius."""
    (radius,) = word.radii or (RADIUS,)
    return radius


def adversary(
    word: ThreatWord, network: nn.Module, *, seed: int
) -> Callable[[Float[Tensor, " N ..."], Int[Tensor, " N"], Int[Tensor, " N"]], Float[Tensor, " N ..."]]:
    """What ``training.fit`` takes as ``perturb``: raises the cross-entropy of the true labels.

    The network is asked in eval mode, so that making the examples leaves its running statistics alone, and put back.

    Args:
        word: which attack: "fgsm" (Goodfellow et al. 2015) or "pgd" (Madry et al. 2018, equation 2.1).
        network: the one that is being trained.
        seed: of PGD's random starts, which are keyed by sample index.
    """
    # Each member's starts are its own.
    own = word.but(settings={name: value for name, value in word.settings.items() if name != "seed"})
    attack = build(own, seed=seed)
    estimator, far = Softmax(network), budget(attack, radius_of(word))

    def perturb(
        inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"], samples: Int[Tensor, " N"], /
    ) -> Float[Tensor, " N ..."]:
        objective = label_objectives.cross_entropy(lambda points, rows: estimator(points), labels)
        return attack(objective, inputs, far, samples=samples).inputs

    return perturb
