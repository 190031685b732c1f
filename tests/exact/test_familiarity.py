"""A linear ensemble of two classes: attacked as one it can gain the mean margin's slope, each member its own.

Logits of member m are (w_m . (x - 1/2), 0), whose first is the log-odds; within radius r of x, without bounds in reach,
the most that a member's own input can move them is r |w_m|_1, and one input for all moves their mean by r |mean w|_1.
"""

import pytest
import torch
from torch import nn

from feint.errors import NotApplicable, SpecError
from feint.estimators import DeepEnsemble, Softmax, predict
from feint.threats.familiarity import FamiliarityThreat, predict_members
from feint.threats.settings import ThreatWord
from feint.victims.settings import EstimatorWord, NetworkWord, VictimSettings
from feint.victims.victim import Victim

WEIGHTS = torch.tensor([[3.0, -2.0, 1.0, 4.0], [-1.0, -2.0, 5.0, 2.0]])
RADIUS = 0.05


class Linear(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images):
        odds = (images.flatten(1) - 0.5) @ self.weight
        return torch.stack([odds, torch.zeros_like(odds)], dim=1)


def victim(average="logit", members=2, **settings):
    networks = [Linear(weight) for weight in WEIGHTS[:members]]
    words = tuple(NetworkWord(name=f"n{at}") for at in range(members))
    told = VictimSettings(networks=words, average=average if members > 1 else None, **settings)
    return Victim(told, lambda: networks, ("a", "b"), 0, (1, 2, 2), "cpu")


def threat(word, whom):
    return FamiliarityThreat.of(ThreatWord.of(word), whom, 8)


@pytest.fixture
def images():
    drawn = torch.rand(20, 1, 2, 2, generator=torch.Generator().manual_seed(1)) * 0.6 + 0.2
    return drawn, torch.arange(20)


def odds(images, weight):
    return (images.flatten(1).double() - 0.5) @ weight.double()


@pytest.mark.parametrize("goal", ["accept", "reject"])
@pytest.mark.parametrize("attack", ["fgsm", "pgd:steps=10,reach=1,start=0.001", "bim:steps=5"])
def test_joint_moves_the_mean_by_the_mean_slope(images, attack, goal):
    points, samples = images
    (found,) = threat(f"{attack}{',' if ':' in attack else ':'}goal={goal}", victim()).run(points, samples, [RADIUS])
    mean = WEIGHTS.mean(0)
    before, after = odds(points, mean).abs(), odds(found.inputs, mean).abs()
    reach = RADIUS * float(mean.abs().sum())
    # Ten steps of a tenth from a start within 0.001 end as near to the corner as they began to the original.
    near = 1e-5 + (0.001 * float(mean.abs().sum()) if attack.startswith("pgd") else 0)
    if goal == "accept":
        torch.testing.assert_close(after, before + reach, rtol=0, atol=near)
    else:
        far = before > reach
        assert 0 < far.sum() < 20
        torch.testing.assert_close(after[far], before[far] - reach, rtol=0, atol=near)
        assert "pgd" not in attack or (after <= before + 1e-6).all(), "a step across the middle may end up beyond it"


def test_per_member_each_member_moves_by_its_own_slope_and_the_logits_are_averaged(images):
    points, samples = images
    whom = victim()
    ((first, second),) = threat("fgsm:goal=accept,members=per-member", whom).run_members(points, samples, [RADIUS])
    moved = []
    for found, weight in zip((first, second), WEIGHTS, strict=True):
        own = odds(points, weight)
        expected = own + RADIUS * weight.abs().sum() * own.sign()
        torch.testing.assert_close(odds(found.inputs, weight), expected, rtol=1e-5, atol=1e-5)
        moved.append(expected)
    judged = predict_members(whom.estimator(), [first.inputs, second.inputs], samples, 8)
    lead = judged.mean_log_probs[:, 0] - judged.mean_log_probs[:, 1]
    torch.testing.assert_close(lead, torch.stack(moved).mean(0), rtol=1e-4, atol=1e-4)


def test_no_member_looks_at_another(images):
    """Members that disagree are driven apart, where one input for both brings them together."""
    points, samples = images
    whom = victim()
    apart = (odds(points, WEIGHTS[0]) > 0) != (odds(points, WEIGHTS[1]) > 0)
    assert apart.any()
    ((first, second),) = threat("fgsm:goal=accept,members=per-member", whom).run_members(points, samples, [RADIUS])
    (joint,) = threat("fgsm:goal=accept", whom).run(points, samples, [RADIUS])
    split = predict_members(whom.estimator(), [first.inputs, second.inputs], samples, 8)
    together = predict(whom.estimator(), joint.inputs, samples, batch_size=8)
    surer = together.mean_log_probs.amax(1)[apart] - split.mean_log_probs.amax(1)[apart]
    assert (surer > 0).any()


