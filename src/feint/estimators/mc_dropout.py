"""Monte Carlo dropout: one network, many sampled sets of weights."""

import warnings
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError, NetworkError
from feint.estimators.dropout_draws import DropoutDraws, Masks
from feint.estimators.frozen import checked_logits, frozen
from feint.predictive import Categorical

MEMORY = 512 * 2**20
"""Bytes that the batch, repeated once per draw, may take; more draws than fit are made in further passes."""

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

    Raises:
        InputError: fewer than one draw.
        NetworkError: (when called) no dropout acts in the network.

    Reference: Gal & Ghahramani 2016, "Dropout as a Bayesian Approximation", equation 6.
    """

    def __init__(
        self, network: nn.Module, draws: int = 30, seed: int = 0, masks: Literal["shared", "independent"] = "shared"
    ) -> None:
        super().__init__()
        if draws < 1:
            raise InputError(f"draws: expected at least 1, got {draws}")
        if masks not in ("shared", "independent"):
            raise InputError(f"masks: expected 'shared' or 'independent', got {masks!r}")
        self.network = network
        self.draws, self.seed, self.masks = draws, seed, masks
        self._cache: Masks = {}
        self._repeats: bool | None = None  # whether repeating the batch inside the network works; None: not tried yet

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict: S draws.

        Args:
            inputs: images in [0, 1].
            samples: the inputs' sample indices, which key independent masks; 0 to N - 1 where not given.
        """
        keys = None
        if self.masks == "independent":
            keys = torch.arange(len(inputs), device=inputs.device) if samples is None else samples
        with frozen(self.network):
            if self._repeats is None:
                self._repeats = self._try_repeating(inputs, keys)
            logits = self._repeated(inputs, keys, range(self.draws)) if self._repeats else self._whole(inputs, keys)
        return Categorical.from_logits(logits)

    def _repeated(self, inputs: Tensor, keys: Tensor | None, draws: range) -> Float[Tensor, " S N C"]:
        """All draws, the batch repeated where the first dropout acts; as many passes as memory wants."""
        parts: list[Tensor] = []
        made = 0
        while made < len(draws):
            mode = DropoutDraws(draws[made:], keys, len(inputs), self.seed, self._cache, MEMORY)
            with mode:
                logits = self.network(inputs)
            if not mode.made:
                raise NetworkError(
                    "MC dropout expects a network in which dropout acts: found no dropout module or call of "
                    "torch.nn.functional.dropout with p > 0 on the way from inputs to logits"
                )
            checked = checked_logits(logits, mode.made * len(inputs))
            parts.append(checked.reshape(mode.made, len(inputs), -1))
            made += mode.made
        return torch.cat(parts)

    def _whole(self, inputs: Tensor, keys: Tensor | None, draws: int | None = None) -> Float[Tensor, " S N C"]:
        """One pass through the whole network for each draw."""
        return torch.cat([self._repeated(inputs, keys, range(t, t + 1)) for t in range(draws or self.draws)])

    def _try_repeating(self, inputs: Tensor, keys: Tensor | None) -> bool:
        """Whether repeating the batch gives what whole passes give, tried on a few inputs and draws."""
        few, few_keys, draws = inputs[:3].detach(), None if keys is None else keys[:3], min(3, self.draws)
        with torch.no_grad():
            whole = self._whole(few, few_keys, draws).log_softmax(-1)
            try:
                repeated = self._repeated(few, few_keys, range(draws)).log_softmax(-1)
                reason = None if torch.allclose(whole, repeated, atol=TOLERANCE) else "the results differ"
            except (RuntimeError, NetworkError) as error:
                reason = str(error).splitlines()[0]
        if reason:
            warnings.warn(
                "MC dropout runs the whole network once per draw, for this network's batch cannot be repeated where "
                f"its first dropout acts ({reason})",
                stacklevel=3,
            )
        return reason is None
