"""What holds for every attack of the catalog."""

import copy
import dataclasses
import typing

import pydantic
import pytest
import torch
from torch import nn

from feint import attacks, catalog
from feint.attacks import Adversarial, Attack, budget_for, label_objectives, objectives, over_radii
from feint.errors import AttackError
from feint.estimators import MCDropout, Softmax
from feint.measures import label_doubt
from feint.runs.things import loaded
from feint.threats.settings import ThreatWord

ATTACKS = {name: loaded(reference) for name, reference in catalog.ATTACKS.items()}

COUNT = 13

PER_INPUT = ("radius", "accepted", "feasible", "gradients", "queries", "directionless")

SETTINGS = {
    "ace": {},
    "iterative-ace": {"steps": 3},
    "iaa": {"rounds": 5},
    "fgsm": {},
    "bim": {"steps": 3},
    "mim": {"steps": 3},
    "pgd": {"steps": 3, "restarts": 2},
    "cw": {"steps": 8, "searches": 2, "initial": 1.0},
    "lbfgs": {"steps": 3, "searches": 2},
    "random-signs": {},
    "square": {"queries": 12},
}
"""By name in the catalog, and cheaper than the defaults, where those take long."""

GOALS = {"loss": label_objectives.cross_entropy, "margin": label_objectives.margin, "gap": label_objectives.gap}


def test_the_whole_catalog_is_tested():
    assert set(ATTACKS) == set(SETTINGS)


@pytest.fixture(params=sorted(ATTACKS))
def name(request):
    return request.param


@pytest.fixture
def attack(name):
    if name not in SETTINGS:
        pytest.skip("no settings: the test above fails for it")
    built = ATTACKS[name](**SETTINGS[name])
    assert isinstance(built, Attack)
    return built


@pytest.fixture(params=["softmax", "mc-dropout"])
def estimator(request):
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(144, 4))
    ).train()
    return Softmax(network) if request.param == "softmax" else MCDropout(network, draws=3)


