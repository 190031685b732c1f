"""The shapes that functions state are checked while tests run."""

import pytest
import torch
from jaxtyping import TypeCheckError

from feint.measures import predictive_entropy
from feint.metrics import nll
from feint.predictive import Categorical

LOG_PROBS = torch.full((4, 2), 0.5).log()


def test_a_wrong_shape_is_seen_at_the_call():
    assert predictive_entropy(Categorical(LOG_PROBS[None])).shape == (4,)
    with pytest.raises(TypeCheckError):
        Categorical.from_logits(LOG_PROBS[0])


def test_so_is_one_that_is_stated_by_its_name():
    assert nll(LOG_PROBS[:, 0]) > 0
    with pytest.raises(TypeCheckError):
        nll(LOG_PROBS)
