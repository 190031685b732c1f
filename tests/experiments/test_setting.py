"""Attacks in every setting, on classifiers of two classes that are linear: where each of them must end is known."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from feint.experiments.setting import Setting
from feint.results import RunFolder, column, records

from feint.app.cli import main
from feint.attacks.confidence.targets import random_confidence_targets
from feint.errors import SpecError
from feint.experiments import AuditSpec, audit

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


@dataclass(frozen=True)
class Found:
    """An audit: its folder, its summary, and by radius the attacked images."""

    folder: RunFolder
    summary: dict
    images: dict[float, np.ndarray]

    def __call__(self, name, radius=None, variant="attacked", repeat=0):
        """A column of the attacked records, by default at the first radius."""
        radius = next(iter(self.images)) if radius is None else radius
        found = records.select(self.folder.read(), variant=variant, repeat=repeat)
        return np.asarray(column(found if variant == "clean" else records.select(found, radius=radius), name))

    @property
    def points(self):
        return next(iter(self.images.values()))

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
def named(root):
    """A network as a specification."""
    return lambda name: {"name": f"{root / 'networks.py'}:{name}"}


@pytest.fixture(scope="module")
def no_report():
    """No report: it takes seconds and has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[audit.__module__], "write_audit_report", lambda *_, **__: None)
        yield


@pytest.fixture(scope="module")
def audited(root, named, no_report):
    """An audit of a network under an attack whose networks are given by name; what was asked for before is there."""
    known: dict[str, Found] = {}

    def call(network="victim", *, radii=(RADIUS,), victim=None, out="runs", data="images.npz", **values):
        own = ("seed", "batch_size")
        running = {name: values.pop(name) for name in own if name in values}
        attack = {
            name: [named(each) for each in value] if name == "proxies" else named(value) if name == "truth" else value
            for name, value in values.items()
        }
        spec = AuditSpec.parse(
            {
                "data": {"source": str(root / data)},
                "victim": {"networks": [named(network)], **(victim or {})},
                "attack": attack,
                "radii": radii,
                "repeats": 1,
                "threads": 1,
                **running,
            }
        )
        key = f"{out} {spec.model_dump_json()}"
        if key not in known:
            parts: list[list[torch.Tensor]] = []
            run = Setting.run

            def spied(*arguments, **keywords):
                results = run(*arguments, **keywords)
                parts.append([result.inputs for result in results])
                return results

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Setting, "run", spied)
                result = audit(spec, root / out, progress=False)
            images = {
                radius: torch.cat(each).numpy().reshape(-1, PIXELS)
                for radius, each in zip(radii, zip(*parts, strict=True), strict=True)
            }
            known[key] = Found(RunFolder.load(result.folder), result.summary, images)
        return known[key]

    return call


def is_at(found, direction, radius=RADIUS):
    """Whether the attack ended where the paper's does along a direction."""
    accepted, points = steps_along(direction, radius)
    return np.allclose(found("accepted", radius), accepted, rtol=1e-6) and np.allclose(
        found.images[radius], points, atol=1e-6
    )


def raised_when_disrupting(found, radius):
    """What disrupting confidence raises, per input."""
    wrong = found("clean_prediction", radius) != found("label", radius)
    return np.where(wrong, -1, 1) * np.log(found("measure:max_probability", radius))


def test_the_white_box_is_the_papers_on_a_linear_victim(audited):
    found = audited(radii=(RADIUS, 0.15))
    for radius in (RADIUS, 0.15):
        assert is_at(found, signs(~RIGHT)[:, None] * np.sign(WEIGHTS["victim"]), radius)
        assert (found("gradients", radius) == 1).all()
    assert 0 < np.mean(found("accepted", 0.15) < 0.15) < 1


@pytest.mark.parametrize(("proxies", "gradients"), [(["near"], 1), (["near", "teacher"], 2)])
def test_a_black_box_takes_its_gradients_from_the_proxies_alone(audited, proxies, gradients):
    found = audited("silent", proxies=proxies, radii=(0.01, RADIUS))  # whose gradient raises
    for radius in (0.01, RADIUS):
        assert (found("gradients", radius) == gradients).all()
        assert (found("queries", radius) >= 1).all()
        assert (found("prediction", radius) == OWN).all()
    with pytest.raises(RuntimeError, match="asked for a gradient"):
        audited("silent")


def test_a_black_box_goes_along_the_proxys_gradient_for_the_victims_label(audited):
    found = audited("silent", proxies=["near"])
    assert is_at(found, signs(~RIGHT)[:, None] * np.sign(WEIGHTS["near"]))
    assert found.summary["attacked"][0]["aurc"] != audited().summary["attacked"][0]["aurc"]
    assert not np.allclose(found.points, audited().points, atol=1e-3)


