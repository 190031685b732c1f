"""What attacks call: an objective's values and gradients, and conditions, batch by batch."""

import pytest
import torch

from feint.attacks.evaluation import gradient, holds, value_and_gradient, values
from feint.errors import AttackError

INPUTS, ROWS = torch.rand(7, 3, generator=torch.Generator().manual_seed(0)), torch.arange(7)


def squares(inputs, rows):
    return inputs.square().sum(dim=1) + rows


@pytest.mark.parametrize("batch_size", [None, 2, 7, 10])
def test_values_and_gradients_are_those_of_each_input(batch_size):
    level, slope = value_and_gradient(squares, INPUTS, ROWS, batch_size)
    torch.testing.assert_close(slope, 2 * INPUTS)
    torch.testing.assert_close(level, squares(INPUTS, ROWS).double())
    assert torch.equal(values(squares, INPUTS, ROWS, batch_size), level)
    assert holds(lambda inputs, rows: rows % 2 == 1, INPUTS, ROWS, batch_size).tolist() == [False, True] * 3 + [False]


@pytest.mark.parametrize("count", [0, 7])
def test_what_comes_back_can_be_written_to(count):
    """Forward-only work runs in inference mode, whose tensors refuse that."""
    inputs, rows = INPUTS[:count], ROWS[:count]
    level, good = values(squares, inputs, rows, 4), holds(lambda x, rows: rows > 2, inputs, rows, 4)
    assert (level.dtype, good.dtype) == (torch.float64, torch.bool)
    level += 1
    good[:1] = True


def test_only_a_gradient_that_is_not_finite_itself_is_refused():
    large = lambda inputs, rows: 3e38 * (inputs[:, 0] + inputs[:, 1] - inputs[:, 2])  # noqa: E731
    assert gradient(large, INPUTS, ROWS, 3).abs().unique().tolist() == [torch.tensor(3e38).item()]  # their sum is not
    broken = lambda inputs, rows: inputs.sum(dim=1) * torch.where(rows == 3, torch.inf, 1.0)  # noqa: E731
    with pytest.raises(AttackError, match="NaN or infinite for 1 of 7 inputs"):
        gradient(broken, INPUTS, ROWS, 3)
