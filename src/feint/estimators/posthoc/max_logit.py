"""The largest logit as a score."""

from typing import final

from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.estimators.softmax import Softmax
from feint.predictive import Categorical

from .features import exact


@final
class MaxLogit(nn.Module):
    """One network's softmax, with minus its largest logit as the uncertainty: how far from its classes all is.

    ``native`` is -max_c f_c(x), in the unit of the logits and unbounded. It is not a function of the probabilities, in
    which what all logits share has cancelled.

    Args:
        network: maps images in [0, 1] to logits ``(N, C)``; it runs in eval mode and is left as it was found. One that
            returns probabilities has no logits any more.

    Reference: Hendrycks et al. 2022, "Scaling Out-of-Distribution Detection for Real-World Settings" (MaxLogit).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.softmax = Softmax(network)

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; nothing is drawn, and `samples` only tell which input an error is about."""
        logits = exact(self.softmax.logits(inputs, samples))
        return Categorical(Categorical.from_logits(logits).log_probs, -logits.amax(dim=1))

    @property
    def called(self) -> str:
        """What errors call the network."""
        return self.softmax.called

    @called.setter
    def called(self, name: str) -> None:
        self.softmax.called = name
