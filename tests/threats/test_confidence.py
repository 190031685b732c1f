"""Attacks in every setting, on classifiers of two classes that are linear: where each of them must end is known."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pytest
import torch

from feint import metrics
from feint.attacks import Adversarial
from feint.attacks.confidence.targets import random_confidence_targets, reversal_targets
from feint.errors import SpecError
from feint.runs.machine import Machine
from feint.threats.confidence import ConfidenceThreat
from feint.threats.settings import Knowledge, ThreatWord
from feint.victims.data import load_data
from feint.victims.judgement import judge
from feint.victims.settings import DataSettings, VictimSettings
from feint.victims.victim import load_victim, resolved

PIXELS, COUNT, RADIUS = 16, 24, 0.05
DRAWN = np.random.default_rng(0)
WEIGHTS = {
    name: (scale * DRAWN.choice([-1, 1], PIXELS) * DRAWN.uniform(0.5, 2, PIXELS)).round(2)
    for name, scale in {"victim": 1, "near": 1, "steep": 40, "teacher": 1}.items()
}
"""Of class 1, by network; class 0 has none. The other networks have nothing in common with the victim."""

NETWORKS = """
import torch
from torch import nn


class Silent(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits):
        return logits.clone()

    @staticmethod
    def backward(ctx, slope):
        raise RuntimeError("asked for a gradient")


class Linear(nn.Module):
    def __init__(self, weights, dropout=0.0, silent=False):
        super().__init__()
        self.dropout, self.silent = nn.Dropout(dropout), silent
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, images):
        margin = self.dropout(images.flatten(1) - 0.5) @ self.weights
        logits = torch.stack([torch.zeros_like(margin), margin], dim=1)
        return Silent.apply(logits) if self.silent else logits


def victim():
    return Linear(victim_weights)


def silent():
    return Linear(victim_weights, silent=True)


def near():
    return Linear(near_weights)


def twin():
    return Linear([2 * weight for weight in near_weights])


def near_dropout():
    return Linear(near_weights, dropout=0.5)


def steep():
    return Linear(steep_weights)


def teacher():
    return Linear(teacher_weights)


def dropout():
    return Linear(victim_weights, dropout=0.5)


class Curved(nn.Module):
    def __init__(self, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 3))

    def forward(self, images):
        return 5 * self.layers(6 * (images - 0.5))


def curved():
    return Curved()
