import pytest
import torch

from feint.attacks import ACE, BIM, FGSM, IAA, L2, MIM, PGD, Budget, CarliniWagner, IterativeACE, Linf, budget_for
from feint.attacks import over_radii as run
from feint.errors import AttackError


def uphill(inputs, rows):
    return inputs.flatten(1).sum(1)


def test_budgets_are_in_the_attacks_own_distance():
    assert budget_for(FGSM(), 0.1) == Budget(0.1, Linf())
    assert budget_for(PGD(norm="l2"), 0.1, None) == Budget(0.1, L2(), None)
    assert budget_for(CarliniWagner(), 0.1) == Budget(0.1, L2())
    assert budget_for(IAA(), 7.0).radius == 7


@pytest.mark.parametrize("make", [ACE, IterativeACE, FGSM, BIM, MIM, PGD])
def test_an_attack_set_to_l2_does_not_run_in_linf(make):
    images = torch.full((1, 1, 2, 2), 0.5)
    with pytest.raises(AttackError, match="set to L2"):
        run(make(norm="l2"), uphill, images, [Budget(0.1)])
    (found,) = run(make(norm="l2"), uphill, images, [Budget(0.1, L2())])
    torch.testing.assert_close(found.radius, torch.tensor([0.1]))
    (same,) = run(make(), uphill, images, [Budget(0.1, L2())])
    assert torch.equal(same.inputs, found.inputs)


def test_one_gradient_serves_all_radii_where_the_attack_says_so():
    calls = []

    def counted(inputs, rows):
        calls.append(len(inputs))
        return uphill(inputs, rows)

    images, budgets = torch.full((2, 1, 2, 2), 0.5), [Budget(0.1), Budget(0.2)]
    run(FGSM(), counted, images, budgets)
    assert calls == [2]
    run(BIM(3), counted, images, budgets)
    assert calls == [2] + 6 * [2]
