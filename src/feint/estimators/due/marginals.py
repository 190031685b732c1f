"""What a sparse Gaussian process says of each input alone: a mean and a variance, whatever inputs come along."""

from dataclasses import dataclass
from typing import cast, final

import torch
from jaxtyping import Float
from torch import Tensor


@final
@dataclass(frozen=True, eq=False)
class SparsePosterior:
    """A whitened sparse posterior of C processes on shared inducing points.

    Attributes:
        inducing: the inducing points Z, shape ``(M, D)``.
        mean: of the whitened values at Z, shape ``(C, M)``.
        root: lower triangular, root root' their covariance, shape ``(C, M, M)``.
        length_scale: of each process's Gaussian kernel, > 0, shape ``(C,)``.
        scale: of each process's kernel: its variance, > 0, shape ``(C,)``.
        constant: each process's mean before any data, shape ``(C,)``.
        jitter: what is added to the kernel's diagonal.
    """

    inducing: Float[Tensor, " M D"]
    mean: Float[Tensor, " C M"]
    root: Float[Tensor, " C M M"]
    length_scale: Float[Tensor, " C"]
    scale: Float[Tensor, " C"]
    constant: Float[Tensor, " C"]
    jitter: float

    def marginals(self, inputs: Float[Tensor, " N D"]) -> tuple[Float[Tensor, " N C"], Float[Tensor, " N C"]]:
        """Mean and variance of each process at each input, differentiable in the inputs.

        With A = L^-1 k(Z, x), L L' = k(Z, Z) + jitter I: mean = c + A' m and variance = k(x, x) + jitter - A'A +
        A' S A. Distances are those of each pair itself. (gpytorch's kernel first subtracts the batch's mean, and its
        samples are drawn for all inputs jointly: there an input's prediction depends on its neighbours.)

        Reference: Hensman et al. 2015, "Scalable Variational Gaussian Process Classification", equation 17, whitened.
        """
        among = self._kernel(self.inducing)
        identity = torch.eye(len(self.inducing), dtype=among.dtype, device=among.device)
        factor = cast(Tensor, torch.linalg.cholesky(among + self.jitter * identity))  # pyright: ignore[reportUnknownMemberType]
        cross = cast(Tensor, torch.linalg.solve_triangular(factor, self._kernel(inputs).mT, upper=False))  # pyright: ignore[reportUnknownMemberType]
        mean = self.constant.unsqueeze(1) + (cross * self.mean.unsqueeze(2)).sum(dim=1)
        spread = (self.root.mT @ cross).square().sum(dim=1)
        variance = self.scale.unsqueeze(1) + self.jitter - cross.square().sum(dim=1) + spread
        return mean.T, variance.T.clamp(min=self.jitter**2)  # rounding could make it negative

    def _kernel(self, inputs: Tensor) -> Float[Tensor, " C N M"]:
        distances = (inputs.unsqueeze(1) - self.inducing).square().sum(dim=2)
        return self.scale[:, None, None] * torch.exp(-distances / (2 * self.length_scale[:, None, None] ** 2))
