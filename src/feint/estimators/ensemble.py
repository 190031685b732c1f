"""Deep ensembles: several estimators asked at once."""

import inspect
from collections.abc import Sequence
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.predictive import Categorical, draws_last, pool
from feint.protocols import Estimator


@final
class DeepEnsemble(nn.Module):
    """The average of several estimators.

    Args:
        members: E >= 1 estimators of the same classes, modules all: softmax of single networks, MC dropout, ensembles.
        average: "probability" keeps every member's draws, E x S in all, whose mean is the prediction; all members have
            the same S then, so that each has the same weight. "logit" averages the members' log-probabilities and
            normalises: one draw, the normalised geometric mean of the members' predictions.

    Raises:
        InputError: no members, some that are no modules, an unknown average, or (when called) members that do not fit
            together.

    Reference: Lakshminarayanan et al. 2017, "Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles", section 2.4 (probability).
    """

    def __init__(self, members: Sequence[Estimator], average: Literal["probability", "logit"] = "probability") -> None:
        super().__init__()
        if average not in ("probability", "logit"):
            raise InputError(f"average: expected 'probability' or 'logit', got {average!r}")
        modules = [member for member in members if isinstance(member, nn.Module)]
        if not modules or len(modules) < len(members):
            came = ", ".join(type(member).__name__ for member in members) or "none"
            raise InputError(f"an ensemble expects at least one member, estimators that are torch modules, got {came}")
        for member in modules:
            try:
                inspect.signature(member.forward).bind("inputs", "samples")
            except TypeError as error:
                told = f"got a {type(member).__name__}, which takes no samples"
                raise InputError(f"an ensemble expects estimators, such as feint.Softmax(network), {told}") from error
        self.members = nn.ModuleList(modules)
        self.average = average

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict: E x S draws, or one."""
        return self.combined([member(inputs, samples) for member in self.members])

    def combined(self, predictions: Sequence[Categorical]) -> Categorical:
        """What the members' predictions come to, each for the same inputs, or each for inputs of its own.

        Raises:
            InputError: predictions that do not fit together.
        """
        classes = [prediction.log_probs.shape[-1] for prediction in predictions]
        if len(set(classes)) > 1:
            raise InputError(f"an ensemble expects members of the same classes, got {classes} classes")
        if self.average == "logit":
            means = torch.stack([prediction.mean_log_probs for prediction in predictions])
            return Categorical.from_logits(draws_last(means).mean(dim=-1))
        draws = [prediction.draws for prediction in predictions]
        if len(set(draws)) > 1:
            raise InputError(f"averaging probabilities expects members of equally many draws, got {draws}")
        return pool(predictions)

    def logits(
        self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None
    ) -> Float[Tensor, " S N C"]:
        """What the members return, in their own precision: each member's draws, or the mean where logits are averaged.

        Raises:
            InputError: members that have no logits, or do not fit together.
        """
        found: list[Tensor] = []
        for member in self.members:
            ask = getattr(member, "logits", None)
            if ask is None:
                raise InputError(f"logits: expected members that give theirs, got {type(member).__name__}")
            logits: Tensor = ask(inputs, samples)
            found.append(logits if logits.ndim == 3 else logits.unsqueeze(0))
        shapes = [tuple(logits.shape) for logits in found]
        if len(set(shapes)) > 1:
            raise InputError(f"logits: expected members of the same draws and classes, got shapes {shapes}")
        if self.average == "probability":
            return torch.cat(found)
        if shapes[0][0] > 1:
            raise InputError(f"logits: expected members of one draw where logits are averaged, got {shapes[0][0]}")
        return draws_last(torch.stack(found)).mean(dim=-1)
