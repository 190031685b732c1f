import pytest
import torch

from feint.attacks import Backtracking, Budget, Linf
from feint.errors import AttackError


@pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf")])
def test_radius_is_a_finite_number_from_0(radius):
    with pytest.raises(AttackError, match="expected a finite number of at least 0, got"):
        Budget(radius)


@pytest.mark.parametrize(
    ("settings", "message"), [({"decay": 1.0}, "decay"), ({"decay": 0.0}, "decay"), ({"tries": 0}, "tries")]
)
def test_backtracking_settings(settings, message):
    with pytest.raises(AttackError, match=message):
        Backtracking(**settings)


def test_inputs_beyond_rounding_are_refused_with_the_range_that_came():
    with pytest.raises(AttackError, match=r"expected values in \[0, 1\], got \[-0.5, 1\] in shape \(1, 2\)"):
        Budget(0.1).admit(torch.tensor([[-0.5, 1.0]]))
    with pytest.raises(AttackError, match="finite"):
        Budget(0.1).admit(torch.tensor([[float("nan"), 1.0]]))


def test_inputs_within_rounding_are_clamped():
    assert Budget(0.1).admit(torch.tensor([[-5e-7, 1 + 5e-7]])).tolist() == [[0.0, 1.0]]


def test_unbounded_inputs_are_left_alone():
    inputs = torch.tensor([[-50.0, 50.0]])
    assert torch.equal(Budget(0.1, bounds=None).admit(inputs), inputs)


def test_linf():
    assert Linf().size(torch.tensor([[[0.1, -0.3]], [[0.0, 0.2]]])).tolist() == pytest.approx([0.3, 0.2])
    assert Linf().steepest(torch.tensor([[2.0, 0.0, -1e-30]])).tolist() == [[1.0, 0.0, -1.0]]
