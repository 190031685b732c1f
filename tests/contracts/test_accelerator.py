"""What holds on a GPU for everything in the catalog, beside the CPU."""

import json

import pytest
import torch
from torch import nn

from feint import catalog
from feint.app.cli import main
from feint.attacks import budget_for, label_objectives, objectives
from feint.estimators import DUE, DUQ, KNN, SNGP, DeepEnsemble, Energy, Mahalanobis, MaxLogit, MCDropout, Softmax
from feint.measures import label_doubt
from feint.runs.machine import Machine
from feint.runs.things import loaded

ATTACKS = {name: loaded(reference) for name, reference in catalog.ATTACKS.items()}
MEASURES = {name: loaded(reference) for name, reference in catalog.MEASURES.items()}

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

COUNT = 16
SETTINGS = {
    "pgd": {"steps": 3, "restarts": 2},
    "cw": {"steps": 20, "searches": 2, "initial": 1.0},
    "lbfgs": {"steps": 5, "searches": 3},
    "iaa": {"rounds": 5},
    "square": {"queries": 20},
}
"""Cheaper than the defaults, where those take long."""
FIELDS = ("inputs", "radius", "accepted", "feasible", "gradients", "queries", "directionless")
"""Of an attack's result."""

ESTIMATORS = {
    "softmax": lambda: Softmax(network()),
    "mc-dropout": lambda: MCDropout(network(), draws=5, seed=1),
    "independent": lambda: MCDropout(network(), draws=5, seed=1, masks="independent"),
    "ensemble": lambda: DeepEnsemble([Softmax(network(seed)) for seed in range(3)]),
    "logit": lambda: DeepEnsemble([Softmax(network(seed)) for seed in range(3)], average="logit"),
    "duq": lambda: DUQ(network()[:-1], 4, (3, 8, 8), length=16, sigma=0.3),
    "sngp": lambda: SNGP(network()[:-1], 4, (3, 8, 8), random_features=64),
    "due": lambda: DUE(network()[:-1], 4, (3, 8, 8), draws=6),
    "max-logit": lambda: MaxLogit(network()),
    "energy": lambda: Energy(network()),
    "mahalanobis": lambda: fitted(Mahalanobis(network(), layer="4")),
    "knn": lambda: fitted(KNN(network(), k=3)),
}


def fitted(estimator):
    estimator.fit(Images())
    return estimator


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Dropout2d(0.3), nn.Conv2d(16, 16, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(256, 4)),
    )


class Images:
    """What DUE and SNGP begin with."""

    shape = (3, 8, 8)

    def __len__(self):
        return COUNT

    def gather(self, positions):
        rows = torch.tensor(list(positions))
        return torch.rand(COUNT, *self.shape, generator=torch.Generator().manual_seed(0))[rows], rows % 4, rows


def telling_apart(estimator):
    """An estimator that predicts several labels: DUE and SNGP predict one for all inputs before they are trained."""
    torch.manual_seed(0)
    if not isinstance(estimator, DUE | SNGP):
        return estimator
    estimator.begin(Images())
    with torch.no_grad():  # inputs are nearly alike to them: only without what all have in common do labels differ
        features = estimator.eval().features(Images().gather(range(COUNT))[0])
        if isinstance(estimator, DUE):
            estimator.process.strategy._variational_distribution.variational_mean.normal_(std=10.0)
            estimator.process.mean.initialize(constant=-estimator.posterior().marginals(features)[0].mean(dim=0))
        else:
            common = estimator.random(features).mean(dim=0)
            weight = estimator.output.weight.normal_(std=10.0)
            weight.sub_((weight @ common).outer(common) / common.square().sum())
    return estimator


@pytest.fixture(autouse=True)
def _steady():
    with Machine("cuda", 1).steady():
        yield


@pytest.fixture
def images():
    return torch.rand(COUNT, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=sorted(ESTIMATORS))
def build(request):
    return ESTIMATORS[request.param]


def test_estimators_agree_with_the_cpu(build, images):
    here, there = build(), build().cuda()
    samples = 3 * torch.arange(COUNT)
    result = there(images.cuda(), samples.cuda()).log_probs
    assert result.is_cuda
    torch.testing.assert_close(result.cpu(), here(images, samples).log_probs, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(MEASURES) - {"native"}))
def test_measures_agree_with_the_cpu(name, images):
    here = MCDropout(network(), draws=5)(images)
    there = type(here)(here.log_probs.cuda())
    result = MEASURES[name](there)
    assert result.is_cuda
    torch.testing.assert_close(result.cpu(), MEASURES[name](here), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_attacks_stay_there_and_keep_their_promises(name, build, images, trained):
    if not trained and build not in (ESTIMATORS["due"], ESTIMATORS["sngp"]):
        pytest.skip("the same")
    build = build if not trained else lambda build=build: telling_apart(build())
    here, there = attacked(name, build, images, "cpu"), attacked(name, build, images, "cuda")
    for field in FIELDS:
        assert getattr(there, field).is_cuda, field
    # What is to be had on the CPU is to be had there. Nothing changes the label of a victim that has one for all.
    assert here.feasible.any() or not trained
    assert there.feasible.any() or not here.feasible.any()


def attacked(name, build, images, device):
    """What an attack found on a device, its promises checked."""
    attack = ATTACKS[name](**SETTINGS.get(name, {}))
    estimator, images, rows = build().to(device), images.to(device), torch.arange(COUNT, device=device)
    own = estimator(images, rows).prediction.clone()

    def predict(inputs, rows):
        return estimator(inputs, rows)

    budget = budget_for(attack, {"perceptual": 3.0, "l2": 1.0, "linf": 0.05}[attack.distance])
    if not attack.takes_condition:
        goal, condition = label_objectives.margin(predict, own), label_objectives.changes_label(predict, own)
    else:
        doubt = lambda inputs, rows: label_doubt(predict(inputs, rows), own[rows])  # noqa: E731
        goal, condition = objectives.disrupt_confidence(doubt, rows % 3 > 0), objectives.keeps_label(predict, own)
    result = attack(goal, images, budget, condition, batch_size=COUNT, samples=rows)
    assert (result.radius <= budget.radius + 6e-8).all()
    assert 0 <= result.inputs.min() <= result.inputs.max() <= 1
    assert torch.equal(condition(result.inputs, rows), result.feasible)
    kept = ~result.feasible
    assert torch.equal(result.inputs[kept], images[kept])
    assert not result.radius[kept].any()
    return result


def test_an_audit_says_what_it_says_on_the_cpu(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = {}
    for device in ("cpu", "cuda"):
        assert main(["audit", "--json", "--quiet", "--threads", "1", "--device", device]) == 0
        found[device] = json.loads(capsys.readouterr().out)
    assert found["cuda"]["run"]["id"] != found["cpu"]["run"]["id"]
    # The victim is trained anew on each device, so only the shape of the finding is the same.
    for summary in found.values():
        assert summary["clean"]["accuracy"] > 0.9
        for row in summary["attacked"]:
            assert row["kept"] == 1
            assert row["aurc"] > summary["clean"]["aurc"]
