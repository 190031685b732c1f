"""DUQ: a network whose classes are centroids, and whose uncertainty is the distance to the nearest one."""

import math
from collections.abc import Sequence
from typing import Literal, cast, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.estimators.backbone import checked_features, checked_labels, width_of
from feint.estimators.frozen import frozen
from feint.estimators.located import located
from feint.estimators.memory_format import MemoryFormat
from feint.estimators.own_inputs import OwnInputs
from feint.estimators.processes import over_processes
from feint.predictive import Categorical
from feint.protocols import LabelledImages


@final
class DUQ(nn.Module):
    """DUQ: each class a centroid, an input the less certain the further it is from the nearest one.

    K_c(x) = exp(-mean_d (W_c f(x) - m_c / N_c)_d^2 / (2 sigma^2)). The prediction is the log-softmax of the
    log-kernels; ``native`` is 1 - max_c K_c, in [0, 1].

    ``training.fit`` trains it on the binary cross-entropy of each kernel, averaged over batch and classes, plus
    ``penalty`` times the two-sided penalty on the slope of sum_c K_c in the input. N_c and m_c, the count and the sum
    of a class's embeddings, are moving averages over batches, taken with the embeddings of the step itself: one pass
    through the network serves the loss, the penalty and the centroids, so that batch normalisation counts each batch
    once. (The authors' code makes another pass after the step.)

    The mean over classes divides the gradient by C: the learning rate wants to be several times that of cross-entropy.

    Args:
        features: the network f, which maps inputs ``(N, *shape)`` to features ``(N, D)``.
        classes: C >= 2.
        shape: of one input.
        length: of an embedding W_c f(x); 256 for LeNet, 512 for ResNet-18.
        sigma: the kernel's length scale, > 0.
        gamma: what the moving averages keep at each step, in [0, 1).
        count: N_c at the start, > 0: about a batch's share of one class, 12 or 13.
        penalty: the weight of the gradient penalty, >= 0; 0 saves two thirds of the time.
        penalised: "norm" for (|slope| - 1)^2, as the authors' code has it; "square" for (|slope|^2 - 1)^2, which the
            paper prints. The norm is the default: it is what the published results were made with.

    Raises:
        InputError: a setting out of its range.
        NetworkError: the network does not map such inputs to features.

    Reference: van Amersfoort et al. 2020, "Uncertainty Estimation Using a Single Deep Deterministic Neural Network",
    equations 1 (kernel), 3 (loss), 4 to 6 (centroids) and 7 (penalty).
    """

    count: Tensor
    total: Tensor

    called = ""
    """What errors call the network."""

    def __init__(
        self,
        features: nn.Module,
        classes: int,
        shape: Sequence[int],
        *,
        length: int = 256,
        sigma: float = 0.1,
        gamma: float = 0.999,
        count: float = 13.0,
        penalty: float = 0.05,
        penalised: Literal["norm", "square"] = "norm",
    ) -> None:
        super().__init__()
        for name, holds, expected, value in (
            ("classes", classes >= 2, "at least 2", classes),
            ("length", length >= 1, "at least 1", length),
            ("sigma", 0 < sigma < math.inf, "a finite number above 0", sigma),
            ("gamma", 0 <= gamma < 1, "a number in [0, 1)", gamma),
            ("count", 0 < count < math.inf, "a finite number above 0", count),
            ("penalty", 0 <= penalty < math.inf, "a finite number, 0 or more", penalty),
            ("penalised", penalised in ("norm", "square"), "'norm' or 'square'", penalised),
        ):
            if not holds:
                raise InputError(f"{name}: expected {expected}, got {value!r}")
        width = width_of(features, shape)
        self.features = features
        self.classes, self.length, self.sigma = classes, length, sigma
        self.gamma, self.penalty = gamma, penalty
        self.penalised: Literal["norm", "square"] = penalised
        # Small enough for the kernels to be well above 0 at the start: where they are 0 the slope is, too.
        self.weight = nn.Parameter(torch.randn(classes, length, width) * math.sqrt(2 / (classes * width)))
        self.register_buffer("count", torch.full((classes,), count))
        self.register_buffer("total", torch.randn(classes, length) * 0.05 * count)
        self._format, self._own = MemoryFormat(), OwnInputs()
        self._made: tuple[Tensor, Tensor] | None = None

    @property
    def centroids(self) -> Float[Tensor, " C length"]:
        """m_c / N_c."""
        return self.total / self.count.unsqueeze(1)

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; `samples` only tell which input an error is about."""
        with frozen(self), located(self.called, self.features, inputs, samples):
            images = self._format.suited(self.features, inputs, self._log_kernels)
            log_kernels = self._log_kernels(images)
        if log_kernels.device.type != "mps":  # Apple's GPUs have no float64
            log_kernels = log_kernels.double()
        native = -torch.expm1(log_kernels.amax(dim=1))
        return Categorical(Categorical.from_logits(log_kernels).log_probs, native)

    def begin(self, data: LabelledImages) -> None:
        """Nothing to prepare."""

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The loss of a batch: binary cross-entropy in nats, averaged over inputs and classes, plus the penalty."""
        checked_labels(labels, self.classes)
        if self.penalty:
            inputs = inputs.detach().requires_grad_()
        embeddings = self._embeddings(inputs)
        distances = -self._compared(embeddings)
        own = torch.nn.functional.one_hot(labels, self.classes).to(distances.dtype)
        self._made = embeddings.detach(), own
        loss = _cross_entropies(distances, own).mean()
        if not self.penalty:
            return loss
        return loss.add(two_sided(torch.exp(-distances).sum(dim=1), inputs, self.penalised), alpha=self.penalty)

    def after_step(self) -> None:
        """Move the centroids: N <- gamma N + (1 - gamma) n and m <- gamma m + (1 - gamma) sum of W f(x), per class."""
        if self._made is None:
            return
        embeddings, own = self._made
        self._made = None
        self.count.lerp_(over_processes(own.sum(dim=0)), 1 - self.gamma)
        self.total.lerp_(over_processes(torch.einsum("ncl,nc->cl", embeddings, own)), 1 - self.gamma)

    def end_epoch(self) -> None:
        """Nothing to do."""

    def surprise(
        self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, " N"]:
        """Its own loss at the class that it predicts: the mean over classes of the binary cross-entropy, in nats.

        -1/C (log K_y + sum_{c != y} log(1 - K_c)) with y = argmax_c K_c: what an attacker lowers to be accepted.

        Args:
            inputs: shape ``(N, *shape)``.
            samples: not used.
        """
        with frozen(self):
            images = self._format.suited(self.features, inputs, self._log_kernels)
            distances = -self._log_kernels(images)
        if distances.device.type != "mps":  # Apple's GPUs have no float64
            distances = distances.double()
        own = torch.nn.functional.one_hot(distances.argmin(dim=1), self.classes).to(distances.dtype)
        return _cross_entropies(distances, own).mean(dim=1)

    def _embeddings(self, inputs: Tensor) -> Float[Tensor, " N C length"]:
        features = checked_features(self._own.call(self.features, inputs), len(inputs))
        embeddings = nn.functional.linear(features, self.weight.flatten(0, 1))
        return embeddings.view(len(inputs), self.classes, self.length)

    def _compared(self, embeddings: Float[Tensor, " N C length"]) -> Float[Tensor, " N C"]:
        return -(embeddings - self.centroids).square().mean(dim=2) / (2 * self.sigma**2)

    def _log_kernels(self, inputs: Tensor) -> Float[Tensor, " N C"]:
        return self._compared(self._embeddings(inputs))


