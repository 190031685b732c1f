"""The built-in architectures by name."""

from collections.abc import Callable, Mapping
from typing import Final

from torch import nn

from .alexnet import AlexNet
from .cifar_resnet import CifarResNet18, CifarResNet20
from .cifar_vgg import CifarVGG16
from .cnn_dropout import DropoutCNN
from .digits import DigitNetwork
from .lenet import LeNet
from .mnist_cnn import MnistCNN

ARCHITECTURES: Final[Mapping[str, tuple[Callable[..., nn.Module], str]]] = {
    "digits": (DigitNetwork, "two convolutions and a hidden layer, for 1x8x8 digits"),
    "lenet": (LeNet, "LeNet with one hidden layer, for 1x28x28 images"),
    "cnn-dropout": (DropoutCNN, "two convolutions of 5x5, dropout after each, for 1x28x28 images"),
    "mnist-cnn": (MnistCNN, "two convolutions of 3x3 and a hidden layer with dropout, for 1x28x28 images"),
    "alexnet": (AlexNet, "AlexNet with dropout in both hidden layers, a thousand classes, for 3x224x224 images"),
    "cifar-resnet18": (CifarResNet18, "ResNet-18 with a 3x3 stem, for 3x32x32 images"),
    "cifar-resnet20": (CifarResNet20, "ResNet-20, three stages of three blocks, for 3x32x32 images"),
    "cifar-vgg16": (CifarVGG16, "VGG-16 with batch normalisation, for 3x32x32 images"),
}
"""Name -> (factory, one line). Every factory takes ``classes`` and has defaults for all its arguments.

What it builds is ``classifier(features(images))``: ``features`` returns ``(N, width)``, and ``width`` says how many.
"""
