"""L-BFGS's memory of curvature, for many problems side by side."""

from typing import final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.norms import summed


def dot(a: Float[Tensor, " n d"], b: Float[Tensor, " n d"]) -> Float[Tensor, " n"]:
    """The scalar product, row by row."""
    return summed(a * b)


@final
class Curvature:
    """Pairs of steps s and changes of the gradient y, for N problems, each with pairs of its own; kept only if s.y > 0.

    Args:
        like: a vector per problem, for shape, dtype and device.
        memory: the most pairs kept per problem.
    """

    def __init__(self, like: Float[Tensor, " N d"], memory: int) -> None:
        self._s, self._y = (like.new_zeros((memory, *like.shape)) for _ in range(2))
        self._inverse = like.new_zeros((memory, len(like), 1))
        """1 / s.y of each pair; 0 where there is none."""
        self._scale = like.new_zeros((len(like), 1))
        """s.y / y.y of each problem's last pair; 0 where there is none."""
        self._learnt = torch.zeros(len(like), dtype=torch.int64, device=like.device)
        """Pairs taken so far; pair k lies in slot k modulo the memory, the oldest is written over."""

    def times(
        self, rows: Int[Tensor, " n"], gradient: Float[Tensor, " n d"], plain: Float[Tensor, " n 1"]
    ) -> Float[Tensor, " n d"]:
        """The inverse Hessian's estimate times the gradient, by the two-loop recursion.

        Args:
            rows: the problems meant.
            gradient: one vector for each of them.
            plain: the multiple of the identity that stands in for the inverse Hessian while there is no pair.

        Reference: Nocedal & Wright 2006, "Numerical Optimization", algorithm 7.4 and equation 7.20.
        """
        memory, learnt = len(self._s), self._learnt[rows]
        slots = [(learnt - age) % memory for age in range(1, min(memory, int(learnt.max()) if len(rows) else 0) + 1)]
        pairs = [(self._s[slot, rows], self._y[slot, rows], self._inverse[slot, rows]) for slot in slots]
        result, shares = gradient, list[Tensor]()
        for s, y, inverse in pairs:
            share = inverse * dot(s, result).unsqueeze(1)
            result = result - share * y
            shares.append(share)
        result = result * torch.where(self._scale[rows] > 0, self._scale[rows], plain)
        for (s, y, inverse), share in zip(reversed(pairs), reversed(shares), strict=True):
            result = result + (share - inverse * dot(y, result).unsqueeze(1)) * s
        return result

    def learn(self, rows: Int[Tensor, " n"], s: Float[Tensor, " n d"], y: Float[Tensor, " n d"]) -> None:
        """Take a pair for each of these problems."""
        product, square = dot(s, y), dot(y, y)
        counts = product > 1e-8 * (dot(s, s) * square).sqrt()
        rows, product, square = rows[counts], product[counts].unsqueeze(1), square[counts].unsqueeze(1)
        slot = self._learnt[rows] % len(self._s)
        self._s[slot, rows], self._y[slot, rows], self._inverse[slot, rows] = s[counts], y[counts], 1 / product
        self._scale[rows] = product / square
        self._learnt[rows] += 1

    def forget(self, rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Take all pairs away from these problems.

        Returns:
            Which of them had one.
        """
        had = self._learnt[rows] > 0
        self._inverse[:, rows] = 0
        self._scale[rows] = 0
        self._learnt[rows] = 0
        return had
