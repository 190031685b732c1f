import pytest
import torch

from feint.networks import check, fingerprint, load


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [("cifar10_resnet20", (3, 32, 32), 10), ("imagenet_squeezenet1_1", (3, 96, 96), 1000)],
)
def test_the_zoo_loads(real_data, name, shape, classes):
    network = load(f"{real_data}/zoo.py:{name}")
    assert check(network, shape) == classes
    assert not network.training
    assert fingerprint(network) == fingerprint(load(f"{real_data}/zoo.py:{name}"))
    images = torch.rand(2, *shape, requires_grad=True)
    network(images).logsumexp(1).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