def test_several_steps_count_a_gradient_for_each_proxy(audited):
    one, two = (audited("silent", proxies=proxies, steps=3) for proxies in (["near"], ["near", "twin"]))
    assert one("gradients").max() == 3
    assert (two("gradients") == 2 * one("gradients")).all()  # of the same signs
    assert np.allclose(two.points, one.points, atol=1e-6)


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_proxies_are_averaged_as_asked(audited, average):
    found = audited("silent", proxies=["near", "steep"], proxy_average=average)
    near, steep = (margins(IMAGES, name)[:, None] for name in ("near", "steep"))
    slope = WEIGHTS["near"] + WEIGHTS["steep"] + 0 * near
    if average == "probability":
        shares = [logistic(margin) * logistic(-margin) for margin in (near, steep)]
        slope = shares[0] * WEIGHTS["near"] + shares[1] * WEIGHTS["steep"]
    assert is_at(found, signs(~RIGHT)[:, None] * np.sign(slope))


def test_proxies_are_averaged_by_probability_unless_told(audited):
    asked = ({}, {"proxy_average": "probability"}, {"proxy_average": "logit"})
    found = [audited("silent", proxies=["near", "steep"], **values) for values in asked]
    assert np.array_equal(found[0].points, found[1].points)
    assert not np.allclose(found[1].points, found[2].points, atol=1e-3)


STOCHASTIC = {"estimator": "mc-dropout", "draws": 2}


def test_an_indirect_attack_does_not_see_the_masks(audited):
    common = {"victim": STOCHASTIC, "goal": "underconfidence", "keep_label": False}
    direct, indirect = (audited("dropout", indirect=indirect, **common) for indirect in (False, True))
    unseen = (direct.points == IMAGES.reshape(COUNT, PIXELS)).all(axis=0)
    assert unseen.any()  # pixels that both masks drop have no gradient
    assert (direct("changed") < 1).all()
    assert (indirect("changed") == 1).all()
    own = np.where(indirect("clean_prediction") == 1, 1, -1)  # the stochastic victim's
    expected = IMAGES.reshape(COUNT, PIXELS) - RADIUS * own[:, None] * np.sign(WEIGHTS["victim"])
    assert np.allclose(indirect.points, expected, atol=1e-6)
    assert (indirect("gradients") == 1).all()


def test_an_indirect_attack_is_that_on_the_plain_network(audited):
    common = {"goal": "underconfidence", "keep_label": False}
    indirect = audited("dropout", victim=STOCHASTIC, indirect=True, **common)
    plain = audited("dropout", **common)
    alike = indirect("clean_prediction") == plain("clean_prediction")
    assert alike.sum() >= COUNT / 2
    assert np.array_equal(indirect.points[alike], plain.points[alike])


def test_the_label_that_an_indirect_attack_keeps_is_the_stochastic_victims(audited):
    found = audited("dropout", victim=STOCHASTIC, indirect=True, radii=(0.2,))
    assert (found("prediction") == found("clean_prediction")).all()
    assert (found("accepted") < 0.2).any()


def test_proxies_are_asked_without_dropout(audited):
    found = audited("dropout", victim=STOCHASTIC, proxies=["near_dropout"])
    assert (found("changed") == 1).all()
    own = np.where(found("clean_prediction") == 1, 1, -1)
    up = np.where(found("clean_prediction") == LABELS, -1, 1)
    moved = np.sign(found.points - IMAGES.reshape(COUNT, PIXELS))
    far = found("accepted") > 1e-3
    assert far.sum() >= COUNT / 2
    assert np.array_equal(moved[far], ((own * up)[:, None] * np.sign(WEIGHTS["near"]))[far])


def test_indirect_and_proxies_do_not_go_together(audited):
    with pytest.raises(SpecError, match="indirect"):
        audited("dropout", victim=STOCHASTIC, indirect=True, proxies=["near"])


def test_where_the_teacher_errs_the_directions_flip(audited):
    known, taught = audited(), audited(truth="teacher")
    errs = TAUGHT != LABELS
    assert errs.any()
    assert not errs.all()
    assert is_at(taught, signs(TAUGHT != OWN)[:, None] * np.sign(WEIGHTS["victim"]))
    change = np.sign([each.confidence - logistic(np.abs(margins(IMAGES))) for each in (known, taught)])
    assert np.array_equal(change[0] == change[1], ~errs)
    assert (taught("gradients") == 1).all()


