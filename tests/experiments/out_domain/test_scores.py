"""What records come to, by hand."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from feint.experiments.out_domain import records
from feint.experiments.out_domain.scores import Rows, confidences, entry, in_domain, reject_rates, threshold, told_apart

TOP = [0.05, 0.35, 0.9, 0.91, 1.0]


def rows(**more):
    columns = {
        "victim": 0, "judge": 0, "data": 0, "attack": "", "radius": 0.0, "linf": 0.0, "directionless": False,
        "gradients": 3,
        "sample": torch.arange(5), "label": torch.tensor([0, 1, 2, 0, 1]), "prediction": torch.tensor([0, 1, 0, 0, 0]),
        "log_prob_label": torch.tensor([-1.0, -2.0, -3.0, -4.0, -5.0]), "brier": torch.linspace(0, 0.4, 5),
        "measure:max_probability": 1 - torch.tensor(TOP, dtype=torch.float64),
        "measure:predictive_entropy": torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0], dtype=torch.float64),
    }  # fmt: skip
    return Rows(records.table({**columns, **more}, 5))


def test_reject_rates_by_hand():
    found = reject_rates(np.array(TOP))
    # At or below 0.1, 0.2, 0.3: one; from 0.4 to 0.8: two; 0.9 itself is not above 0.9: three.
    assert found == pytest.approx([0.2, 0.2, 0.2, 0.4, 0.4, 0.4, 0.4, 0.4, 0.6])


def test_duq_is_confident_in_three_ways():
    native = 1 - torch.tensor([0.0, 0.04, 0.5, 0.92, 1.0], dtype=torch.float64)
    found = confidences(rows(**{"measure:native": native}), "duq")
    assert list(found) == ["max p", "kernel", "normalised"]
    assert found["kernel"] == pytest.approx([0, 0.04, 0.5, 0.92, 1])
    assert found["normalised"] == pytest.approx([0, 0.35, 0.9, 0.91, 1]), "no kernel at all: nothing to normalise"
    assert list(confidences(rows(), "softmax")) == ["max p"]


def test_the_threshold_rejects_five_in_a_hundred():
    clean = torch.randperm(200).double()
    assert (clean > threshold(clean)).sum() == 10


def test_foreign_inputs_are_the_positives():
    found = told_apart(torch.tensor([0.0, 1.0]), torch.tensor([2.0, 3.0]))
    assert found == {"auroc": 1.0, "aupr": 1.0, "fpr95": 0.0}
    assert told_apart(torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0]))["auroc"] == 0.0


def test_in_the_domain():
    found = in_domain(rows())
    assert found == {"accuracy": pytest.approx(0.6), "nll": pytest.approx(3.0), "brier": pytest.approx(0.2)}


def test_an_entry_is_of_the_judges_own_measure():
    judge = {"kind": "softmax", "measures": ["max_probability", "predictive_entropy"], "measure": "predictive_entropy"}
    domain = {"max_probability": torch.zeros(3), "predictive_entropy": torch.tensor([0.0, 2.5, 4.5])}
    found = entry(rows(), judge, {"max_probability": 0.5, "predictive_entropy": 3.5}, domain, None)
    assert found["entropy"] == pytest.approx(3.0)
    assert found["rejected_at_5"] == pytest.approx(0.4)
    assert found["auroc"] == pytest.approx((5 + 3 + 1) / 15)
    assert found["measures"]["max_probability"]["rejected_at_5"] == pytest.approx(0.4)
    assert found["gradients"] == 3


def test_labels_of_foreign_inputs_are_null():
    table = records.table({"victim": 0, "judge": 0, "data": 1, "sample": torch.arange(2), "attack": "", "radius": 0.0,
                           "prediction": 0, "linf": 0.0, "directionless": False, "gradients": 0}, 2)  # fmt: skip
    assert table.schema == records.SCHEMA
    assert table.column("label").null_count == table.column("brier").null_count == 2
    assert isinstance(table, pa.Table)
