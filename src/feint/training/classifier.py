"""Cross-entropy around a plain network, and the validation scores of anything trainable."""

from typing import final

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from feint.errors import DataError, NetworkError
from feint.predictive import Categorical
from feint.protocols import LabelledImages


@final
class Classifier(nn.Module):
    """A network that returns logits, trained on cross-entropy: the Trainable that ``fit`` makes of a plain network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Float[Tensor, " N ..."]) -> Float[Tensor, " N C"]:
        """The network's logits."""
        return self.network(inputs)

    def begin(self, data: LabelledImages) -> None:
        """Nothing to prepare."""

    def step(self, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]) -> Float[Tensor, ""]:
        """The mean cross-entropy of a batch, in nats."""
        return losses(self.network(inputs), labels).mean()

    def after_step(self) -> None:
        """Nothing to do."""

    def end_epoch(self) -> None:
        """Nothing to do."""


def losses(logits: Tensor, labels: Int[Tensor, " N"]) -> Float[Tensor, " N"]:
    """The cross-entropy of each input, in nats.

    Raises:
        NetworkError: the network's output is not logits of shape ``(N, C)``.
        DataError: a label is not one of the C classes.
    """
    if logits.ndim != 2 or len(logits) != len(labels) or not logits.is_floating_point():
        raise NetworkError(
            f"training expects logits of shape (N, C) for N = {len(labels)} inputs, "
            f"got {logits.dtype} of shape {tuple(logits.shape)}"
        )
    lowest, highest = (int(bound) for bound in labels.aminmax())
    if lowest < 0 or highest >= logits.shape[1]:
        raise DataError(
            f"training expects labels from 0 to {logits.shape[1] - 1}, as many as the network has outputs, "
            f"got labels from {lowest} to {highest}"
        )
    return functional.cross_entropy(logits, labels, reduction="none")


def scores(
    trainable: nn.Module, inputs: Float[Tensor, " N ..."], labels: Int[Tensor, " N"]
) -> tuple[Float[Tensor, " N"], Bool[Tensor, " N"]]:
    """What validation needs: the negative log-likelihood of each label in nats, and whether the prediction is right.

    A trainable returns either logits ``(N, C)`` or a Categorical when it is called.
    """
    outputs: object = trainable(inputs)
    if isinstance(outputs, Categorical):
        nll = -outputs.mean_log_probs.gather(1, labels.unsqueeze(1)).squeeze(1)
        return nll, outputs.prediction == labels
    if not isinstance(outputs, Tensor):
        raise NetworkError(
            f"validation expects logits of shape (N, C) or a Categorical from {type(trainable).__name__}, "
            f"got {type(outputs).__name__}"
        )
    return losses(outputs, labels), outputs.argmax(dim=1) == labels
