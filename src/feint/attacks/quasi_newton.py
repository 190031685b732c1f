"""L-BFGS's memory of curvature, for many problems side by side."""

from dataclasses import dataclass, field
from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from feint.attacks.norms import summed


def dot(a: Float[Tensor, " n d"], b: Float[Tensor, " n d"]) -> Float[Tensor, " n"]:
    """The scalar product, row by row."""
    return summed(a * b)


@final
@dataclass
class Curvature:
    """Pairs of steps s and changes of the gradient y, for n problems; a pair counts for a problem only if s.y > 0.

    Attributes:
        memory: the most pairs kept.
    """

    memory: int
    _pairs: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list[tuple[Tensor, Tensor, Tensor]])
    """s and y ``(n, d)``, and 1 / s.y ``(n, 1)``, 0 for a pair that does not count; the oldest first."""
    _scale: Tensor | None = None
    """s.y / y.y of each problem's last pair that counts, ``(n, 1)``; 0 where there is none yet."""

    def times(self, gradient: Float[Tensor, " n d"], plain: Float[Tensor, " n 1"]) -> Float[Tensor, " n d"]:
        """The inverse Hessian's estimate times the gradient, by the two-loop recursion.

        Args:
            gradient: one vector per problem.
            plain: the multiple of the identity that stands in for the inverse Hessian while no pair counts.

        Reference: Nocedal & Wright 2006, "Numerical Optimization", algorithm 7.4 and equation 7.20.
        """
        result, shares = gradient, list[Tensor]()
        for s, y, inverse in reversed(self._pairs):
            share = inverse * dot(s, result).unsqueeze(1)
            result = result - share * y
            shares.append(share)
        result = result * (plain if self._scale is None else torch.where(self._scale > 0, self._scale, plain))
        for (s, y, inverse), share in zip(self._pairs, reversed(shares), strict=True):
            result = result + (share - inverse * dot(y, result).unsqueeze(1)) * s
        return result

    def learn(self, s: Float[Tensor, " n d"], y: Float[Tensor, " n d"]) -> None:
        """Take a pair per problem."""
        product, square = dot(s, y).unsqueeze(1), dot(y, y).unsqueeze(1)
        counts = product > 1e-8 * (dot(s, s).unsqueeze(1) * square).sqrt()
        zero = torch.zeros_like(product)
        self._pairs = [*self._pairs, (s, y, torch.where(counts, 1 / product, zero))][-self.memory :]
        scale = zero if self._scale is None else self._scale
        self._scale = torch.where(counts, product / square, scale)

    def forget(self, rows: Bool[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Take all pairs away from these problems.

        Returns:
            Which of them had one that counted.
        """
        if self._scale is None:
            return torch.zeros_like(rows)
        had, column = rows & (self._scale.squeeze(1) > 0), rows.unsqueeze(1)
        self._pairs = [(s, y, inverse.masked_fill(column, 0)) for s, y, inverse in self._pairs]
        self._scale = self._scale.masked_fill(column, 0)
        return had

    def keep(self, rows: Bool[Tensor, " n"]) -> None:
        """Drop all problems but these."""
        self._pairs = [(s[rows], y[rows], inverse[rows]) for s, y, inverse in self._pairs]
        self._scale = None if self._scale is None else self._scale[rows]
