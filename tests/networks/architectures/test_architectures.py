import pytest
import torch
from torch import nn

from feint.networks import ARCHITECTURES, AlexNet, DropoutCNN, MnistCNN, check

SHAPES = {
    "digits": ((1, 8, 8), 38_282),
    "lenet": ((1, 28, 28), 37_106),
    "cnn-dropout": ((1, 28, 28), 28_938),
    "mnist-cnn": ((1, 28, 28), 1_199_882),
    "alexnet": ((3, 64, 64), 57_044_810),
    "cifar-resnet18": ((3, 32, 32), 11_173_962),
    "cifar-resnet20": ((3, 32, 32), 272_474),
    "cifar-vgg16": ((3, 32, 32), 14_990_922),
}
DROPOUTS = {
    "cnn-dropout": 2,
    "mnist-cnn": 2,
    "alexnet": 2,
    "cifar-resnet18": 1,
    "cifar-resnet20": 1,
    "cifar-vgg16": 2,
}
KEYS = {
    "digits": "features.0 features.2 classifier.1 classifier.3",
    "lenet": "features.0 features.3 classifier.1 classifier.3",
    "cnn-dropout": "features.0 features.4 classifier.1",
    "mnist-cnn": "features.0 features.2 classifier.1 classifier.4",
}
"""Modules with weights, as in files that were saved before ``features`` was flat."""

CONVOLUTIONS = {
    "digits": ["3x16@8", "3x32@8"],
    "lenet": ["5x6@28", "5x16@10"],
    "cnn-dropout": ["5x16@28", "5x32@14"],
    "mnist-cnn": ["3x32@26", "3x64@24"],
    "alexnet": ["11x64@15", "5x192@7", "3x384@3", *2 * ["3x256@3"]],
    "cifar-resnet18": [
        *5 * ["3x64@32"], *["1x128@16", *4 * ["3x128@16"]], *["1x256@8", *4 * ["3x256@8"]],
        *["1x512@4", *4 * ["3x512@4"]],
    ],
    "cifar-resnet20": [*7 * ["3x16@32"], *["1x32@16", *6 * ["3x32@16"]], *["1x64@8", *6 * ["3x64@8"]]],
    "cifar-vgg16": [
        *2 * ["3x64@32"], *2 * ["3x128@16"], *3 * ["3x256@8"], *3 * ["3x512@4"], *3 * ["3x512@2"],
    ],
}  # fmt: skip
"""Every convolution, as the papers' tables say: the side of its kernel, its channels, the side of what it returns."""


def test_all_are_tested():
    assert SHAPES.keys() == CONVOLUTIONS.keys() == ARCHITECTURES.keys()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_convolutions_are_those_of_the_paper(name):
    found = []
    with torch.device("meta"):
        network = ARCHITECTURES[name][0]().eval()
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.register_forward_hook(
                    lambda layer, _, maps: found.append(f"{layer.kernel_size[0]}x{maps.shape[1]}@{maps.shape[2]}")
                )
        network(torch.empty(1, *SHAPES[name][0]))
    assert found == CONVOLUTIONS[name]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_shape_parameters_and_determinism(name):
    shape, parameters = SHAPES[name]
    network = ARCHITECTURES[name][0](classes=10).eval()
    assert check(network, shape) == 10
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    images = torch.rand(2, *shape, requires_grad=True)
    logits = network(images)
    assert torch.equal(logits, network(images))
    assert sum(isinstance(module, nn.Dropout) for module in network.modules()) == DROPOUTS.get(name, 0)
    logits.logsumexp(1).sum().backward()
    assert images.grad is not None
    assert (images.grad.flatten(1).abs().sum(1) > 0).all()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_classifier_is_put_on_features_of_this_width(name):
    network, (shape, _) = ARCHITECTURES[name][0](classes=3).eval(), SHAPES[name]
    images = torch.rand(2, *shape)
    found = network.features(images)
    assert found.shape == (2, network.width)
    assert torch.equal(network.classifier(found), network(images))


@pytest.mark.parametrize("name", KEYS)
def test_saved_weights_still_fit(name):
    names = [key.removesuffix(".weight") for key in ARCHITECTURES[name][0]().state_dict() if key.endswith(".weight")]
    assert names == KEYS[name].split()


@pytest.mark.parametrize("factory", [DropoutCNN, MnistCNN])
def test_dropout_acts_in_training(factory):
    network, images = factory().train(), torch.rand(2, 1, 28, 28)
    assert not torch.equal(network(images), network(images))


def test_dropout_takes_its_probability():
    assert [m.p for m in DropoutCNN(dropout=0.2).modules() if isinstance(m, nn.Dropout)] == [0.2, 0.2]


def test_alexnet_takes_the_names_and_shapes_of_torchvision():
    from torchvision.models import alexnet

    with torch.device("meta"):
        ours, theirs = AlexNet(), alexnet()
    shapes = [{name: value.shape for name, value in network.state_dict().items()} for network in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert sum(parameter.numel() for parameter in ours.parameters()) == 61_100_840
