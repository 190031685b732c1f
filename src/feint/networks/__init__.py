"""Networks: anybody's, loaded from a file or a library, and the built-in architectures."""

from .alexnet import AlexNet as AlexNet
from .architectures import ARCHITECTURES as ARCHITECTURES
from .check import check as check
from .cifar_resnet import CifarResNet18 as CifarResNet18
from .cifar_resnet import CifarResNet20 as CifarResNet20
from .cifar_vgg import CifarVGG16 as CifarVGG16
from .cnn_dropout import DropoutCNN as DropoutCNN
from .digits import DigitNetwork as DigitNetwork
from .exported import Exported as Exported
from .fingerprint import behaviour as behaviour
from .fingerprint import fingerprint as fingerprint
from .lenet import LeNet as LeNet
from .load import load as load
from .mnist_cnn import MnistCNN as MnistCNN
from .normalize import Normalize as Normalize
from .vae import VariationalAutoencoder as VariationalAutoencoder
from .weights import load_weights as load_weights

__all__ = [
    "ARCHITECTURES",
    "AlexNet",
    "CifarResNet18",
    "CifarResNet20",
    "CifarVGG16",
    "DigitNetwork",
    "DropoutCNN",
    "Exported",
    "LeNet",
    "MnistCNN",
    "Normalize",
    "VariationalAutoencoder",
    "behaviour",
    "check",
    "fingerprint",
    "load",
    "load_weights",
]