"""

IMAGES = np.random.default_rng(1).uniform(0.25, 0.75, (COUNT, 4, 4, 1)).astype(np.float32)


def margins(images, name="victim"):
    return (np.asarray(images, np.float64).reshape(len(images), PIXELS) - 0.5) @ WEIGHTS[name]


OWN = (margins(IMAGES) > 0).astype(np.int64)
RIGHT = np.arange(COUNT) % 3 > 0
LABELS = np.where(RIGHT, OWN, 1 - OWN)
TAUGHT = (margins(IMAGES, "teacher") > 0).astype(np.int64)


def logistic(values):
    return 1 / (1 + np.exp(-np.asarray(values)))


def signs(chosen):
    """1 where confidence goes up for a prediction of class 1, or down for one of class 0; else -1."""
    return np.where(chosen, 1, -1) * np.where(OWN == 1, 1, -1)


def steps_along(direction, radius):
    """The victim's radii and the points of the paper's attack: halved until the label is kept, at most 15 tries."""
    flat = IMAGES.astype(np.float64).reshape(COUNT, PIXELS)
    accepted = np.zeros(COUNT)
    for tried in (radius * 0.5**attempt for attempt in range(15)):
        kept = (margins(flat + tried * direction) > 0) == OWN
        accepted[(accepted == 0) & kept] = tried
    return accepted, flat + accepted[:, None] * direction


@dataclass(frozen=True, eq=False)
class Found:
    """What a threat came to, judged with the draws that it saw."""

    threat: ConfidenceThreat
    clean: torch.Tensor
    targets: torch.Tensor | None
    labels: np.ndarray
    results: dict[float, Adversarial]
    known: dict = field(default_factory=dict)

    def columns(self, radius=None):
        """By name, at a radius (None: the first); clean ones where it is 0."""
        radius = next(iter(self.results)) if radius is None else radius
        if radius not in self.known:
            result, samples = self.results.get(radius), torch.arange(COUNT)
            inputs = torch.tensor(IMAGES).permute(0, 3, 1, 2) if result is None else result.inputs
            with torch.no_grad():
                said = self.threat.victim.estimator()(inputs, samples)
            found = judge(said, torch.tensor(self.labels), self.threat.victim.measures)
            found["clean_prediction"] = self.clean.numpy()
            if result is not None:
                found |= {name: getattr(result, name).numpy() for name in ("accepted", "queries")}
                found["gradients"] = result.gradients.numpy() * self.threat.guides
                found["changed"] = (self.image(radius) != IMAGES.reshape(COUNT, PIXELS)).mean(axis=1)
            self.known[radius] = found
        return self.known[radius]

    def __call__(self, name, radius=None):
        return self.columns(radius)[name]

    def image(self, radius):
        """The attacked images, a row each."""
        return self.results[radius].inputs.numpy().reshape(COUNT, PIXELS)

    def aurc(self, radius=None):
        doubt, wrong = self("measure:max_probability", radius), self("prediction", radius) != self.labels
        return metrics.aurc(torch.tensor(doubt), torch.tensor(wrong))

    @property
    def kendall_tau(self):
        before, after = (torch.tensor(self("measure:max_probability", radius)) for radius in (0, None))
        return metrics.kendall_tau(before, after)

    @property
    def kept(self):
        return (self("prediction") == self("clean_prediction")).mean()

    @cached_property
    def points(self):
        return self.image(next(iter(self.results)))

    @property
    def confidence(self):
        return 1 - self("measure:max_probability")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("setting")
    weights = "".join(f"{name}_weights = {list(map(float, values))}\n" for name, values in WEIGHTS.items())
    (folder / "networks.py").write_text(weights + NETWORKS)
    np.savez(folder / "images.npz", images=IMAGES, labels=LABELS)
    return folder


@pytest.fixture(scope="module")
def attacked(root):
    """What a threat, given in the grammar, does to a network; the networks that help it are given by name."""
    machine, known = Machine("cpu", 1), dict[str, Found]()

    def named(name):
        return f"{root / 'networks.py'}:{name}"

    def call(
        network="victim", attack="ace", *, radii=(RADIUS,), estimator="softmax", data="images.npz", seed=0, **told
    ):
        told |= {"proxies": [named(each) for each in told["proxies"]]} if "proxies" in told else {}
        told |= {"truth": named(told["truth"])} if "truth" in told else {}
        key = f"{network} {attack} {radii} {estimator} {data} {seed} {told}"
        if key not in known:
            dataset = load_data(DataSettings(source=str(root / data)), machine)
            about = VictimSettings.parse({"networks": [named(network)], "estimator": estimator})
            victim = load_victim(resolved(about, machine), dataset, machine, seed=seed)
            threat = ConfidenceThreat.of(
                ThreatWord.of(attack),
                Knowledge.parse(told),
                victim,
                machine,
                ranks=victim.default_measure,
                batch_size=COUNT,
            )
            images, labels, samples = dataset.gather(range(COUNT))
            own = victim.estimator()(images, samples).prediction
            targets = None
            if threat.word.goal == "reverse":
                targets = reversal_targets(threat.clean_uncertainty(images, samples))
            results = threat.run(images, labels, samples, own, radii, targets=targets, seed=seed)
            known[key] = Found(threat, own, targets, labels.numpy(), dict(zip(radii, results, strict=True)))
        return known[key]

    return call


def is_at(found, direction, radius=RADIUS):
    """Whether the attack ended where the paper's does along a direction."""
    accepted, points = steps_along(direction, radius)
    return np.allclose(found("accepted", radius), accepted, rtol=1e-6) and np.allclose(
        found.image(radius), points, atol=1e-6
    )


def raised_when_disrupting(found, radius):
    """What disrupting confidence raises, per input."""
    wrong = found("clean_prediction", radius) != found("label", radius)
    return np.where(wrong, -1, 1) * np.log(found("measure:max_probability", radius))


def test_the_white_box_is_the_papers_on_a_linear_victim(attacked):
    found = attacked(radii=(RADIUS, 0.15))
    for radius in (RADIUS, 0.15):
        assert is_at(found, signs(~RIGHT)[:, None] * np.sign(WEIGHTS["victim"]), radius)
        assert (found("gradients", radius) == 1).all()
    assert 0 < np.mean(found("accepted", 0.15) < 0.15) < 1