def test_with_a_teacher_the_labels_only_judge(audited, root):
    np.savez(root / "relabelled.npz", images=IMAGES, labels=LABELS[::-1])
    found, other = audited(truth="teacher"), audited(truth="teacher", data="relabelled.npz")
    assert np.array_equal(found.points, other.points)
    assert (found("label") == LABELS).all()
    assert (other("label") == LABELS[::-1]).all()


def test_steering_raises_the_chosen_predictions_and_lowers_the_others(audited):
    clean = logistic(np.abs(margins(IMAGES)))
    for raised in (0, 1):
        found = audited(goal="steer", raised=[raised])
        assert np.array_equal(found.confidence > clean, np.isin(OWN, raised))
        assert is_at(found, signs(np.isin(OWN, raised))[:, None] * np.sign(WEIGHTS["victim"]))
    assert (audited(goal="steer", raised=[0, 1]).confidence > clean).all()


def test_steering_needs_labels(audited):
    with pytest.raises(SpecError, match="raised"):
        audited(goal="steer")


def test_confidence_goes_down_and_up(audited):
    clean = logistic(np.abs(margins(IMAGES)))
    under, over = (audited(goal=goal) for goal in ("underconfidence", "overconfidence"))
    assert (under.confidence < clean).all()
    assert (over.confidence > clean).all()
    assert is_at(under, signs(np.zeros(COUNT))[:, None] * np.sign(WEIGHTS["victim"]))
    assert is_at(over, signs(np.ones(COUNT))[:, None] * np.sign(WEIGHTS["victim"]))


def test_random_confidence_is_of_its_own_and_of_the_seed(audited):
    values = {"radii": (0.1,), "steps": 5}
    found = {seed: audited(goal="random-confidence", seed=seed, **values) for seed in (0, 1)}
    for goal in ("disrupt", "underconfidence", "overconfidence"):
        assert not np.allclose(found[0].points, audited(goal=goal, **values).points, atol=1e-3)
    assert not np.allclose(found[0].points, found[1].points, atol=1e-3)
    clean = np.abs(margins(IMAGES))
    for seed, each in found.items():
        wanted = random_confidence_targets(torch.arange(COUNT), 2, seed=seed).numpy()
        distance = np.abs(np.log(each("measure:max_probability")) - np.log(wanted))
        before = np.abs(np.log(logistic(-clean)) - np.log(wanted))
        assert (distance <= before + 1e-4).all()  # of pixels in single precision
        assert distance.mean() < 0.7 * before.mean()


REVERSED = {"goal": "reverse", "radii": (0.2,), "steps": 8}


def test_reversing_turns_the_order_around(audited):
    found = audited(**REVERSED)
    assert found.summary["attacked"][0]["kendall_tau"] < -0.3
    assert (found("prediction") == OWN).all()
    assert audited(**{**REVERSED, "goal": "disrupt"}).summary["attacked"][0]["kendall_tau"] > -0.3
    targets = json.loads((found.folder.path / "targets.json").read_text())
    doubt = logistic(-np.abs(margins(IMAGES)))
    mirrored = np.empty(COUNT)
    mirrored[doubt.argsort()] = np.sort(doubt)[::-1]
    assert [targets[str(sample)] for sample in range(COUNT)] == pytest.approx(mirrored, rel=1e-4)


def test_targets_of_an_interrupted_reversal_are_used_again(audited, root, monkeypatch):
    values = {**REVERSED, "steps": 3, "batch_size": 3}  # two parts
    whole = audited(out="whole", **values)
    write = RunFolder.write_part

    def interrupted(folder, index, table):
        if index == 1:
            raise KeyboardInterrupt
        write(folder, index, table)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_part", interrupted)
        with pytest.raises(KeyboardInterrupt):
            audited(out="tampered", **values)
    (path,) = (root / "tampered").glob("*/targets.json")
    assert json.loads(path.read_text()) == json.loads((whole.folder.path / "targets.json").read_text())
    path.write_text(json.dumps({str(sample): 1e-6 for sample in range(COUNT)}))  # all as certain as can be
    tampered = audited(out="tampered", **values)
    first = np.arange(COUNT) < 12
    assert np.array_equal(tampered.confidence[first], whole.confidence[first])
    assert (tampered.confidence[~first] > logistic(np.abs(margins(IMAGES)))[~first]).all()


