"""Predictions for as many inputs as there are, in batches of one size, without gradients."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from feint.batching import checked_inputs, padded_batches
from feint.predictive import Categorical, concatenate
from feint.protocols import Estimator


def predict(
    estimator: Estimator,
    inputs: Float[Tensor, " N ..."],
    samples: Int[Tensor, " N"] | None = None,
    *,
    batch_size: int | None = None,
) -> Categorical:
    """The estimator's prediction for N >= 1 inputs, forward only.

    Args:
        estimator: what predicts.
        inputs: images in [0, 1].
        samples: their indices in the data set; 0 to N - 1 where not given.
        batch_size: inputs per call, the last call padded; None for one call.

    Raises:
        InputError: inputs that are no tensor of floats.
    """
    inputs = checked_inputs(inputs)
    if samples is None:
        samples = torch.arange(len(inputs), device=inputs.device)
    with torch.inference_mode():
        parts = [estimator(batch, keys)[:count] for batch, keys, count in padded_batches(inputs, samples, batch_size)]
        joined = concatenate(parts)
    # Cloned outside inference mode, for autograd refuses tensors that were made inside it.
    return Categorical(joined.log_probs.clone(), None if joined.native is None else joined.native.clone())
