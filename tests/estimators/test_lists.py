"""Labels may be lists, and of any integer type."""

import subprocess
import sys

import pytest
import torch

from feint.attacks import FGSM, Budget, label_objectives
from feint.errors import InputError
from feint.estimators import Softmax, fit_temperature
from feint.measures import label_doubt
from feint.predictive import Categorical

LABELS = [0, 1, 2, 0]
KINDS = [LABELS, *(torch.tensor(LABELS, dtype=kind) for kind in (torch.uint8, torch.int8, torch.int32, torch.int64))]
GOALS = ("cross_entropy", "margin", "gap", "target_log_prob", "target_margin", "target_gap")


@pytest.mark.parametrize("labels", KINDS, ids=lambda labels: str(getattr(labels, "dtype", "list")))
def test_labels_of_any_integer_kind_are_the_same(labels):
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    usual = torch.tensor(LABELS)
    assert fit_temperature(logits, labels) == fit_temperature(logits, usual)
    said = Categorical.from_logits(logits)
    assert torch.equal(label_doubt(said, labels), label_doubt(said, usual))
    estimator, inputs = Softmax(torch.nn.Linear(5, 3)), torch.rand(4, 5)
    for goal in GOALS:
        found, expected = (
            FGSM()(getattr(label_objectives, goal)(lambda x, _: estimator(x), each), inputs, Budget(0.1)).inputs
            for each in (labels, usual)
        )
        assert torch.equal(found, expected), goal
    rows = torch.arange(4)
    for condition in (label_objectives.changes_label, label_objectives.reaches_label):
        found, expected = (condition(lambda x, _: estimator(x), each)(inputs, rows) for each in (labels, usual))
        assert torch.equal(found, expected)


def test_labels_that_do_not_fit():
    said = Categorical.from_logits(torch.zeros(4, 3))
    with pytest.raises(InputError, match=r"labels: expected integers of shape \(4,\), got .* of shape \(3,\)"):
        label_doubt(said, [0, 1, 2])


def test_inputs_that_are_no_tensors_are_named():
    code = (
        "import torch, feint\n"
        "classifier = feint.Softmax(torch.nn.Linear(5, 3))\n"
        "for ask in (lambda x: feint.estimators.predict(classifier, x),\n"
        "            lambda x: feint.attacks.FGSM()(lambda y, _: y.sum(1), x, feint.Budget(0.1))):\n"
        "    for inputs in ([[0.5] * 5], torch.zeros(2, 5).numpy(), torch.zeros(2, 5, dtype=torch.uint8)):\n"
        "        try:\n"
        "            ask(inputs)\n"
        "        except feint.errors.InputError as error:\n"
        "            print(error)\n"
    )  # in a process of its own, where annotations are not enforced
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    kinds = ["a list", "a ndarray", "uint8 of shape (2, 5)"]
    assert told == [f"inputs: expected a tensor of floats with one row per input, got {kind}" for kind in kinds * 2]
