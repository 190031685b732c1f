"""Objectives and conditions for attacks on labels, from a callable that predicts.

``predict`` is any ``(inputs, rows) -> Categorical``: an estimator, its samples looked up by row. Everything here reads
``mean_log_probs``: against a stochastic estimator an attack differentiates the mean prediction over the draws, fixed or
fresh as the estimator gives them, never a single pass. Differences of log-probabilities are differences of logits where
there is one draw. Values are built from such differences in float64, so that gradients keep their direction where a
confidence would round to 1.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Integer
from torch import Tensor

from feint.attacks.goal import Goal
from feint.errors import AttackError
from feint.predictive import Categorical
from feint.protocols import Condition

Predict = Callable[[Tensor, Tensor], Categorical]


Labels = Integer[Tensor, " N"] | Sequence[int]


def _classes(labels: Labels, rows: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """The labels of these rows as torch indexes by them: a list's, or a tensor's of whatever integer type.

    Raises:
        AttackError: no integers.
    """
    labels = labels if isinstance(labels, Tensor) else torch.tensor(labels, device=rows.device)
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise AttackError(f"labels: expected integers, got {labels.dtype}")
    return labels[rows].long()


def _split(
    predict: Predict, labels: Labels, inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]
) -> tuple[Float[Tensor, " n"], Float[Tensor, " n C"]]:
    """The log-probability of each input's label; all of them, minus infinity at the label."""
    log_probs = predict(inputs, rows).mean_log_probs
    index = _classes(labels, rows).unsqueeze(-1)
    return log_probs.gather(-1, index).squeeze(-1), log_probs.scatter(-1, index, -float("inf"))


def _surprise(own: Float[Tensor, " n"], others: Float[Tensor, " n C"]) -> Float[Tensor, " n"]:
    """-log p = softplus(log((1 - p) / p)): its gradient, relative to its size, is exact also where p is nearly 1."""
    return F.softplus(others.logsumexp(dim=-1) - own, threshold=50)


def _gap(own: Float[Tensor, " n"], others: Float[Tensor, " n C"]) -> Float[Tensor, " n"]:
    """The lead over the others, p - max p_j, by way of the larger of the two: exact where it is nearly 1."""
    runner_up, index = others.max(dim=-1)
    wins = own > runner_up
    top = torch.where(wins, own, runner_up)
    second = torch.where(wins, runner_up, own)
    rest = torch.where(wins.unsqueeze(-1), others, others.scatter(-1, index.unsqueeze(-1), -float("inf")))
    total = 1 + (rest - top.unsqueeze(-1)).exp().sum(dim=-1) + torch.where(wins, 0.0, (own - top).exp())
    return torch.where(wins, 1.0, -1.0) * -torch.expm1(second - top) / total


def cross_entropy(predict: Predict, labels: Labels) -> Goal:
    """Untargeted: -log p of the label, in nats; raising it takes the label's probability away.

    Args:
        predict: ``(inputs, rows) -> Categorical``.
        labels: one class per input of the whole batch that is attacked: the true one, or the victim's own.
    """
    return Goal(lambda inputs, rows: _surprise(*_split(predict, labels, inputs, rows)))


def target_log_prob(predict: Predict, targets: Labels) -> Goal:
    """Targeted: log p of the target, in nats; raising it moves the prediction there."""
    return Goal(lambda inputs, rows: -_surprise(*_split(predict, targets, inputs, rows)))


def margin(predict: Predict, labels: Labels) -> Goal:
    """Untargeted: max_{j != label} z_j - z_label, in nats; above 0 exactly where the label is not predicted.

    Reference: Carlini & Wagner 2017, "Towards Evaluating the Robustness of Neural Networks", section IV-A, -f_6.
    """

    def value(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        own, others = _split(predict, labels, inputs, rows)
        return others.amax(dim=-1) - own

    return Goal(value, success=0.0)


def target_margin(predict: Predict, targets: Labels) -> Goal:
    """Targeted: z_target - max_{j != target} z_j, in nats; above 0 exactly where the target is predicted."""

    def value(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        own, others = _split(predict, targets, inputs, rows)
        return own - others.amax(dim=-1)

    return Goal(value, success=0.0)


def gap(predict: Predict, labels: Labels) -> Goal:
    """Untargeted: max_{j != label} p_j - p_label, between -1 and 1: the runner-up's lead."""
    return Goal(lambda inputs, rows: -_gap(*_split(predict, labels, inputs, rows)), success=0.0)


def target_gap(predict: Predict, targets: Labels) -> Goal:
    """Targeted: p_target - max_{j != target} p_j, between -1 and 1.

    Reference: Luo et al. 2018, "Towards Imperceptible and Robust Adversarial Example Attacks" (the gap).
    """
    return Goal(lambda inputs, rows: _gap(*_split(predict, targets, inputs, rows)), success=0.0)


def changes_label(predict: Predict, labels: Labels) -> Condition:
    """The condition that the prediction is another class."""

    def holds(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        return predict(inputs, rows).prediction != _classes(labels, rows)

    return holds


def reaches_label(predict: Predict, targets: Labels) -> Condition:
    """The condition that the prediction is the target."""

    def holds(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        return predict(inputs, rows).prediction == _classes(targets, rows)

    return holds
