"""IAA: the imperceptible and robust attack, pixel by pixel where the eye would not look."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.budget import Budget
from feint.attacks.evaluation import directed, gradient, holds
from feint.attacks.norms import summed
from feint.errors import AttackError
from feint.protocols import Condition, Objective


@final
@dataclass(frozen=True)
class IAA:
    """Raise the gap by steps of delta on the m pixels of largest |gradient / sensitivity|, round by round.

    A pixel's sensitivity (here: of each channel's) is Sen = 1 / SD of its neighbourhood in the original, the distance
    D = sum_i |x'_i - x_i| Sen(x_i), measured from the original. A round steps the m pixels of largest |priority| by
    delta along the gradient's sign; those at the bound they would step over, or without a gradient, are passed over. A
    round that would take D beyond the budget is not taken, and ends the attack on that input; so does a round with no
    pixel left to step. (A distance that is not renewed from round to round would let the loop run for ever.)

    The budget's radius is the largest D, and ``radius`` is the D of what is returned; its norm plays no part. The
    objective is ``label_objectives.target_gap``, or ``gap`` for the untargeted form against the runner-up. Without a
    condition the whole budget is spent (the paper's attack, whose wide gap is to survive changes of the picture); with
    one, an input is done as soon as it holds, and is returned as it was where it never does.

    Attributes:
        pixels: m, stepped per round, at least 1.
        delta: how far, in the inputs' unit, above 0.
        neighbourhood: n, odd, at least 3: the SD is over n x n values of one channel, borders reflected.
        floor: the smallest SD; flat neighbourhoods have this one. One level of an 8-bit picture as it comes.
        rounds: the most rounds (a pixel that goes to and fro would go on for ever).
        signed: whether priority is gradient / sensitivity as described, without the absolute value: of the pixels whose
            change raises the gap, only those that get brighter count then, and a round steps up only.
        mean: whether D is divided by the number of values of a picture, as it is in one of the two places where it is
            described, and is a sum in the other.

    Raises:
        AttackError: values outside these ranges; when called, inputs that are not pictures larger than n // 2.

    Reference: Luo, Liu, Wei & Xu 2018, "Towards Imperceptible and Robust Adversarial Example Attacks against Neural
    Networks". Followed by its description; numbers of equations are left out, for they were not checked against the
    printed paper. The default settings are ours, the absolute value among them; ``IAA(signed=True)`` is the literal
    reading.
    """

    pixels: int = 10
    delta: float = 4 / 255
    neighbourhood: int = 3
    floor: float = 1 / 255
    rounds: int = 500
    signed: bool = False
    mean: bool = False

    distance: ClassVar[Distance] = "perceptual"
    raises: ClassVar[Raises] = "gap"
    seeks: ClassVar[Seeks] = "ball"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = False
    keeps_best: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, count in (("pixels", self.pixels), ("rounds", self.rounds)):
            if count < 1:
                raise AttackError(f"{name}: expected at least 1, got {count}")
        if self.neighbourhood < 3 or self.neighbourhood % 2 == 0:
            raise AttackError(f"neighbourhood: expected an odd number of at least 3, got {self.neighbourhood}")
        for name, value in (("delta", self.delta), ("floor", self.floor)):
            if not 0 < value < float("inf"):
                raise AttackError(f"{name}: expected a finite number above 0, got {value}")

    def __call__(
        self,
        objective: Objective,
        inputs: Float[Tensor, " N ..."],
        budget: Budget,
        condition: Condition | None = None,
        *,
        batch_size: int | None = None,
        samples: Int[Tensor, " N"] | None = None,
    ) -> Adversarial:
        """Attack; the arguments are those of ``Attack``, and `samples` is not used: nothing is drawn."""
        originals = budget.admit(inputs)
        weight = sensitivity(originals, self.neighbourhood, self.floor).flatten(1)
        before = originals.flatten(1)
        points, rows = before.clone(), torch.arange(len(originals), device=originals.device)
        gradients, queries = torch.zeros_like(rows), torch.zeros_like(rows)
        feasible, led = torch.ones_like(rows, dtype=torch.bool), torch.zeros_like(rows, dtype=torch.bool)
        if condition is not None:
            feasible = holds(condition, originals, rows, batch_size)
            queries += 1
            rows = rows[~feasible]
        for _ in range(self.rounds):
            if not len(rows):
                break
            slope = gradient(objective, points[rows].reshape(-1, *originals.shape[1:]), rows, batch_size).flatten(1)
            gradients[rows] += 1
            led[rows] |= directed(slope)
            stepped = self._round(points[rows], slope, weight[rows], budget)
            fits = self._distance(stepped - before[rows], weight[rows]) <= budget.radius
            moves = (stepped != points[rows]).any(dim=1)
            rows, stepped = rows[fits & moves], stepped[fits & moves]
            points[rows] = stepped
            if condition is not None and len(rows):
                good = holds(condition, stepped.reshape(-1, *originals.shape[1:]), rows, batch_size)
                queries[rows] += 1
                feasible[rows[good]] = True
                rows = rows[~good]
        points[~feasible] = before[~feasible]
        distance = self._distance(points - before, weight)
        still = (gradients > 0) & ~led
        return Adversarial(
            inputs=points.reshape(originals.shape),
            radius=distance,
            accepted=distance.where(~still, 0),
            feasible=feasible,
            gradients=gradients,
            queries=queries,
            directionless=still,
        )

    def _distance(self, perturbation: Float[Tensor, " n d"], weight: Float[Tensor, " n d"]) -> Float[Tensor, " n"]:
        """D, as a sum or as a mean."""
        total = perceptual(perturbation, weight)
        return total / perturbation.shape[1] if self.mean else total

    def _round(
        self, points: Float[Tensor, " n d"], slope: Float[Tensor, " n d"], weight: Float[Tensor, " n d"], budget: Budget
    ) -> Float[Tensor, " n d"]:
        """One step of the m pixels of highest priority; of those there are, where they are fewer."""
        stepped = budget.clip(points + self.delta * slope.sign())
        priority = slope / weight if self.signed else (slope / weight).abs()
        priority = priority.masked_fill(stepped == points, 0)
        chosen = priority.topk(min(self.pixels, priority.shape[1]), dim=1)
        there, then = points.gather(1, chosen.indices), stepped.gather(1, chosen.indices)
        return points.scatter(1, chosen.indices, torch.where(chosen.values > 0, then, there))


def sensitivity(
    images: Float[Tensor, " N ..."], neighbourhood: int = 3, floor: float = 1 / 255
) -> Float[Tensor, " N ..."]:
    """Sen = 1 / SD over the n x n values around each pixel of a channel (divisor n^2), borders reflected.

    Args:
        images: any float images, shape ``(N, channels, height, width)``.
        neighbourhood: n, odd.
        floor: the smallest SD.

    Raises:
        AttackError: inputs of another shape, or too small to be reflected.

    Reference: Luo et al. 2018, as in ``IAA``.

    >>> round(float(sensitivity(torch.eye(3)[None, None])[0, 0, 1, 1]), 3)  # three ones of nine: SD = sqrt(2) / 3
    2.121
    """
    reach = neighbourhood // 2
    if images.ndim != 4 or min(images.shape[2:]) <= reach:
        raise AttackError(
            f"inputs: this attack expects pictures (N, channels, height, width) larger than {reach} pixels, "
            f"got shape {tuple(images.shape)}"
        )
    exact = images if images.device.type == "mps" else images.double()  # Apple's GPUs have no float64
    padded = F.pad(exact, (reach, reach, reach, reach), mode="reflect")
    windows = padded.unfold(2, neighbourhood, 1).unfold(3, neighbourhood, 1).flatten(4)
    deviation = (windows - windows.mean(dim=-1, keepdim=True)).square().mean(dim=-1).sqrt()
    return (1 / deviation.clamp_min(floor)).to(images.dtype)


def perceptual(perturbation: Float[Tensor, " N d"], weight: Float[Tensor, " N d"]) -> Float[Tensor, " N"]:
    """D = sum_i |delta_i| Sen(x_i)."""
    return summed(perturbation.abs() * weight)
