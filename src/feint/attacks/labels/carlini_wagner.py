"""Carlini & Wagner's attack: the smallest L2 perturbation, by Adam in unbounded coordinates."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.adversarial import Adversarial, Distance, Raises, Seeks
from feint.attacks.ascent import checked_steps
from feint.attacks.budget import Budget
from feint.attacks.evaluation import value_and_gradient, values
from feint.attacks.labels.nearest import Nearest
from feint.attacks.norms import L2
from feint.errors import AttackError
from feint.protocols import Condition, Objective

SQUEEZE = 0.999999
"""Inputs are drawn in towards the middle of their bounds by this factor, where artanh is finite."""

CHECKS, IMPROVEMENT = 10, 0.9999
"""A search is cut into so many parts; an input whose loss did not fall below this share over a part is done with it."""


@final
@dataclass(frozen=True)
class CarliniWagner:
    """Minimise |r|_2^2 + c x max(kappa - objective(x + r), 0) over w, x + r = low + (high - low) (tanh(w) + 1) / 2.

    Adam runs from the original, for several weights c per input: ten times larger until it succeeds, then halving the
    interval. Success is: the objective is at least kappa, and the condition holds. The nearest success of all is
    returned, its distance is ``radius``; the budget's radius (in L2) is the largest distance that counts. Without
    bounds, w is the input itself.

    The objective's sign has to tell success: ``label_objectives.margin`` with ``changes_label``, or ``target_margin``
    with ``reaches_label``.

    Attributes:
        steps: of Adam, per weight.
        step: Adam's step size, in w.
        searches: weights tried per input.
        initial: the first weight.
        kappa: the confidence wanted, in nats of the margin.

    Raises:
        AttackError: values that are not positive (kappa: negative); when called, no condition or another norm than L2.

    Reference: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks", section VI-A. As in their
    code a search ends early where its loss has stopped falling, here for each input on its own.
    """

    steps: int = 1000
    step: float = 0.01
    searches: int = 9
    initial: float = 1e-3
    kappa: float = 0.0

    distance: ClassVar[Distance] = "l2"
    raises: ClassVar[Raises] = "margin"
    seeks: ClassVar[Seeks] = "nearest"
    needs_gradient: ClassVar[bool] = True
    takes_condition: ClassVar[bool] = False
    keeps_best: ClassVar[bool] = False

    def __post_init__(self) -> None:
        checked_steps(self.steps, self.step)
        if self.searches < 1:
            raise AttackError(f"searches: expected at least 1, got {self.searches}")
        if not 0 < self.initial < float("inf"):
            raise AttackError(f"initial: expected a finite number above 0, got {self.initial}")
        if not 0 <= self.kappa < float("inf"):
            raise AttackError(f"kappa: expected a finite number of at least 0, got {self.kappa}")

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
        nearest = Nearest(originals, budget, condition, batch_size)
        rows = torch.arange(len(originals), device=originals.device)
        there = values(objective, originals, rows, batch_size) >= self.kappa
        there[rows[there]] = nearest.offer(originals[there], rows[there])
        rows = rows[~there]
        weight = originals.new_full((len(rows),), self.initial)
        low, high = torch.zeros_like(weight), torch.full_like(weight, torch.inf)
        for _ in range(self.searches):
            if not len(rows):
                break
            found = self._search(objective, originals[rows], rows, weight, budget.bounds, nearest, batch_size)
            low, high = torch.where(found, low, weight), torch.where(found, weight, high)
            weight = torch.where(high.isinf(), 10 * weight, (low + high) / 2)
        return nearest.result()

    def _search(
        self,
        objective: Objective,
        originals: Float[Tensor, " n ..."],
        rows: Int[Tensor, " n"],
        weight: Float[Tensor, " n"],
        bounds: tuple[float, float] | None,
        nearest: Nearest,
        batch_size: int | None,
    ) -> Bool[Tensor, " n"]:
        """Adam with one weight per input; whether it met a success."""
        found = torch.zeros_like(rows, dtype=torch.bool)
        alive = torch.arange(len(rows), device=rows.device)
        w, column = _inward(originals, bounds), (-1, *[1] * (originals.ndim - 1))
        first, second = torch.zeros_like(w), torch.zeros_like(w)
        closest = torch.full_like(weight, torch.inf)
        past: Tensor = torch.full_like(weight, torch.inf)
        for time in range(1, self.steps + 1):
            points, stretch = _outward(w, bounds)
            value, slope = value_and_gradient(objective, points, rows, batch_size)
            nearest.count(slope, rows)
            distance = L2().size(points - originals)
            # Only points that beat this search's best are worth a query of the condition.
            tried = ((value >= self.kappa) & (distance < closest)).nonzero().squeeze(1)
            if len(tried):
                good = tried[nearest.offer(points[tried], rows[tried])]
                closest[good] = distance[good]
                found[alive[good]] = True
            if time == self.steps:
                break
            pull = (weight * (value < self.kappa)).reshape(column)
            slope = (2 * (points - originals) - pull * slope) * stretch
            first = 0.9 * first + 0.1 * slope
            second = 0.999 * second + 0.001 * slope.square()
            w = w - self.step * (first / (1 - 0.9**time)) / ((second / (1 - 0.999**time)).sqrt() + 1e-8)
            if time % max(self.steps // CHECKS, 1) == 0:
                loss = distance.square() + weight * (self.kappa - value).clamp_min(0)
                keep = loss <= IMPROVEMENT * past
                originals, rows, weight, alive, w = originals[keep], rows[keep], weight[keep], alive[keep], w[keep]
                first, second, closest, past = first[keep], second[keep], closest[keep], loss[keep]
                if not len(rows):
                    break
        return found


def _inward(points: Float[Tensor, " n ..."], bounds: tuple[float, float] | None) -> Float[Tensor, " n ..."]:
    """Unbounded coordinates of points in the bounds."""
    if bounds is None:
        return points
    low, high = bounds
    inner = SQUEEZE * (2 * (points - low) / (high - low) - 1)
    # In float64: atanh in float32 rounds a value by where in memory it lies, thus by how many inputs came along.
    exact = inner if inner.device.type == "mps" else inner.double()  # Apple's GPUs have no float64
    return torch.atanh(exact).to(points.dtype)


def _outward(
    w: Float[Tensor, " n ..."], bounds: tuple[float, float] | None
) -> tuple[Float[Tensor, " n ..."], Float[Tensor, " n ..."]]:
    """Points of unbounded coordinates, and the derivative of this map."""
    if bounds is None:
        return w, torch.ones_like(w)
    (low, high), squashed = bounds, torch.tanh(w)
    points = (low + (high - low) * (squashed + 1) / 2).clamp(low, high)
    return points, (high - low) / 2 * (1 - squashed.square())
