"""Monte Carlo dropout: one network, many sampled sets of weights."""

import math
import warnings
from typing import Any, ClassVar, Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.batching import padded_batches
from feint.errors import InputError, NetworkError, foreign
from feint.estimators.dropout.draws import ROOM, DropoutDraws, Masks
from feint.estimators.frozen import checked_logits, frozen
from feint.estimators.located import located
from feint.estimators.memory_format import MemoryFormat
from feint.estimators.outputs import Outputs, as_logits
from feint.estimators.own_inputs import OwnInputs
from feint.predictive import Categorical

MEMORY, CPU_MEMORY = 512 * 2**20, 128 * 2**20
"""Bytes that a batch, repeated once per draw, may take on an accelerator and on a CPU; what does not fit is made in
further passes. Blocks over 32 MiB, of which there would be some, glibc gets from the system anew each time, as empty
pages; filling these took a third of the time of 50 draws of a small convolutional network on 100 images."""

TOLERANCE = 1e-4
"""How far log-probabilities of repeated batches and of whole passes may lie apart (as across batch sizes)."""


@final
class MCDropout(nn.Module):
    """A network whose dropout stays on: S draws from its weights.

    Draw t is one sampled set of weights: all inputs share its masks, so that the prediction of an input does not depend
    on its batch, and an attacker sees a fixed function. Dropout is found where it acts, as a module or as a function,
    and everything before the first one is computed once for all draws.

    Args:
        network: maps images in [0, 1] to logits ``(N, C)``; dropout acts in it with p > 0. Everything else in it runs
            in eval mode, and it is left as it was found.
        draws: S >= 1.
        seed: of the masks.
        masks: "shared" as above, or "independent": each input has masks of its own, keyed by seed and sample index.
        outputs: what the network returns, where that is not logits: see ``AsLogits``.

    Raises:
        InputError: fewer than one draw, unknown masks or outputs.
        NetworkError: (when called) no dropout acts in the network, or not on batches of inputs.

    Reference: Gal & Ghahramani 2016, "Dropout as a Bayesian Approximation", equation 6.
    """

    stochastic: ClassVar[bool] = True
    """Another seed gives another prediction."""
    called = ""
    """What errors call the network."""

    def __init__(
        self,
        network: nn.Module,
        draws: int = 30,
        seed: int = 0,
        masks: Literal["shared", "independent"] = "shared",
        outputs: Outputs = "logits",
    ) -> None:
        super().__init__()
        if draws < 1:
            raise InputError(f"draws: expected at least 1, got {draws}")
        if masks not in ("shared", "independent"):
            raise InputError(f"masks: expected 'shared' or 'independent', got {masks!r}")
        self.network = as_logits(network, outputs)
        self.draws, self.seed, self.masks = draws, seed, masks
        self._cache: Masks = {}
        self._behind: dict[torch.Size, int | None] = {}
        """By shape of inputs: the elements of one where the first dropout acts; None where it cannot be repeated."""
        self._format, self._own = MemoryFormat(), OwnInputs()

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles leave the caches behind."""
        return {**self.__dict__, "_cache": {}, "_behind": {}}

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict: S draws.

        Args:
            inputs: images in [0, 1].
            samples: the inputs' sample indices, which key independent masks; 0 to N - 1 where not given.
        """
        return Categorical.from_logits(self.logits(inputs, samples))

    def logits(
        self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, " S N C"]:
        """What the network returns in each draw, in its own precision; the arguments are those of the call."""
        keys = None
        if self.masks == "independent":
            keys = torch.arange(len(inputs), device=inputs.device) if samples is None else samples
        with frozen(self.network), located(self.called, self.network, inputs, samples):
            inputs = self._format.suited(self.network, inputs, self._one_draw)
            if not len(inputs):
                return self.network(inputs).expand(self.draws, 0, -1)
            if (elements := self._elements(inputs, keys)) is not None:
                return self._in_parts(inputs, keys, elements)
            return self._whole(inputs, keys, range(self.draws))

    def _pass(self, inputs: Tensor, keys: Tensor | None, draws: range) -> tuple[Tensor, DropoutDraws]:
        """One pass through the network: the logits of as many of the draws as memory allows, shape (S, N, C)."""
        mode = DropoutDraws(draws, keys, len(inputs), self.seed, self._cache, _memory(inputs))
        with mode:
            logits = self._own.call(self.network, inputs)
        if not mode.made:
            raise NetworkError(
                "MC dropout expects a network in which dropout acts: found no dropout module or call of "
                "torch.nn.functional.dropout with p > 0 on the way from inputs to logits"
            )
        return checked_logits(logits, mode.made * len(inputs)).reshape(mode.made, len(inputs), -1), mode

    def _one_draw(self, inputs: Tensor) -> Float[Tensor, " 1 N C"]:
        """The first draw, of inputs that are the first of their data set."""
        keys = torch.arange(len(inputs), device=inputs.device) if self.masks == "independent" else None
        return self._whole(inputs, keys, range(1))

    def _in_parts(self, inputs: Tensor, keys: Tensor | None, elements: int) -> Float[Tensor, " S N C"]:
        """All draws, of as many inputs at once as fit with all their draws, and of one at least."""
        fit = _memory(inputs) // max(1, ROOM * elements * inputs.element_size() * self.draws)
        parts = math.ceil(len(inputs) / max(1, fit))
        rows = torch.arange(len(inputs), device=inputs.device) if keys is None else keys
        logits: list[Tensor] = []
        for part, own, count in padded_batches(inputs, rows, math.ceil(len(inputs) / parts)):
            logits.append(self._repeated(part, None if keys is None else own, range(self.draws))[:, :count])
        return torch.cat(logits, dim=1)

    def _repeated(self, inputs: Tensor, keys: Tensor | None, draws: range) -> Float[Tensor, " S N C"]:
        """All draws, the batch repeated where the first dropout acts; as many passes as memory wants."""
        parts: list[Tensor] = []
        while draws:
            logits, mode = self._pass(inputs, keys, draws)
            parts.append(logits)
            draws = draws[mode.made :]
        return torch.cat(parts)

    def _whole(self, inputs: Tensor, keys: Tensor | None, draws: range) -> Float[Tensor, " S N C"]:
        """One pass through the whole network for each draw."""
        return torch.cat([self._pass(inputs, keys, range(t, t + 1))[0] for t in draws])

    def _elements(self, inputs: Tensor, keys: Tensor | None) -> int | None:
        """How many elements an input has where the first dropout acts and the batch is repeated; None if it cannot be.

        Whether repeating gives what whole passes give is tried once for every shape of inputs.
        """
        shape = inputs.shape[1:]
        if shape not in self._behind:
            with torch.no_grad():
                elements, reason = self._try(inputs.detach(), keys)
            if reason and None not in self._behind.values():
                warnings.warn(
                    "MC dropout runs the whole network once per draw, for this network's batch cannot be repeated "
                    f"where its first dropout acts: {reason}",
                    stacklevel=5,
                )
            self._behind[shape] = None if reason else elements
        return self._behind[shape]

    def _try(self, inputs: Tensor, keys: Tensor | None) -> tuple[int, str | None]:
        """An input's elements at the first dropout, and why the batch cannot be repeated there; None if it can be.

        Found on three inputs and two draws.

        Raises:
            NetworkError: no dropout acts, or one acts on something whose first dimension is not the batch.
        """
        # Always three, for a single one would fit wherever tensors of different batches meet.
        three = torch.arange(3, device=inputs.device) % len(inputs)
        few, few_keys = inputs[three], None if keys is None else keys[three]
        whole, mode = self._pass(few, few_keys, range(1))
        alone, other = self._pass(few[:2], None if few_keys is None else few_keys[:2], range(1))
        folded = any(shape[0] > 1 for shape in mode.shapes)
        if mode.shapes != other.shapes or (folded and not _same(whole[:, :2], alone)):
            raise NetworkError(
                "MC dropout expects dropout to act on batches, whose first dimension are the inputs: in this network "
                f"what it acts on depends on their number (per input: {mode.shapes} of 3, {other.shapes} of 2)"
            )
        elements, two = math.prod(mode.shapes[0]), range(min(2, self.draws))
        expected = self._whole(few, few_keys, two)
        try:
            with foreign():
                return elements, None if _same(self._repeated(few, few_keys, two), expected) else "the results differ"
        except NetworkError as error:  # anything at all that a network may raise on a batch that has grown
            return elements, str(error)


def _memory(inputs: Tensor) -> int:
    return CPU_MEMORY if inputs.device.type == "cpu" else MEMORY


def _same(first: Float[Tensor, " S N C"], second: Float[Tensor, " S N C"]) -> bool:
    return torch.allclose(first.log_softmax(-1), second.log_softmax(-1), atol=TOLERANCE)
