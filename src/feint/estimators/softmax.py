"""The softmax of one network."""

from typing import final

from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.estimators.frozen import checked_logits, frozen
from feint.estimators.located import located
from feint.estimators.memory_format import MemoryFormat
from feint.estimators.outputs import Outputs, as_logits
from feint.estimators.own_inputs import OwnInputs
from feint.predictive import Categorical


@final
class Softmax(nn.Module):
    """One network's softmax, optionally at another temperature: softmax(logits / T).

    Args:
        network: maps images in [0, 1], shape ``(N, channels, height, width)``, to logits ``(N, C)``. It runs in eval
            mode whatever mode it is in, and is left as it was found.
        temperature: T > 0; above 1 flattens the probabilities and never changes the prediction.
        outputs: what the network returns, where that is not logits: see ``AsLogits``.

    Raises:
        InputError: a temperature that is not above 0, or unknown outputs.

    Reference: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 9 (temperature).
    """

    called = ""
    """What errors call the network."""

    def __init__(self, network: nn.Module, temperature: float = 1.0, outputs: Outputs = "logits") -> None:
        super().__init__()
        if not 0 < temperature < float("inf"):
            raise InputError(f"temperature: expected a finite number above 0, got {temperature}")
        self.network = as_logits(network, outputs)
        self.temperature = temperature
        self._format, self._own = MemoryFormat(), OwnInputs()

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict; nothing is drawn, and `samples` only tell which input an error is about."""
        return Categorical.from_logits(self.logits(inputs, samples))

    def logits(
        self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, " N C"]:
        """What the network returns, over the temperature, in its own precision."""
        with frozen(self.network), located(self.called, self.network, inputs, samples):
            images = self._format.suited(self.network, inputs, self._call)
            return self._call(images) / self.temperature

    def _call(self, images: Tensor) -> Float[Tensor, " N C"]:
        return checked_logits(self._own.call(self.network, images), len(images))