def test_averaged_probabilities_stay_averaged_probabilities(images):
    points, samples = images
    estimator = victim("probability").estimator()
    found = predict_members(estimator, [points, points], samples, 8)
    torch.testing.assert_close(found.log_probs, predict(estimator, points, samples, batch_size=8).log_probs)


def test_a_measure_may_be_lowered_instead(images):
    points, samples = images
    (found,) = threat("fgsm:goal=accept,measure=predictive_entropy", victim()).run(points, samples, [RADIUS])
    (plain,) = threat("fgsm:goal=accept", victim()).run(points, samples, [RADIUS])
    assert torch.equal(found.inputs, plain.inputs), "of two classes both fall with the margin"


def test_the_nearest_accepted_point_is_where_the_confidence_is_nine_tenths(images):
    points, samples = (each[:8] for each in images)
    (found,) = threat("cw:goal=accept,searches=6,steps=200", victim()).run(points, samples, [2.0])
    mean = WEIGHTS.mean(0)
    after = odds(found.inputs, mean).abs()
    moved = found.radius > 0
    wanted = torch.log(torch.tensor(9.0, dtype=torch.float64))
    assert moved.any()
    assert (after[moved] > wanted - 1e-5).all()
    distance = (wanted - odds(points, mean).abs())[moved] / mean.norm()
    inside = ((found.inputs > 0.01) & (found.inputs < 0.99)).flatten(1).all(1)[moved]  # where no bound was in the way
    torch.testing.assert_close(found.radius[moved][inside].double(), distance[inside], rtol=0.1, atol=0.02)


@pytest.mark.parametrize(
    ("word", "whom", "expected"),
    [
        ("fgsm:goal=accept,members=per-member", victim(members=1), "members: expected an ensemble"),
        ("fgsm:goal=disrupt", victim(), "goal: expected accept or reject"),
        ("fgsm:goal=accept,target=1", victim(), "target: expected a goal about labels"),
        ("fgsm:goal=accept,evade=auto", victim(), "evade: expected the goal labels"),
        ("fgsm:goal=reject,draws=fresh", victim(), "draws: expected the goal labels"),
        ("cw:goal=accept,measure=margin", victim(), "measure: expected none"),
    ],
)
def test_what_does_not_go_together(word, whom, expected):
    with pytest.raises(SpecError, match=expected):
        threat(word, whom)


def test_a_measure_that_the_victim_does_not_have():
    with pytest.raises(NotApplicable):
        threat("fgsm:goal=accept,measure=native", victim())


@pytest.mark.parametrize("goal", ["accept", "reject"])
def test_whoever_is_all_but_sure_can_be_moved_as_well(images, goal):
    """At log-odds of 400 the slope of -log p itself is e^-400, which is 0 in float32."""
    points, samples = images
    network = Linear(200 * WEIGHTS[0])
    told = VictimSettings(networks=(NetworkWord(name="steep"),))
    whom = Victim(told, lambda: [network], ("a", "b"), 0, (1, 2, 2), "cpu")
    (found,) = threat(f"fgsm:goal={goal}", whom).run(points, samples, [RADIUS])
    own = odds(points, WEIGHTS[0])
    sure = (200 * own.abs()) > 150
    assert sure.any()
    assert not found.directionless.any()
    sign = 1 if goal == "accept" else -1
    reach = RADIUS * float(WEIGHTS[0].abs().sum())
    torch.testing.assert_close(
        odds(found.inputs, WEIGHTS[0])[sure], (own + sign * reach * own.sign())[sure], rtol=0, atol=1e-5
    )


def test_an_estimator_of_its_own_loss_is_attacked_in_that(images):
    class Odd(nn.Module):
        """Its loss has nothing to do with what it predicts."""

        def forward(self, inputs, samples=None):
            return Softmax(Linear(WEIGHTS[0]))(inputs, samples)

        def surprise(self, inputs, samples=None):
            return 5 + inputs.flatten(1).double() @ torch.tensor([1.0, 1.0, -1.0, 1.0], dtype=torch.float64)

    points, samples = images
    told = VictimSettings(networks=(NetworkWord(name="odd"),), estimator=EstimatorWord(name="softmax"))
    odd = Odd()
    whom = Victim(told, lambda: [odd], ("a", "b"), 0, (1, 2, 2), "cpu", asked=odd)
    (found,) = threat("fgsm:goal=accept", whom).run(points, samples, [RADIUS])
    step = (found.inputs - points).flatten(1)
    torch.testing.assert_close(step, torch.tensor([-RADIUS, -RADIUS, RADIUS, -RADIUS]).expand(20, 4))


def test_members_are_an_ensembles(images):
    points, samples = images
    with pytest.raises(SpecError, match="expected an ensemble"):
        predict_members(Softmax(Linear(WEIGHTS[0])), [points], samples, 8)
    assert isinstance(victim().estimator(), DeepEnsemble)
