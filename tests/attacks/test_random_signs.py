import torch

from feint.attacks import Backtracking, Bisection, Budget, RandomSigns, over_radii


def never_asked(inputs, rows):
    raise AssertionError("nothing guides random signs")


def below(level):
    return lambda inputs, rows: (inputs - 0.5).flatten(1).abs().amax(1) <= level


def test_every_component_goes_the_whole_radius_either_way():
    images = torch.full((40, 3, 5, 5), 0.5)
    found = RandomSigns()(never_asked, images, Budget(0.25))
    assert set((found.inputs - images).unique().tolist()) == {-0.25, 0.25}
    assert abs((found.inputs > images).double().mean() - 0.5) < 0.03
    assert (found.accepted == 0.25).all()
    assert not found.gradients.any()
    assert not found.queries.any()
    assert not found.directionless.any()


def test_signs_are_keyed_by_seed_and_sample():
    images, keys = torch.full((4, 1, 6, 6), 0.5), torch.tensor([5, 7, 7, 900])
    draw = lambda attack, samples: attack(never_asked, images, Budget(0.1), samples=samples).inputs  # noqa: E731
    first = draw(RandomSigns(), keys)
    assert torch.equal(first[1], first[2])
    assert not torch.equal(first[0], first[1])
    assert torch.equal(draw(RandomSigns(), keys.flip(0)), first.flip(0))
    assert not torch.equal(draw(RandomSigns(seed=1), keys), first)
    small, large = over_radii(RandomSigns(), never_asked, images, [Budget(0.1), Budget(0.2)], samples=keys)
    assert torch.equal((small.inputs - images).sign(), (large.inputs - images).sign())


def test_with_a_condition_they_shrink_as_the_search_says():
    images = torch.full((3, 1, 4, 4), 0.5)
    found = RandomSigns()(never_asked, images, Budget(0.4), below(0.15))
    assert found.accepted.tolist() == [0.1] * 3
    assert found.queries.tolist() == [3] * 3
    finer = RandomSigns(Bisection(1e-3))(never_asked, images, Budget(0.4), below(0.15))
    assert ((finer.accepted - 0.15).abs() < 1e-3).all()
    given_up = RandomSigns(Backtracking(tries=2))(never_asked, images, Budget(0.4), below(0.15))
    assert torch.equal(given_up.inputs, images)
    assert given_up.feasible.all()