@pytest.mark.parametrize(("proxies", "gradients"), [(["near"], 1), (["near", "teacher"], 2)])
def test_a_black_box_takes_its_gradients_from_the_proxies_alone(attacked, proxies, gradients):
    found = attacked("silent", proxies=proxies, radii=(0.01, RADIUS))  # whose gradient raises
    for radius in (0.01, RADIUS):
        assert (found("gradients", radius) == gradients).all()
        assert (found("queries", radius) >= 1).all()
        assert (found("prediction", radius) == OWN).all()
    with pytest.raises(RuntimeError, match="asked for a gradient"):
        attacked("silent")


def test_a_black_box_goes_along_the_proxys_gradient_for_the_victims_label(attacked):
    found = attacked("silent", proxies=["near"])
    assert is_at(found, signs(~RIGHT)[:, None] * np.sign(WEIGHTS["near"]))
    assert found.aurc() != attacked().aurc()
    assert not np.allclose(found.points, attacked().points, atol=1e-3)


def test_several_steps_count_a_gradient_for_each_proxy(attacked):
    one, two = (
        attacked("silent", "iterative-ace:steps=3", proxies=proxies) for proxies in (["near"], ["near", "twin"])
    )
    assert one("gradients").max() == 3
    assert (two("gradients") == 2 * one("gradients")).all()  # of the same signs
    assert np.allclose(two.points, one.points, atol=1e-6)


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_proxies_are_averaged_as_asked(attacked, average):
    found = attacked("silent", proxies=["near", "steep"], proxy_average=average)
    near, steep = (margins(IMAGES, name)[:, None] for name in ("near", "steep"))
    slope = WEIGHTS["near"] + WEIGHTS["steep"] + 0 * near
    if average == "probability":
        shares = [logistic(margin) * logistic(-margin) for margin in (near, steep)]
        slope = shares[0] * WEIGHTS["near"] + shares[1] * WEIGHTS["steep"]
    assert is_at(found, signs(~RIGHT)[:, None] * np.sign(slope))


def test_proxies_are_averaged_by_probability_unless_told(attacked):
    asked = ({}, {"proxy_average": "probability"}, {"proxy_average": "logit"})
    found = [attacked("silent", proxies=["near", "steep"], **values) for values in asked]
    assert np.array_equal(found[0].points, found[1].points)
    assert not np.allclose(found[1].points, found[2].points, atol=1e-3)


STOCHASTIC = "mc-dropout:draws=2"
UNDER = "ace:goal=underconfidence"


def test_an_indirect_attack_does_not_see_the_masks(attacked):
    common = {"estimator": STOCHASTIC, "any_label": True}
    direct, indirect = (attacked("dropout", UNDER, indirect=indirect, **common) for indirect in (False, True))
    unseen = (direct.points == IMAGES.reshape(COUNT, PIXELS)).all(axis=0)
    assert unseen.any()  # pixels that both masks drop have no gradient
    assert (direct("changed") < 1).all()
    assert (indirect("changed") == 1).all()
    own = np.where(indirect("clean_prediction") == 1, 1, -1)  # the stochastic victim's
    expected = IMAGES.reshape(COUNT, PIXELS) - RADIUS * own[:, None] * np.sign(WEIGHTS["victim"])
    assert np.allclose(indirect.points, expected, atol=1e-6)
    assert (indirect("gradients") == 1).all()


def test_an_indirect_attack_is_that_on_the_plain_network(attacked):
    indirect = attacked("dropout", UNDER, estimator=STOCHASTIC, indirect=True, any_label=True)
    plain = attacked("dropout", UNDER, any_label=True)
    alike = indirect("clean_prediction") == plain("clean_prediction")
    assert alike.sum() >= COUNT / 2
    assert np.array_equal(indirect.points[alike], plain.points[alike])


def test_the_label_that_an_indirect_attack_keeps_is_the_stochastic_victims(attacked):
    found = attacked("dropout", estimator=STOCHASTIC, indirect=True, radii=(0.2,))
    assert (found("prediction") == found("clean_prediction")).all()
    assert (found("accepted") < 0.2).any()


def test_proxies_are_asked_without_dropout(attacked):
    found = attacked("dropout", estimator=STOCHASTIC, proxies=["near_dropout"])
    assert (found("changed") == 1).all()
    own = np.where(found("clean_prediction") == 1, 1, -1)
    up = np.where(found("clean_prediction") == LABELS, -1, 1)
    moved = np.sign(found.points - IMAGES.reshape(COUNT, PIXELS))
    far = found("accepted") > 1e-3
    assert far.sum() >= COUNT / 2
    assert np.array_equal(moved[far], ((own * up)[:, None] * np.sign(WEIGHTS["near"]))[far])


