"""Sums over the processes that train together, here two that see the same."""

import pytest
import torch
from torch import distributed, nn

from feint.estimators import DUQ
from feint.estimators.processes import over_processes
from feint.estimators.sngp.laplace import Laplace


@pytest.fixture
def _two(monkeypatch):
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "all_reduce", lambda values: values.mul_(2))


@pytest.mark.usefixtures("_two")
def test_a_precision_counts_all_inputs_and_the_prior_once():
    laplace, phi = Laplace(3, 1, ridge=0.5), torch.eye(3)[:2]
    laplace.gather(phi, torch.ones(2, 1))
    laplace.settle()
    torch.testing.assert_close(laplace.precision[0], torch.diag(torch.tensor([2.5, 2.5, 0.5])))


@pytest.mark.usefixtures("_two")
def test_centroids_count_all_inputs():
    duq = DUQ(nn.Flatten(), 2, (2,), length=2, gamma=0.0, penalty=0.0)
    duq.step(torch.rand(3, 2), torch.tensor([0, 1, 0]))
    duq.after_step()
    torch.testing.assert_close(duq.count, torch.tensor([4.0, 2.0]))


@pytest.mark.usefixtures("_two")
def test_what_is_summed_is_left_alone():
    values = torch.ones(2)
    assert over_processes(values).tolist() == [2.0, 2.0]
    assert values.tolist() == [1.0, 1.0]


def test_one_process_has_it_all():
    values = torch.ones(2)
    assert over_processes(values) is values
