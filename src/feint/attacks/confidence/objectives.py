"""What attacks raise and what must hold, built from plain callables.

An ``uncertainty`` here is any callable ``(inputs, rows) -> (n,)``, higher = more uncertain, differentiable in the
inputs: an estimator followed by a measure. ``rows`` are these inputs' positions in the batch that is attacked.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from feint.attacks.goal import Goal, logarithm
from feint.errors import AttackError
from feint.predictive import Categorical
from feint.protocols import Condition, Objective


def disrupt_confidence(uncertainty: Objective, right: Bool[Tensor, " N"]) -> Goal:
    """Confidence up where the victim is wrong, down where it is right.

    What is raised is log(uncertainty), times -1 where the victim is wrong. The logarithm is monotone, so it leaves the
    direction of every input's gradient as it is, and it keeps the gradient's size near 1 where the uncertainty itself
    is 1e-20 and its gradient would vanish in float32.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``; below 0 the logarithm is mirrored, as ``logarithm`` says.
        right: whether the victim's own prediction is right, for the whole batch that is attacked.

    Reference: Galil & El-Yaniv 2021, algorithm 1, with confidence = -uncertainty.
    """
    return steer_confidence(uncertainty, ~right)


def steer_confidence(uncertainty: Objective, raised: Bool[Tensor, " N"]) -> Goal:
    """Confidence up for chosen inputs, down for the others, whatever the truth.

    What is raised is log(uncertainty), times -1 for the chosen.

    Args:
        uncertainty: ``(inputs, rows) -> (n,)``; below 0 the logarithm is mirrored, as ``logarithm`` says.
        raised: for which inputs of the whole batch that is attacked confidence goes up: ``own == approved`` steers by
            the victim's own label, ``own != other_models_labels`` disrupts without knowing the truth.

    >>> raise_all = steer_confidence(lambda inputs, rows: inputs.mean(1), torch.tensor([True]))
    >>> raise_all(torch.ones(1, 3).exp(), torch.arange(1)).round(decimals=3)
    tensor([-1.])
    """

    def value(inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Float[Tensor, " N"]:
        level = logarithm(uncertainty(inputs, rows))
        return torch.where(raised[rows], -level, level)

    return Goal(value)


def as_released(logits: Callable[[Tensor, Tensor], Tensor], own: Int[Tensor, " N"], right: Bool[Tensor, " N"]) -> Goal:
    """Confidence up where the victim is wrong, down where it is right, in the arithmetic of ACE's released code.

    That takes the softmax in float32 and differentiates the probability p of the own label. Where p rounds to 1, the
    own logit's share of the gradient, p (1 - p), is exactly 0: the step then raises the other logits and leaves the own
    one alone. The gradient does not vanish there, it turns, and the attack is weaker than ``disrupt_confidence``, whose
    gradient is exact. This one is for numbers that are to equal the published ones.

    Args:
        logits: ``(inputs, rows) -> (n, C)``, or ``(S, n, C)`` for S draws, whose probabilities are averaged.
        own: the victim's own predictions for the whole batch that is attacked.
        right: whether they are right.

    Reference: Galil & El-Yaniv 2021, algorithm 1, as in the authors' code.

    >>> logits = torch.tensor([[20.0, 0.0, 1.0]], requires_grad=True)
    >>> goal = as_released(lambda inputs, rows: inputs, torch.tensor([0]), torch.tensor([True]))
    >>> (slope,) = torch.autograd.grad(goal(logits, torch.arange(1)).sum(), logits)
    >>> slope.sign()
    tensor([[0., 1., 1.]])
    """

    def value(inputs: Float[Tensor, " n ..."], rows: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        found = logits(inputs, rows).float().softmax(dim=-1)
        mean = found if found.ndim == 2 else found.mean(dim=0)
        confidence = mean.gather(-1, own[rows].unsqueeze(-1)).squeeze(-1)
        return torch.where(right[rows], -confidence, confidence)

    return Goal(value)


def keeps_label(predict: Callable[[Tensor, Tensor], Categorical], labels: Int[Tensor, " N"]) -> Condition:
    """The condition that the predicted label stays what it was.

    Args:
        predict: ``(inputs, rows) -> Categorical`` of n inputs.
        labels: the victim's own predictions for the whole batch that is attacked.
    """

    def holds(inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Bool[Tensor, " N"]:
        return predict(inputs, rows).prediction == labels[rows]

    return holds


def keeps_label_of(classify: Callable[[Tensor], Tensor], labels: Int[Tensor, " N"]) -> Condition:
    """The condition that a victim which gives nothing but labels keeps them: the black box.

    The objective is built from a proxy then. Each evaluation of the condition is one query per input, counted in
    ``Adversarial.queries``; inputs that pad the last batch are seen by the victim too and are not counted.

    Args:
        classify: ``inputs -> labels``, any callable.
        labels: the victim's own labels for the whole batch that is attacked.

    Raises:
        AttackError: (when asked) labels that are not one integer per input.
    """

    def holds(inputs: Float[Tensor, " N ..."], rows: Int[Tensor, " N"]) -> Bool[Tensor, " N"]:
        answer: object = classify(inputs)
        try:
            came = torch.as_tensor(answer, device=labels.device)
        except (RuntimeError, TypeError, ValueError) as error:
            raise AttackError(
                f"a victim returns one integer label per input: for {len(rows)} inputs came {type(answer).__name__}"
            ) from error
        if came.shape != rows.shape or came.is_floating_point():
            raise AttackError(
                f"a victim returns one integer label per input: for {len(rows)} inputs came {came.dtype} "
                f"of shape {tuple(came.shape)}"
            )
        return came == labels[rows]

    return holds
