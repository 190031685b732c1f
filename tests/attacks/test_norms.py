import pytest
import torch

from feint.attacks import L2, Linf, Norm

NORMS = [Linf(), L2()]


@pytest.mark.parametrize("norm", NORMS)
def test_are_norms(norm):
    assert isinstance(norm, Norm)


def test_l2_by_hand():
    gradient = torch.tensor([[[3.0, -4.0]], [[0.0, 0.0]], [[3e-30, 4e-30]]])
    assert L2().size(gradient).tolist() == pytest.approx([5, 0, 5e-30])
    expected = torch.tensor([[[0.6, -0.8]], [[0.0, 0.0]], [[0.6, 0.8]]])
    torch.testing.assert_close(L2().steepest(gradient), expected)
    torch.testing.assert_close(L2().project(gradient, 1.0)[0], expected[0])
    assert torch.equal(L2().project(gradient, 6.0), gradient)
    assert torch.equal(L2().project(gradient, 0.0), torch.zeros_like(gradient))


def test_linf_projects_by_clamping():
    assert Linf().project(torch.tensor([[-2.0, 0.25]]), 0.5).tolist() == [[-0.5, 0.25]]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("radius", [0.0, 1e-3, 0.7, 30.0])
def test_projections_and_starts_stay_inside(norm, dtype, radius):
    like = torch.randn(30, 3, 20, 20, generator=torch.Generator().manual_seed(0)).to(dtype)
    for inside in (norm.project(like, radius), norm.random_start(like, radius, torch.arange(30), seed=1)):
        assert inside.dtype == dtype
        assert (norm.size(inside) <= radius + 6e-8).all()


@pytest.mark.parametrize("norm", NORMS)
def test_starts_are_a_function_of_seed_stream_and_key(norm):
    like, keys = torch.zeros(4, 2, 3), torch.tensor([5, 9, 2, 70])
    start = norm.random_start(like, 1.0, keys, seed=3)
    assert torch.equal(norm.random_start(like[:2], 1.0, keys[[3, 1]], seed=3), start[[3, 1]])
    assert not torch.equal(norm.random_start(like, 1.0, keys, seed=4), start)
    assert not torch.equal(norm.random_start(like, 1.0, keys, seed=3, stream=1), start)
    assert norm.random_start(like[:0], 1.0, keys[:0], seed=3).shape == (0, 2, 3)


def test_linf_start_is_uniform_in_the_cube():
    start = Linf().random_start(torch.zeros(2000, 5, dtype=torch.float64), 2.0, torch.arange(2000), seed=0)
    ranks = (start / 4 + 0.5).flatten().sort().values
    assert (ranks - torch.linspace(0, 1, len(ranks))).abs().max() < 1.63 / len(ranks) ** 0.5  # Kolmogorov, 1 %


@pytest.mark.parametrize("dimensions", [1, 2, 7])
def test_l2_start_is_uniform_in_the_ball(dimensions):
    count = 4000
    start = L2().random_start(torch.zeros(count, dimensions, dtype=torch.float64), 2.0, torch.arange(count), seed=0)
    volumes = (L2().size(start) / 2).pow(dimensions).sort().values  # share of the ball that is nearer: uniform
    assert (volumes - torch.linspace(0, 1, count)).abs().max() < 1.63 / count**0.5
    directions = start / L2().size(start).unsqueeze(1)
    assert directions.mean(dim=0).abs().max() < 4 / count**0.5
    second_moments = directions.T @ directions / count
    torch.testing.assert_close(
        second_moments, torch.eye(dimensions, dtype=torch.float64) / dimensions, atol=0.05, rtol=0
    )
