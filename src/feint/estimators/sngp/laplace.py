"""The posterior of a linear layer's weights by Laplace's approximation: its precision, and variances under it."""

from typing import Any, cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from feint.estimators.processes import over_processes


@final
class Laplace(nn.Module):
    """Precision P_g = ridge I + sum_i w_ig phi_i phi_i', of G groups of outputs; variances phi' P_g^-1 phi.

    ``gather`` adds up over an epoch, ``settle`` puts the sum in the place of the last one and factorises it, once: what
    is kept is R = L^-1 of P = L L', and a variance is |R phi|^2, which is never negative and loses fewer digits in
    float32 than the inverse does. Until the first ``settle`` the precision is the prior's. The sum itself is no buffer:
    it is empty between epochs, which is when training is saved.

    Args:
        width: M, how many features.
        groups: G; 1 where all outputs share one precision.
        ridge: the prior's precision, > 0.

    Reference: Liu et al. 2020, "Simple and Principled Uncertainty Estimation with Deterministic Deep Learning via
    Distance Awareness", equation 9.
    """

    precision: Tensor
    root: Tensor

    def __init__(self, width: int, groups: int, ridge: float) -> None:
        super().__init__()
        self.ridge = ridge
        prior = torch.eye(width).repeat(groups, 1, 1)
        self.register_buffer("precision", prior * ridge)
        self.register_buffer("root", prior * ridge**-0.5)
        self._sum: Tensor | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles begin a sum of their own."""
        return {**self.__dict__, "_sum": None}

    def gather(self, features: Float[Tensor, " N M"], weights: Float[Tensor, " N G"]) -> None:
        """Add a batch to the sum.

        Args:
            features: phi of each input.
            weights: of each input in each group, 0 or more.
        """
        features, weights = features.detach(), weights.detach()
        if self._sum is None:
            self._sum = torch.zeros_like(self.precision)
        for group, scale in enumerate(weights.unbind(dim=1)):
            self._sum[group].addmm_(features.T, features * scale.unsqueeze(1))

    def settle(self) -> None:
        """Take the sum as the new precision, factorise it, and begin a new one; nothing if no batch was gathered."""
        if self._sum is None:
            return
        identity = torch.eye(self.precision.shape[-1], device=self.precision.device, dtype=self.precision.dtype)
        self.precision.copy_(over_processes(self._sum) + self.ridge * identity)
        self._sum = None
        precise = torch.float64 if self.precision.device.type != "mps" else torch.float32
        factor = cast(Tensor, torch.linalg.cholesky(self.precision.to(precise)))  # pyright: ignore[reportUnknownMemberType]
        right = identity.to(precise).expand_as(factor)
        root = cast(Tensor, torch.linalg.solve_triangular(factor, right, upper=False))  # pyright: ignore[reportUnknownMemberType]
        self.root.copy_(root)

    def variance(self, features: Float[Tensor, " N M"]) -> Float[Tensor, " N G"]:
        """Variances phi' P^-1 phi of each input in each group, differentiable in the features."""
        groups = [nn.functional.linear(features, root).square().sum(dim=1) for root in self.root]
        return torch.stack(groups, dim=1)