def _cross_entropies(distances: Float[Tensor, " N C"], own: Float[Tensor, " N C"]) -> Float[Tensor, " N C"]:
    """Binary cross-entropies of kernels K = exp(-distance).

    From the logarithm, so that kernels that round to 0 keep their slope: log K = -distance.
    """
    others = -torch.log(-torch.expm1(-distances.clamp(min=1e-7)))
    return own * distances + (1 - own) * others


def two_sided(
    values: Float[Tensor, " N"], inputs: Float[Tensor, " N ..."], penalised: Literal["norm", "square"]
) -> Float[Tensor, ""]:
    """The mean of (|slope| - 1)^2, or of (|slope|^2 - 1)^2, slope being the gradient of an input's value in that input.

    Args:
        values: one for each input, each made from its own input; through batch statistics also from others, whose part
            in the gradient is then counted to the input that it comes through, as in the authors' code.
        inputs: what they were made from.
        penalised: "norm" or "square".
    """
    (slopes,) = torch.autograd.grad(values.sum(), inputs, create_graph=True)
    slopes = slopes.flatten(1)
    if penalised == "square":
        return (slopes.square().sum(dim=1) - 1).square().mean()
    norms = cast(Tensor, torch.linalg.vector_norm(slopes, dim=1))  # pyright: ignore[reportUnknownMemberType]
    return (norms - 1).square().mean()
