"""Deep ensembles: several estimators asked at once."""

from collections.abc import Sequence
from typing import Literal, final

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from feint.errors import InputError
from feint.predictive import Categorical, pool
from feint.protocols import Estimator


@final
class DeepEnsemble(nn.Module):
    """The average of several estimators.

    Args:
        members: E >= 1 estimators of the same classes: softmax of single networks, or MC dropout, all with the same
            number of draws.
        average: "probability" keeps every member's draws, E x S in all, whose mean is the prediction; "logit" averages
            the members' log-probabilities and normalises: one draw, the normalised geometric mean.

    Raises:
        InputError: no members, an unknown average, or (when called) members that do not fit together.

    Reference: Lakshminarayanan et al. 2017, "Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles", section 2.4 (probability).
    """

    def __init__(self, members: Sequence[Estimator], average: Literal["probability", "logit"] = "probability") -> None:
        super().__init__()
        if not members:
            raise InputError("an ensemble expects at least one member, got none")
        if average not in ("probability", "logit"):
            raise InputError(f"average: expected 'probability' or 'logit', got {average!r}")
        self.members = list(members)
        self.modules_of_members = nn.ModuleList([member for member in members if isinstance(member, nn.Module)])
        self.average = average

    def forward(self, inputs: Float[Tensor, " N ..."], samples: Int[Tensor, " N"] | None = None) -> Categorical:
        """Predict: E x S draws, or one."""
        predictions = [member(inputs, samples) for member in self.members]
        shapes = {(prediction.draws, prediction.log_probs.shape[-1]) for prediction in predictions}
        if len(shapes) > 1:
            raise InputError(f"an ensemble expects members of equal draws and classes, got {sorted(shapes)}")
        if self.average == "probability":
            return pool(predictions)
        return Categorical.from_logits(torch.stack([prediction.mean_log_probs for prediction in predictions]).mean(0))