def test_indirect_and_proxies_do_not_go_together(attacked):
    with pytest.raises(SpecError, match="indirect"):
        attacked("dropout", estimator=STOCHASTIC, indirect=True, proxies=["near"])


def test_where_the_teacher_errs_the_directions_flip(attacked):
    known, taught = attacked(), attacked(truth="teacher")
    errs = TAUGHT != LABELS
    assert errs.any()
    assert not errs.all()
    assert is_at(taught, signs(TAUGHT != OWN)[:, None] * np.sign(WEIGHTS["victim"]))
    change = np.sign([each.confidence - logistic(np.abs(margins(IMAGES))) for each in (known, taught)])
    assert np.array_equal(change[0] == change[1], ~errs)
    assert (taught("gradients") == 1).all()


def test_with_a_teacher_the_labels_only_judge(attacked, root):
    np.savez(root / "relabelled.npz", images=IMAGES, labels=LABELS[::-1])
    found, other = attacked(truth="teacher"), attacked(truth="teacher", data="relabelled.npz")
    assert np.array_equal(found.points, other.points)
    assert (found("label") == LABELS).all()
    assert (other("label") == LABELS[::-1]).all()


def test_steering_raises_the_chosen_predictions_and_lowers_the_others(attacked):
    clean = logistic(np.abs(margins(IMAGES)))
    for raised in (0, 1):
        found = attacked(attack=f"ace:goal=steer,target={raised}")
        assert np.array_equal(found.confidence > clean, np.isin(OWN, raised))
        assert is_at(found, signs(np.isin(OWN, raised))[:, None] * np.sign(WEIGHTS["victim"]))
    assert (attacked(attack="ace:goal=steer,target=0,1").confidence > clean).all()


def test_steering_needs_labels(attacked):
    with pytest.raises(SpecError, match=r"ace\.target: expected the labels whose confidence steering raises, got none"):
        attacked(attack="ace:goal=steer")
    with pytest.raises(SpecError, match=r"ace\.target: expected labels from 0 to 1, got 2"):
        attacked(attack="ace:goal=steer,target=2")
    with pytest.raises(SpecError, match=r"ace\.target: expected the goal steer, got disrupt"):
        attacked(attack="ace:target=1")


def test_confidence_goes_down_and_up(attacked):
    clean = logistic(np.abs(margins(IMAGES)))
    under, over = (attacked(attack=f"ace:goal={goal}") for goal in ("underconfidence", "overconfidence"))
    assert (under.confidence < clean).all()
    assert (over.confidence > clean).all()
    assert is_at(under, signs(np.zeros(COUNT))[:, None] * np.sign(WEIGHTS["victim"]))
    assert is_at(over, signs(np.ones(COUNT))[:, None] * np.sign(WEIGHTS["victim"]))


def test_random_confidence_is_of_its_own_and_of_the_seed(attacked):
    def aimed(goal, seed=0):
        return attacked(attack=f"iterative-ace:steps=5,goal={goal}", radii=(0.1,), seed=seed)

    found = {seed: aimed("random-confidence", seed) for seed in (0, 1)}
    for goal in ("disrupt", "underconfidence", "overconfidence"):
        assert not np.allclose(found[0].points, aimed(goal).points, atol=1e-3)
    assert not np.allclose(found[0].points, found[1].points, atol=1e-3)
    clean = np.abs(margins(IMAGES))
    for seed, each in found.items():
        wanted = random_confidence_targets(torch.arange(COUNT), 2, seed=seed).numpy()
        distance = np.abs(np.log(each("measure:max_probability")) - np.log(wanted))
        before = np.abs(np.log(logistic(-clean)) - np.log(wanted))
        assert (distance <= before + 1e-4).all()  # of pixels in single precision
        assert distance.mean() < 0.7 * before.mean()


def test_reversing_turns_the_order_around(attacked):
    found, other = (
        attacked(attack=f"iterative-ace:steps=8,goal={goal}", radii=(0.2,)) for goal in ("reverse", "disrupt")
    )
    assert found.kendall_tau < -0.3
    assert (found("prediction") == OWN).all()
    assert other.kendall_tau > -0.3
    doubt = logistic(-np.abs(margins(IMAGES)))
    mirrored = np.empty(COUNT)
    mirrored[doubt.argsort()] = np.sort(doubt)[::-1]
    assert found.targets.tolist() == pytest.approx(mirrored, rel=1e-4)


