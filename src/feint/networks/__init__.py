"""Networks: anybody's, loaded from a file or a library, and the built-in architectures."""

from .architectures import ARCHITECTURES as ARCHITECTURES
from .architectures.alexnet import AlexNet as AlexNet
from .architectures.cifar_resnet import CifarResNet18 as CifarResNet18
from .architectures.cifar_resnet import CifarResNet20 as CifarResNet20
from .architectures.cifar_vgg import CifarVGG16 as CifarVGG16
from .architectures.cnn_dropout import DropoutCNN as DropoutCNN
from .architectures.digits import DigitNetwork as DigitNetwork
from .architectures.lenet import LeNet as LeNet
from .architectures.mnist_cnn import MnistCNN as MnistCNN
from .architectures.vae import VariationalAutoencoder as VariationalAutoencoder
from .check import check as check
from .fingerprint import behaviour as behaviour
from .fingerprint import fingerprint as fingerprint
from .headless import Headless as Headless
from .loading.exported import Exported as Exported
from .loading.load import load as load
from .loading.weights import load_weights as load_weights
from .neighbours import Dependence as Dependence
from .neighbours import depends_on_neighbours as depends_on_neighbours
from .normalize import Normalize as Normalize

__all__ = [
    "ARCHITECTURES",
    "AlexNet",
    "CifarResNet18",
    "CifarResNet20",
    "CifarVGG16",
    "Dependence",
    "DigitNetwork",
    "DropoutCNN",
    "Exported",
    "Headless",
    "LeNet",
    "MnistCNN",
    "Normalize",
    "VariationalAutoencoder",
    "behaviour",
    "check",
    "depends_on_neighbours",
    "fingerprint",
    "load",
    "load_weights",
]