def test_any_label_lifts_the_condition(audited):
    kept, lifted = (audited(radii=(0.2,), keep_label=keep) for keep in (True, False))
    assert kept.summary["attacked"][0]["kept"] == 1
    assert (kept("accepted") < 0.2).any()
    assert lifted.summary["attacked"][0]["kept"] < 1
    assert lifted("accepted") == pytest.approx(0.2)
    assert (lifted("queries") == 0).all()
    expected = np.abs(margins(IMAGES)) + np.where(RIGHT, -1, 1) * 0.2 * np.abs(WEIGHTS["victim"]).sum()
    assert np.array_equal(lifted("prediction") == OWN, expected > 0)


@pytest.mark.parametrize("search", ["backtracking", "bisection"])
def test_more_steps_are_never_weaker(audited, search):
    one, five = (audited("curved", steps=steps, search=search, radii=(0.03, 0.1)) for steps in (1, 5))
    for radius in (0.03, 0.1):
        values = [raised_when_disrupting(each, radius) for each in (one, five)]
        assert (values[1] >= values[0] - 1e-6).all()
        assert (values[1] > values[0] + 1e-3).any()
        assert (one("gradients", radius) == 1).all()
        assert 1 < five("gradients", radius).max() <= 5


def test_momentum_takes_another_way(audited):
    plain, heavy = (audited("curved", steps=5, momentum=momentum, radii=(0.1,)) for momentum in (0.0, 0.9))
    assert not np.allclose(plain.points, heavy.points, atol=1e-3)


def test_the_best_try_is_the_nearest_to_a_target(audited):
    values = {"goal": "random-confidence", "tries": 4, "radii": (0.2,)}  # one step runs past its target
    first, best = (audited(accept=accept, **values) for accept in ("first", "best"))
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


def test_decay_and_tries_are_those_asked_for(audited):
    found = audited(radii=(0.25,), decay=0.2, tries=2)
    reached = np.abs(margins(IMAGES)) / np.abs(WEIGHTS["victim"]).sum()
    expected = np.where(~RIGHT | (reached > 0.25), 0.25, np.where(reached > 0.05, 0.05, 0.0))
    assert found("accepted") == pytest.approx(expected)
    assert len(np.unique(expected)) >= 2


def test_bisection_goes_as_far_as_the_label_lets_it(audited):
    halved, bisected = (audited(search=search, radii=(0.2,)) for search in ("backtracking", "bisection"))
    assert (bisected("accepted") >= halved("accepted") - 2e-6).all()
    edge = np.abs(margins(IMAGES)) / np.abs(WEIGHTS["victim"]).sum()
    assert bisected("accepted") == pytest.approx(np.where(RIGHT, np.minimum(edge, 0.2), 0.2), abs=3e-6)
    assert (bisected("accepted") > halved("accepted") + 1e-3).any()
    assert (bisected("prediction") == OWN).all()


def test_the_measure_attacked_may_be_another_than_the_one_that_ranks(audited):
    names = ("max_probability", "predictive_entropy")
    values = {"goal": "underconfidence", "radii": (0.002,), "keep_label": False}
    found = {name: audited("curved", measure=name, **values) for name in names}
    for name, other in (names, names[::-1]):
        reached = [found[attacked](f"measure:{name}").mean() for attacked in (name, other)]
        assert reached[0] > reached[1]
    assert np.array_equal(audited("curved", **values).points, found["max_probability"].points)


def test_the_command_line_says_how_to_attack(root, named, no_report, capsys):
    name = {each: named(each)["name"] for each in ("silent", "near", "twin", "teacher")}
    run = ["audit", "--data", root / "images.npz", "--network", name["silent"], "--out", root / "line"]
    run += ["--quiet", "--json", "--threads", 1, "--radii", RADIUS, "--goal", "steer", "--raised", "1"]
    run += ["--attack-measure", "margin", "--proxy", name["near"], "--proxy", name["twin"], "--proxy-average", "logit"]
    run += ["--steps", 3, "--momentum", 0.5, "--decay", 0.25, "--tries", 4, "--accept", "best", "--any-label"]
    assert main([str(each) for each in [*run, "--truth", name["teacher"]]]) == 0
    found = json.loads(capsys.readouterr().out)
    attack = RunFolder.load(Path(found["run"]["folder"])).spec["attack"]
    assert [proxy["name"] for proxy in attack.pop("proxies")] == [name["near"], name["twin"]]
    assert attack.pop("truth")["name"] == name["teacher"]
    assert attack == {
        "goal": "steer",
        "measure": "margin",
        "indirect": False,
        "proxy_average": "logit",
        "steps": 3,
        "momentum": 0.5,
        "search": "backtracking",
        "decay": 0.25,
        "tries": 4,
        "accept": "best",
        "keep_label": False,
        "raised": [1],
    }
