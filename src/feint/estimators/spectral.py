"""Spectral normalisation: layers whose operator norm stays at or below a bound."""

from collections.abc import Iterator, Sequence
from typing import cast, final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from feint.errors import InputError, NetworkError
from feint.estimators.backbone import normalising_by_batch
from feint.estimators.frozen import frozen
from feint.protocols import LabelledImages

SETTLED, MOST = 1e-4, 300
"""Power iteration has converged once an iteration adds less than this share, or stops after so many."""
SEEN = 256
"""Training inputs by whose variance batch normalisation is bounded before the first step."""

Layer = nn.Linear | nn.Conv2d
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


@final
class SpectralBound(nn.Module):
    """Holds the layers of a network at W <- W min(1, c / |W|), |W| the operator's largest singular value.

    A convolution is taken as the linear operator that it is on inputs of the size it gets: the singular values of its
    flattened kernel bound nothing. Norms are found by power iteration, whose vectors are buffers, so that each call
    goes on where the last one stopped. Weights are changed in place after each step of the optimizer, so that using
    the network costs nothing more, and it is saved as it is.

    Args:
        network: its ``Linear`` and ``Conv2d`` layers are bounded.
        shape: of one input of it.
        coefficient: c > 0.
        batch_norm: also bound max |weight| / sqrt(running variance + eps) of batch normalisation by c.

    Raises:
        InputError: a coefficient that is not above 0.
        NetworkError: layers with weights of another kind, or convolutions that do not pad with zeros.

    Reference: Liu et al. 2020, "Simple and Principled Uncertainty Estimation with Deterministic Deep Learning via
    Distance Awareness", equation 10; van Amersfoort et al. 2021, "On Feature Collapse and Deep Kernel Learning for
    Single Forward Pass Uncertainty", section 3.1 (batch normalisation); for convolutions Gouk et al. 2021,
    "Regularisation of neural networks by enforcing Lipschitz continuity", section 3.2.
    """

    def __init__(
        self, network: nn.Module, shape: Sequence[int], coefficient: float, *, batch_norm: bool = False
    ) -> None:
        super().__init__()
        if not 0 < coefficient < float("inf"):
            raise InputError(f"coefficient: expected a finite number above 0, got {coefficient}")
        self.coefficient = coefficient
        self._layers: list[Layer] = []  # a list, for they are the network's children, not this module's
        generator = torch.Generator().manual_seed(0)  # any start will do, so that it needs no seed of its own
        for layer, size in _sizes(network, shape):
            vector = torch.randn(size, generator=generator).to(layer.weight)
            self.register_buffer(f"vector_{len(self._layers)}", vector / _length(vector))
            self._layers.append(layer)
        self._batch_norms = [part for part in network.modules() if batch_norm and isinstance(part, BatchNorm)]

    def begin(self, network: nn.Module, data: LabelledImages) -> None:
        """``settle``, and bound batch normalisation as training soon will: by the variance of a batch of the data.

        The running variance of a new network is 1 and bounds nothing: what is measured on its features then is ten
        times as far apart as after some steps, by which the bound has set in. Layers are bounded in the order of their
        calls, each by what those before it leave. Running statistics stay as they are.

        Args:
            network: whose layers these are.
            data: what it will be trained on.
        """
        self.settle()
        if not self._batch_norms:
            return
        rows = range(0, len(data), -(-len(data) // SEEN))  # evenly: data may be sorted by class

        def bound(layer: nn.Module, args: tuple[Tensor, ...]) -> None:
            inputs = args[0].transpose(0, 1).flatten(1)
            self._bound_batch_norm(cast(BatchNorm, layer), inputs.var(dim=1, correction=0))

        handles = [layer.register_forward_pre_hook(bound) for layer in self._batch_norms]
        try:
            with frozen(network), normalising_by_batch(network), torch.no_grad():
                device = next(network.parameters()).device
                network(data.gather(list(rows))[0].to(device))
        finally:
            for handle in handles:
                handle.remove()

    def step(self) -> None:
        """One power iteration for each layer, and its weights put back to the bound where they are above it."""
        for index, layer in enumerate(self._layers):
            self._bound(layer, self._iterate(index))
        self._bound_batch_norms()

    def settle(self) -> None:
        """The same, with the power iteration run until it has converged."""
        for index, norm in enumerate(self._settled()):
            self._bound(self._layers[index], norm)
        self._bound_batch_norms()

    def norms(self) -> list[float]:
        """The converged operator norm of each bounded layer, in the network's order; weights stay as they are."""
        return [float(norm) for norm in self._settled()]

    def _settled(self) -> Iterator[Tensor]:
        for index in range(len(self._layers)):
            norm, before = self._iterate(index), 0.0
            for _ in range(MOST):
                if float(norm) <= before * (1 + SETTLED):
                    break
                before, norm = float(norm), self._iterate(index)
            yield norm

    def _iterate(self, index: int) -> Float[Tensor, ""]:
        name = f"vector_{index}"
        norm, vector = power_iteration(self._layers[index], cast(Tensor, getattr(self, name)))
        cast(Tensor, getattr(self, name)).copy_(vector)
        return norm

    def _bound(self, layer: Layer, norm: Tensor) -> None:
        with torch.no_grad():
            layer.weight.mul_((self.coefficient / norm).clamp(max=1))

    def _bound_batch_norms(self) -> None:
        for layer in self._batch_norms:
            if layer.running_var is not None:
                self._bound_batch_norm(layer, layer.running_var)

    def _bound_batch_norm(self, layer: BatchNorm, variance: Tensor) -> None:
        if layer.affine:
            with torch.no_grad():
                norm = (layer.weight.abs() * (variance + layer.eps).rsqrt()).amax()
                layer.weight.mul_((self.coefficient / norm.clamp(min=1e-12)).clamp(max=1))


def power_iteration(layer: Layer, vector: Float[Tensor, "..."]) -> tuple[Float[Tensor, ""], Float[Tensor, "..."]]:
    """One iteration v <- A'Av / |A'Av| for the layer's linear operator A.

    Args:
        layer: its bias plays no part.
        vector: v, of norm 1 and the shape of one input of the layer.

    Returns:
        |A'Av| / |Av|, which is at most the largest singular value of A and does not fall from one iteration to the
        next; and the new v.
    """
    point = vector.detach().unsqueeze(0).requires_grad_()
    with torch.enable_grad():
        image = _applied(layer, point)
        # The operator is linear: its gradient, applied to Av, is A'Av.
        (back,) = torch.autograd.grad(image, point, image.detach())
    length, tiny = _length(back), torch.finfo(back.dtype).tiny
    return length / _length(image.detach()).clamp(min=tiny), (back / length.clamp(min=tiny)).squeeze(0)


def _length(values: Tensor) -> Float[Tensor, ""]:
    return values.square().sum().sqrt()


def _applied(layer: Layer, inputs: Tensor) -> Tensor:
    weight = layer.weight.detach()
    if isinstance(layer, nn.Linear):
        return F.linear(inputs, weight)
    return F.conv2d(
        inputs, weight, None, layer.stride, cast(tuple[int, ...], layer.padding), layer.dilation, layer.groups
    )


def _sizes(network: nn.Module, shape: Sequence[int]) -> list[tuple[Layer, torch.Size]]:
    """Every layer that the network calls, in that order, with the shape of one input of it."""
    layers: dict[str, Layer] = {}
    for name, module in cast(list[tuple[str, nn.Module]], [*network.named_modules()]):
        own = [parameter for parameter in module.parameters(recurse=False) if parameter.ndim > 1]
        if isinstance(module, nn.Conv2d) and module.padding_mode != "zeros":
            raise NetworkError(f"{name}: expected a convolution that pads with zeros, got {module.padding_mode!r}")
        if isinstance(module, Layer):
            layers[name] = module
        elif own:
            raise NetworkError(
                f"spectral normalisation: expected weights in Linear and Conv2d layers, got {type(module).__name__} "
                f"({name or 'the network itself'})"
            )
    sizes: dict[Layer, torch.Size] = {}

    def note(module: nn.Module, args: tuple[Tensor, ...]) -> None:
        size = args[0].shape[-1:] if isinstance(module, nn.Linear) else args[0].shape[-3:]
        before = sizes.setdefault(cast(Layer, module), size)
        if size.numel() > before.numel():  # the norm grows with the size: a layer used twice is bounded at the larger
            sizes[cast(Layer, module)] = size

    handles = [layer.register_forward_pre_hook(note) for layer in layers.values()]
    try:
        parameter = next(network.parameters(), torch.zeros(()))
        with frozen(network), torch.no_grad():
            network(torch.zeros(2, *shape, dtype=parameter.dtype, device=parameter.device))
    finally:
        for handle in handles:
            handle.remove()
    return list(sizes.items())
