"""The energy of the logits as a score."""

from typing import final

from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.estimators.softmax import Softmax
from feint.predictive import Categorical

from .features import exact


@final
class Energy(nn.Module):
    """One network's softmax, with the energy of its logits as the uncertainty: minus an unnormalised log-density.

    ``native`` is E(x) = -T log sum_c exp(f_c(x) / T), in the unit of the logits and unbounded; with T near 0 it is
    minus the largest logit. The prediction is the softmax at temperature 1, whatever T is.

    Args:
        network: maps images in [0, 1] to logits ``(N, C)``; it runs in eval mode and is left as it was found. One that
            returns probabilities has no energy: theirs is 0.
        temperature: T > 0, of the energy.

    Raises:
        InputError: a temperature that is not above 0.

    Reference: Liu et al. 2020, "Energy-based Out-of-distribution Detection", equation 4.
    """

    def __init__(self, network: nn.Module, temperature: float = 1.0) -> None:
        super().__init__()
        if not 0 < temperature < float("inf"):
            raise InputError(f"temperature: expected a finite number above 0, got {temperature}")
        self.softmax = Softmax(network)
        self.temperature = temperature

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; nothing is drawn, and `samples` only tell which input an error is about."""
        logits = exact(self.softmax.logits(inputs, samples))
        energy = -self.temperature * (logits / self.temperature).logsumexp(dim=1)
        return Categorical(Categorical.from_logits(logits).log_probs, energy)

    def extra_repr(self) -> str:
        """The temperature, which so becomes part of a fingerprint."""
        return f"temperature={self.temperature}"

    @property
    def called(self) -> str:
        """What errors call the network."""
        return self.softmax.called

    @called.setter
    def called(self, name: str) -> None:
        self.softmax.called = name
