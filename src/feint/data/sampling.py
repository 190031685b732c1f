"""Some of many examples, evenly over the classes."""

import numpy as np
import torch
from numpy.typing import NDArray

from feint.keyed import uniforms

_STREAM = 1 << 22


def even_sample(labels: NDArray[np.int64], samples: NDArray[np.int64], limit: int, seed: int = 0) -> NDArray[np.int64]:
    """Draw so many examples that each class gives as many as the others, until it has no more.

    Every example has a random number of its own, keyed by seed and sample; the classes take turns, each offering its
    examples in the order of these numbers. So a larger limit contains a smaller one.

    Args:
        labels: of the examples; negative for those that have none, which are not drawn.
        samples: their sample indices.
        limit: how many to draw.
        seed: of the draw.

    Returns:
        The sample indices drawn, ascending.

    >>> even_sample(np.array([0, 0, 0, 0, 1, 1]), np.arange(6), 4).tolist()[2:]
    [4, 5]
    """
    keys = uniforms(torch.as_tensor(samples), 1, seed=seed, stream=_STREAM).squeeze(1).numpy()
    by_class = np.lexsort((keys, labels))
    begins = np.flatnonzero(np.diff(labels[by_class], prepend=labels.min(initial=0) - 1))
    turn = np.empty(len(labels), dtype=np.int64)
    sizes = np.diff(np.append(begins, len(labels)))
    turn[by_class] = np.arange(len(labels)) - np.repeat(begins, sizes)
    order = np.lexsort((keys, turn))
    return np.sort(samples[order[labels[order] >= 0][:limit]])
