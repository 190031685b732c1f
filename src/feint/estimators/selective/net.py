"""SelectiveNet: a classifier that learns which inputs to leave out, for a coverage that is asked for."""

import math
from typing import cast, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from feint.errors import DataError, InputError, NetworkError
from feint.estimators.frozen import checked_logits, frozen
from feint.estimators.located import located
from feint.estimators.memory_format import MemoryFormat
from feint.estimators.own_inputs import OwnInputs
from feint.estimators.selective.loss import selective_loss
from feint.estimators.selective.split import features_and_logits, last_layer
from feint.predictive import Categorical
from feint.protocols import LabelledImages

HIDDEN = 512
"""Units of the selector's hidden layer."""


@final
class SelectiveNet(nn.Module):
    """A network with a selector beside its classifier, and an auxiliary head that only training uses.

    On what the network's last layer sees sit three heads: f, that layer; g, the selector: a layer of 512, ReLU, batch
    normalisation, a layer of 1, sigmoid; and h, another layer like f. The prediction is f's; the native uncertainty is
    1 - g, in (0, 1), and at most 0.5 where an input is selected. Everything is in the ``state_dict``, under
    ``network``, ``selector``, ``auxiliary`` and ``damping``.

    It is a ``Trainable``, with the loss ``alpha L(f, g) + (1 - alpha) CE(h)``; L is ``selective_loss``.

    Args:
        network: maps images in [0, 1] to logits and ends in a linear layer, as the built-in architectures and most of
            torchvision's and timm's do; with random weights, or trained before.
        coverage: the share of inputs that training is to select, in (0, 1].
        alpha: the weight of the selective loss against the auxiliary head's, in [0, 1].
        penalty: lambda, of selecting too few, at least 0.
        divided: divide the selective risk by the coverage, as the paper does; the authors' code does not.
        damping: what the selector's batch-normalised hidden layer is divided by, above 0: 10 in the authors' code, of
            which the paper says nothing. The more, the slower the selector learns.

    A selector that learns faster than f leaves out whole classes that f does not know yet, and f never gets to know
    them: with random weights and no damping two digits of MNIST were hardly selected at all in five epochs. It helps to
    train the network on cross-entropy before, and to damp the selector.

    Raises:
        InputError: a setting is out of its range.
        NetworkError: the network has no linear layer; or, when called, it does not end in one.

    Reference: Geifman & El-Yaniv 2019, "SelectiveNet: A Deep Neural Network with an Integrated Reject Option": the
    three heads, and the losses L_(f,g), L_h and L.
    """

    damping: Tensor

    called = ""
    """What errors call the network."""

    def __init__(
        self,
        network: nn.Module,
        *,
        coverage: float = 0.7,
        alpha: float = 0.5,
        penalty: float = 32.0,
        divided: bool = True,
        damping: float = 1.0,
    ) -> None:
        super().__init__()
        _expect(0 < coverage <= 1, "coverage", "a number in (0, 1]", coverage)
        _expect(0 <= alpha <= 1, "alpha", "a number in [0, 1]", alpha)
        _expect(0 <= penalty < math.inf, "penalty", "a finite number of at least 0", penalty)
        _expect(0 < damping < math.inf, "damping", "a finite number above 0", damping)
        last = last_layer(network)
        self.network = network
        self.coverage, self.alpha, self.penalty, self.divided = coverage, alpha, penalty, divided
        hidden = nn.Sequential(nn.Linear(last.in_features, HIDDEN), nn.ReLU(), nn.BatchNorm1d(HIDDEN))
        self.selector = nn.ModuleDict({"hidden": hidden, "last": nn.Linear(HIDDEN, 1)})
        self.auxiliary = nn.Linear(last.in_features, last.out_features)
        # In the state dict: with another damping the same weights select otherwise.
        self.register_buffer("damping", torch.tensor(float(damping)))
        self._format, self._own = MemoryFormat(), OwnInputs()

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; `samples` only tell which input an error is about."""
        with frozen(self), located(self.called, self.network, inputs, samples):
            images = self._format.suited(self.network, inputs, lambda some: self._split(some)[1])
            features, logits = self._split(images)
            logits = checked_logits(logits, len(inputs))
            doubt = -self._select(features)
        if not torch.isfinite(doubt).all():
            bad = int((~torch.isfinite(doubt)).sum())
            raise NetworkError(f"a selector returns finite numbers: {bad} of {len(inputs)} inputs gave NaN or infinity")
        categorical = Categorical.from_logits(logits)
        # 1 - g as the sigmoid of the opposite, which does not round to 0 where g is almost 1; by way of its logarithm,
        # whose slope does not round to 0 where 1 - g is 1: that stops no attacker.
        return Categorical(categorical.log_probs, functional.logsigmoid(doubt.to(categorical.log_probs.dtype)).exp())

    def begin(self, data: LabelledImages) -> None:
        """Nothing to prepare."""

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The loss of a batch.

        Raises:
            DataError: a label is not one of the classes.
        """
        features, logits = self._split(inputs)
        lowest, highest = (int(bound) for bound in labels.aminmax())
        if lowest < 0 or highest >= logits.shape[1]:
            raise DataError(
                f"training expects labels from 0 to {logits.shape[1] - 1}, as many as the network has outputs, got "
                f"labels from {lowest} to {highest}"
            )
        selective = selective_loss(
            functional.cross_entropy(logits, labels, reduction="none"),
            self._select(features).sigmoid(),
            coverage=self.coverage,
            penalty=self.penalty,
            divided=self.divided,
        )
        auxiliary = functional.cross_entropy(self.auxiliary(features), labels)
        return self.alpha * selective + (1 - self.alpha) * auxiliary

    def after_step(self) -> None:
        """Nothing to do."""

    def end_epoch(self) -> None:
        """Nothing to do."""

    def extra_repr(self) -> str:
        """The settings, as they are shown when it is printed."""
        return (
            f"coverage={self.coverage:g}, alpha={self.alpha:g}, penalty={self.penalty:g}, divided={self.divided}, "
            f"damping={float(self.damping):g}"
        )

    def _split(self, inputs: Tensor) -> tuple[Float[Tensor, " N F"], Float[Tensor, " N C"]]:
        return features_and_logits(self.network, inputs, self._own)

    def _select(self, features: Float[Tensor, " N F"]) -> Float[Tensor, " N"]:
        """The logit of g."""
        hidden, last = self.selector["hidden"](features) / self.damping, cast(nn.Linear, self.selector["last"])
        # Row by row: the last bits of a product with a single column depend on where in the batch a row stands.
        return (hidden * last.weight[0]).sum(dim=1) + last.bias


def _expect(holds: bool, name: str, expected: str, value: float) -> None:
    if not holds:
        raise InputError(f"{name}: expected {expected}, got {value}")
