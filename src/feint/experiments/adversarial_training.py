"""Adversarial training: every batch is attacked by the network's present self before it is learned from."""

from collections.abc import Callable
from typing import Annotated, Literal, final

from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from feint.attacks import FGSM, PGD, Budget
from feint.attacks.labels.objectives import cross_entropy
from feint.estimators import Softmax
from feint.experiments.spec import Spec


@final
class AdversarialSpec(Spec):
    """The attack that training is hardened against, in L-infinity.

    Attributes:
        attack: "fgsm" (Goodfellow et al. 2015) or "pgd" (Madry et al. 2018, equation 2.1).
        radius: in units of [0, 1].
        steps: of "pgd"; each is 2.5 x radius / steps long.
    """

    attack: Literal["fgsm", "pgd"]
    radius: Annotated[float, Field(gt=0)]
    steps: Annotated[int, Field(gt=0)] = 7


def adversary(
    spec: AdversarialSpec, network: nn.Module, *, seed: int
) -> Callable[[Float[Tensor, " N ..."], Int[Tensor, " N"], Int[Tensor, " N"]], Float[Tensor, " N ..."]]:
    """What ``training.fit`` takes as ``perturb``: raises the cross-entropy of the true labels.

    The network is asked in eval mode, so that making the examples leaves its running statistics alone, and put back.

    Args:
        spec: which attack.
        network: the one that is being trained.
        seed: of PGD's random starts, which are keyed by sample index.
    """
    estimator, budget = Softmax(network), Budget(spec.radius)

    def perturb(
        inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"], samples: Int[Tensor, " N"], /
    ) -> Float[Tensor, " N ..."]:
        objective = cross_entropy(lambda points, rows: estimator(points), labels)
        if spec.attack == "fgsm":
            return FGSM()(objective, inputs, budget).inputs
        return PGD(steps=spec.steps, seed=seed)(objective, inputs, budget, samples=samples).inputs

    return perturb
