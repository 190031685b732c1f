"""The sparse variational Gaussian process, as gpytorch builds and trains it. Only DUE imports this file."""

import warnings
from typing import Any, cast, final

import torch
from jaxtyping import Float
from torch import Tensor

from feint.errors import InputError

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch.jit.script, which some of its kernels are decorated with
        import gpytorch as _gpytorch  # pyright: ignore[reportMissingTypeStubs]
except ImportError as error:
    raise InputError("due: expected gpytorch, which is not installed: pip install 'feint[due]'") from error

gpytorch: Any = _gpytorch  # its annotations are partial


@final
class SparseGP(gpytorch.models.ApproximateGP):
    """One Gaussian process for each class, on inducing points that all share.

    Each has a constant mean, a Gaussian kernel with a scale and a length scale, and a whitened normal distribution of
    its values at the inducing points.

    Args:
        classes: C.
        inducing: M, how many inducing points.
        width: D, of an input.

    Reference: Hensman et al. 2015, "Scalable Variational Gaussian Process Classification", section 3.
    """

    mean: Any
    kernel: Any
    variational_strategy: Any

    def __init__(self, classes: int, inducing: int, width: int) -> None:
        batch = torch.Size([classes])
        values = gpytorch.variational.CholeskyVariationalDistribution(inducing, batch_shape=batch)
        strategy = gpytorch.variational.VariationalStrategy(self, torch.randn(inducing, width), values)
        every = gpytorch.variational.IndependentMultitaskVariationalStrategy(strategy, num_tasks=classes)
        super().__init__(every)  # pyright: ignore[reportUnknownMemberType]
        self.mean = gpytorch.means.ConstantMean(batch_shape=batch)
        gaussian = gpytorch.kernels.RBFKernel(batch_shape=batch)
        self.kernel = gpytorch.kernels.ScaleKernel(gaussian, batch_shape=batch)
        for part in list(self.modules()):
            if isinstance(part, gpytorch.constraints.Interval):  # its upper bound is infinite, which no weight may be
                _leave_out(part, "lower_bound", "upper_bound")
        strategy.variational_params_initialized.fill_(1)  # else the first call would draw them, at prediction even
        self.likelihood = gpytorch.likelihoods.SoftmaxLikelihood(num_classes=classes, mixing_weights=False)

    def forward(self, inputs: Tensor) -> Any:
        """The prior, as gpytorch asks for it."""
        return gpytorch.distributions.MultivariateNormal(self.mean(inputs), self.kernel(inputs))

    def place(self, inducing: Float[Tensor, " M D"], length_scale: float) -> None:
        """Set the inducing points and every class's length scale; values there start from a draw of the prior.

        gpytorch would start them from their mean, 0. There the mean is flat in the features whatever these are, so they
        have no slope to learn by until the values have moved.

        Args:
            inducing: the inducing points.
            length_scale: above 0.
        """
        with torch.no_grad():
            self.strategy.inducing_points.copy_(inducing)
            values = self.strategy._variational_distribution.variational_mean
            values.copy_(torch.randn(values.shape))  # whitened: the prior's covariance is the identity
        self.kernel.base_kernel.initialize(lengthscale=length_scale)

    @property
    def strategy(self) -> Any:
        """Where the inducing points and the distribution of the values there are."""
        return self.variational_strategy.base_variational_strategy

    def bound(self, inputs: Tensor, labels: Tensor, count: int) -> Float[Tensor, ""]:
        """The evidence lower bound per input, in nats; the expected likelihood by ten draws from torch's stream.

        Args:
            inputs: features of a batch.
            labels: their classes.
            count: how many inputs the training data have.
        """
        evidence = gpytorch.mlls.VariationalELBO(self.likelihood, self, num_data=count)
        value = cast(Tensor, evidence(self(inputs), labels))
        self.strategy._clear_cache()  # what it keeps has a gradient, and could not be copied
        return value


def _leave_out(module: torch.nn.Module, *names: str) -> None:
    """Make buffers ones that the state_dict leaves out."""
    for name in names:
        value = cast(Tensor, getattr(module, name))
        delattr(module, name)
        module.register_buffer(name, value, persistent=False)