@pytest.fixture
def images():
    images = torch.rand(COUNT, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    images[:3] = images[:3].round()
    return images


RADII = {"linf": 0.05, "l2": 1.0, "perceptual": 3.0}


def budget_of(attack, radius=None):
    return budget_for(attack, RADII[attack.distance] if radius is None else radius)


def goal_of(attack, estimator, images):
    """What it raises and what is to hold, as it is used."""
    return goal_for(attack, estimator, estimator(images).prediction.clone(), torch.arange(len(images)))


def goal_for(attack, estimator, own, which):
    """The same for some of the inputs: on confidence with labels kept, or on the labels themselves."""

    def predict(inputs, rows):
        return estimator(inputs)

    if not attack.takes_condition:
        return GOALS[attack.raises](predict, own), label_objectives.changes_label(predict, own)
    doubt = lambda inputs, rows: label_doubt(estimator(inputs), own[rows])  # noqa: E731
    return objectives.disrupt_confidence(doubt, which % 3 > 0), objectives.keeps_label(predict, own)


def test_declares_what_others_need_to_know(attack):
    for name, kind in (("distance", attacks.Distance), ("raises", attacks.Raises), ("seeks", attacks.Seeks)):
        assert getattr(attack, name) in typing.get_args(kind)
    for name in ("needs_gradient", "takes_condition", "keeps_best"):
        assert isinstance(getattr(attack, name), bool)
    if any(field.name == "norm" for field in dataclasses.fields(attack)):
        assert {dataclasses.replace(attack, norm=norm).distance for norm in ("linf", "l2")} == {"linf", "l2"}


def test_what_is_known_of_it_without_importing_it(attack, name):
    assert ThreatWord(name=name, settings=dict(SETTINGS[name])).distance == attack.distance
    if "norm" in {field.name for field in dataclasses.fields(attack)}:
        assert ThreatWord.of(f"{name}:norm=l2").distance == dataclasses.replace(attack, norm="l2").distance


def test_settings_can_be_given_by_name_and_have_help(attack):
    plain = pydantic.TypeAdapter(type(attack))
    given = {name: value for name, value in dataclasses.asdict(attack).items() if value is not None}
    assert plain.validate_python(given) == attack
    assert plain.validate_json(plain.dump_json(attack)) == attack
    typing.get_type_hints(type(attack))
    text = (type(attack).__doc__ or "").partition("Attributes:")[2]
    for field in dataclasses.fields(attack):
        assert f"\n        {field.name}: " in text, field.name
    for unknown in ("nonsense", float("nan"), -1):
        for field in dataclasses.fields(attack):
            if field.name != "seed":
                with pytest.raises(ValueError, match=field.name):
                    plain.validate_python({field.name: unknown})


def run(attack, estimator, images, radius=None, batch_size=4):
    objective, condition = goal_of(attack, estimator, images)
    return attack(objective, images, budget_of(attack, radius), condition, batch_size=batch_size)


def test_one_result_per_input(attack, estimator, images):
    result = run(attack, estimator, images)
    assert isinstance(result, Adversarial)
    assert result.inputs.shape == images.shape
    assert result.inputs.dtype == images.dtype
    assert not result.inputs.requires_grad
    assert result.feasible.dtype == torch.bool
    for name in PER_INPUT:
        assert getattr(result, name).shape == (COUNT,), name
        assert getattr(result, name).device == images.device, name
    assert ((result.gradients if attack.needs_gradient else result.queries) >= 1).all()
    assert attack.needs_gradient or (result.gradients == 0).all()


def test_stays_inside_budget_and_bounds(attack, estimator, images):
    for radius in (0.0, 1e-3, 0.1, 0.7):
        result = run(attack, estimator, images, radius)
        assert (result.radius <= radius + 6e-8).all()
        assert (result.accepted <= radius + 6e-8).all()
        assert torch.isfinite(result.inputs).all()
        assert result.inputs.min() >= 0
        assert result.inputs.max() <= 1
        if attack.distance == "perceptual":  # which no norm measures
            continue
        norm = budget_of(attack).norm
        torch.testing.assert_close(norm.size(result.inputs - images), result.radius, rtol=1e-5, atol=1e-7)


def test_what_takes_a_condition_keeps_it(attack, estimator, images):
    if not attack.takes_condition:
        pytest.skip(f"{type(attack).__name__} looks for where a condition begins to hold")
    _, condition = goal_of(attack, estimator, images)
    for radius in (0.02, 0.3, 1.0):
        result = run(attack, estimator, images, radius)
        assert result.feasible.all()
        assert condition(result.inputs, torch.arange(COUNT)).all()
    assert (result.radius > 0).any()


def test_several_radii_give_what_each_gives_alone(attack, estimator, images):
    objective, condition = goal_of(attack, estimator, images)
    factors = (0.2, 1.0, 3.0) if hasattr(attack, "grid") else (1.0,)  # the others run one after the other
    budgets = [budget_of(attack, factor * RADII[attack.distance]) for factor in factors]
    grid = over_radii(attack, objective, images, budgets, condition, batch_size=4, samples=torch.arange(COUNT))
    assert over_radii(attack, objective, images, [], condition) == []
    for budget, found in zip(budgets, grid, strict=True):
        alone = attack(objective, images, budget, condition, batch_size=4, samples=torch.arange(COUNT))
        for name in ("inputs", *PER_INPUT):
            assert torch.equal(getattr(found, name), getattr(alone, name)), name


def test_no_gradient_is_counted_and_is_no_accepted_radius(attack, estimator, images):
    rounding = nn.Sequential(Rounding(), estimator)
    result = run(attack, rounding, images)
    assert torch.equal(result.directionless, result.gradients > 0)
    assert (result.accepted[result.directionless] == 0).all()
    assert not run(attack, estimator, images).directionless.any()


class Rounding(nn.Module):
    """Takes the gradient away."""

    def forward(self, inputs):
        return (inputs * 4).round() / 4


def test_the_condition_holds_where_it_is_said_to_hold(attack, estimator, images):
    _, condition = goal_of(attack, estimator, images)
    result = run(attack, estimator, images, batch_size=COUNT)
    assert torch.equal(condition(result.inputs, torch.arange(COUNT)), result.feasible)
    assert result.feasible.any()


def test_where_nothing_is_feasible_the_original_is_returned(attack, estimator, images):
    objective, _ = goal_of(attack, estimator, images)
    never = lambda inputs, rows: torch.zeros(len(inputs), dtype=torch.bool)  # noqa: E731
    result = attack(objective, images, budget_of(attack), never, batch_size=4)
    assert not result.feasible.any()
    assert torch.equal(result.inputs, images)
    assert (result.radius == 0).all()
    assert (result.accepted == 0).all()


def test_what_keeps_the_best_never_ends_below_the_start(attack, estimator, images):
    if not attack.keeps_best:
        pytest.skip(f"{type(attack).__name__} may end below its start")
    objective, _ = goal_of(attack, estimator, images)
    result, rows = run(attack, estimator, images, batch_size=COUNT), torch.arange(COUNT)
    assert (objective(result.inputs, rows) >= objective(images, rows)).all()


def test_rows_and_samples_are_all_that_an_input_depends_on(attack, estimator, images):
    keys = torch.arange(COUNT) * 7
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(2))
    own = estimator(images).prediction

    def attacked(which):
        objective, condition = goal_for(attack, estimator, own[which], which)
        return attack(objective, images[which], budget_of(attack), condition, batch_size=4, samples=keys[which])

    whole = attacked(torch.arange(COUNT))
    for which in (order, order[3:9]):
        part = attacked(which)
        assert torch.equal(part.inputs, whole.inputs[which])
        for name in PER_INPUT:
            assert torch.equal(getattr(part, name), getattr(whole, name)[which]), name


def test_is_the_same_when_run_again_and_leaves_everything_as_it_was(attack, estimator, images):
    before, weights = images.clone(), copy.deepcopy(estimator.state_dict())
    modes = [module.training for module in estimator.modules()]
    random = torch.random.get_rng_state()
    first, again = run(attack, estimator, images), run(attack, estimator, images)
    assert torch.equal(first.inputs, again.inputs)
    assert torch.equal(images, before)
    assert [module.training for module in estimator.modules()] == modes
    assert all(torch.equal(value, weights[name]) for name, value in estimator.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in estimator.parameters())
    assert torch.equal(torch.random.get_rng_state(), random)


def test_no_inputs(attack, estimator, images):
    objective, condition = goal_of(attack, estimator, images)
    assert len(attack(objective, images[:0], budget_of(attack), condition, batch_size=4).inputs) == 0


def test_inputs_out_of_bounds_are_refused(attack, estimator, images):
    objective, condition = goal_of(attack, estimator, images)
    with pytest.raises(AttackError, match=r"expected values in \[0, 1\]"):
        attack(objective, images * 255, budget_of(attack), condition)


def test_settings_can_be_printed_hashed_and_compared(name, attack):
    same = ATTACKS[name](**SETTINGS[name])
    assert attack == same
    assert hash(attack) == hash(same)
    assert type(attack).__name__ in repr(attack)
    with pytest.raises(AttributeError):
        attack.anything = 1


def test_a_radius_of_0_changes_nothing(attack, estimator, images):
    assert torch.equal(run(attack, estimator, images, radius=0.0).inputs, images)
