"""Adversarial training with two losses: on the batch as it is, and on the same batch attacked."""

import math
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.protocols import LabelledImages
from feint.training.classifier import losses
from feint.training.modes import modes_restored


@final
class AdversarialClassifier(nn.Module):
    """A network that returns logits, trained on the cross-entropy of each batch and of its FGSM examples.

    x' = clip(x + radius sign(grad_x loss(x + noise e))), e standard normal, drawn at each step; the sign is that of the
    gradient in eval mode, so that making the examples leaves running statistics alone. Members of an adversarially
    trained ensemble are trained so, one by one. (``fit(perturb=...)`` trains on the attacked batch only.)

    Args:
        network: what is trained.
        radius: in L-infinity, >= 0, in the inputs' unit; Lakshminarayanan et al. take a hundredth of their range.
        noise: of the point where the gradient is taken, >= 0. At the clean point it can be zero where the network is
            certain; 0.001 is what the release of Zeng et al. starts from.
        combine: "mean" of both losses; "sum", as that release has it, doubles the step, and can diverge at a learning
            rate that is fine for plain training.
        low: the smallest value that an input may have.
        high: the largest.

    Raises:
        InputError: a setting out of its range.

    Reference: Lakshminarayanan et al. 2017, "Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles", section 2.3 and algorithm 1; Zeng et al. 2022, "On Attacking Out-Domain Uncertainty Estimation in Deep
    Neural Networks"; Goodfellow et al. 2015, "Explaining and Harnessing Adversarial Examples", section 6.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        radius: float = 0.1,
        noise: float = 0.001,
        combine: Literal["mean", "sum"] = "mean",
        low: float = 0.0,
        high: float = 1.0,
    ) -> None:
        super().__init__()
        for name, holds, expected, value in (
            ("radius", 0 <= radius < math.inf, "a finite number, 0 or more", radius),
            ("noise", 0 <= noise < math.inf, "a finite number, 0 or more", noise),
            ("combine", combine in ("mean", "sum"), "'mean' or 'sum'", combine),
            ("high", low < high, f"a number above low={low}", high),
        ):
            if not holds:
                raise InputError(f"{name}: expected {expected}, got {value!r}")
        self.network = network
        self.radius, self.noise, self.combine = radius, noise, combine
        self.low, self.high = low, high

    def forward(self, inputs: Float[Tensor, " N ..."]) -> Float[Tensor, " N C"]:
        """The network's logits."""
        return self.network(inputs)

    def begin(self, data: LabelledImages) -> None:
        """Nothing to prepare."""

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The mean or the sum of both mean cross-entropies, in nats."""
        attacked = self.attacked(inputs, labels)
        clean = losses(self.network(inputs), labels).mean()
        both = clean + losses(self.network(attacked), labels).mean()
        return both / 2 if self.combine == "mean" else both

    def attacked(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, " N ..."]:
        """The FGSM examples of a batch."""
        point = torch.empty_like(inputs).copy_(inputs + self.noise * torch.randn_like(inputs)).requires_grad_()
        with modes_restored(self.network):
            self.network.eval()
            (slope,) = torch.autograd.grad(losses(self.network(point), labels).sum(), point)
        # Copied into tensors like the inputs: sums of one channel may come out in another layout, and be slower.
        return torch.empty_like(inputs).copy_(inputs + self.radius * slope.sign()).clamp_(self.low, self.high)

    def after_step(self) -> None:
        """Nothing to do."""

    def end_epoch(self) -> None:
        """Nothing to do."""