def test_any_label_lifts_the_condition(attacked):
    kept, lifted = (attacked(radii=(0.2,), any_label=lifted) for lifted in (False, True))
    assert kept.kept == 1
    assert (kept("accepted") < 0.2).any()
    assert lifted.kept < 1
    assert lifted("accepted") == pytest.approx(0.2)
    assert (lifted("queries") == 0).all()
    expected = np.abs(margins(IMAGES)) + np.where(RIGHT, -1, 1) * 0.2 * np.abs(WEIGHTS["victim"]).sum()
    assert np.array_equal(lifted("prediction") == OWN, expected > 0)


@pytest.mark.parametrize("search", ["backtracking", "bisection"])
def test_more_steps_are_never_weaker(attacked, search):
    words = (f"ace:search={search}", f"iterative-ace:steps=5,search={search}")
    one, five = (attacked("curved", word, radii=(0.03, 0.1)) for word in words)
    for radius in (0.03, 0.1):
        values = [raised_when_disrupting(each, radius) for each in (one, five)]
        assert (values[1] >= values[0] - 1e-6).all()
        assert (values[1] > values[0] + 1e-3).any()
        assert (one("gradients", radius) == 1).all()
        assert 1 < five("gradients", radius).max() <= 5


def test_momentum_takes_another_way(attacked):
    plain, heavy = (
        attacked("curved", f"iterative-ace:steps=5,momentum={momentum}", radii=(0.1,)) for momentum in (0.0, 0.9)
    )
    assert not np.allclose(plain.points, heavy.points, atol=1e-3)


def test_the_best_try_is_the_nearest_to_a_target(attacked):
    word = (
        "ace:goal=random-confidence,search=backtracking,search.tries=4,search.accept="  # one step runs past its target
    )
    first, best = (attacked(attack=word + accept, radii=(0.2,)) for accept in ("first", "best"))
    wanted = np.log(random_confidence_targets(torch.arange(COUNT), 2, seed=0).numpy())
    missed = [np.abs(np.log(each("measure:max_probability")) - wanted) for each in (first, best)]
    assert (missed[1] <= missed[0] + 1e-6).all()
    assert (missed[1] < missed[0] - 0.1).any()
    clean = np.abs(margins(IMAGES))
    slope = np.where(np.log(logistic(-clean)) > wanted, 1, -1) * np.abs(WEIGHTS["victim"]).sum()
    tried = np.array([clean + 0.2 * 0.5**attempt * slope for attempt in range(4)])
    misses = np.where(tried > 0, np.abs(np.log(logistic(-tried)) - wanted), np.inf).min(axis=0)
    found = best("accepted") > 0
    assert np.array_equal(found, np.isfinite(misses))
    assert missed[1][found] == pytest.approx(misses[found], abs=1e-4)
    assert (best("queries")[found] == 4).all()
    assert (first("queries") < 4).any()


def test_decay_and_tries_are_those_asked_for(attacked):
    found = attacked(attack="ace:search.decay=0.2,search.tries=2", radii=(0.25,))
    reached = np.abs(margins(IMAGES)) / np.abs(WEIGHTS["victim"]).sum()
    expected = np.where(~RIGHT | (reached > 0.25), 0.25, np.where(reached > 0.05, 0.05, 0.0))
    assert found("accepted") == pytest.approx(expected)
    assert len(np.unique(expected)) >= 2


def test_bisection_goes_as_far_as_the_label_lets_it(attacked):
    halved, bisected = (
        attacked(attack=f"ace:search={search}", radii=(0.2,)) for search in ("backtracking", "bisection")
    )
    assert (bisected("accepted") >= halved("accepted") - 2e-6).all()
    edge = np.abs(margins(IMAGES)) / np.abs(WEIGHTS["victim"]).sum()
    assert bisected("accepted") == pytest.approx(np.where(RIGHT, np.minimum(edge, 0.2), 0.2), abs=3e-6)
    assert (bisected("accepted") > halved("accepted") + 1e-3).any()
    assert (bisected("prediction") == OWN).all()


def test_the_measure_attacked_may_be_another_than_the_one_that_ranks(attacked):
    names = ("max_probability", "predictive_entropy")
    values = {"radii": (0.002,), "any_label": True}
    found = {name: attacked("curved", f"{UNDER},measure={name}", **values) for name in names}
    for name, other in (names, names[::-1]):
        reached = [found[attacked](f"measure:{name}").mean() for attacked in (name, other)]
        assert reached[0] > reached[1]
    assert np.array_equal(attacked("curved", UNDER, **values).points, found["max_probability"].points)
