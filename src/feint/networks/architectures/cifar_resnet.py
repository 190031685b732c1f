"""ResNet-18 and ResNet-20 for 32x32 images."""

from collections.abc import Sequence
from typing import final

from jaxtyping import Float
from torch import Tensor, nn


@final
class ResidualBlock(nn.Module):
    """relu(x + two convolutions of 3x3), x projected by 1x1 where the shapes differ."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        """Build it with torch's default initialisation."""
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.activation = nn.ReLU()

    def forward(self, images: Float[Tensor, " N D h w"]) -> Float[Tensor, " N E H W"]:
        """Feature maps of feature maps."""
        return self.activation(self.shortcut(images) + self.residual(images))


@final
class CifarResNet18(nn.Module):
    """A stem of one 3x3 convolution and four stages of two blocks with 64, 128, 256 and 512 channels.

    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, table 1, with the stem that its
    section 4.2 has for CIFAR-10 in place of the strided 7x7 convolution. 11,173,962 parameters with ten classes.
    """

    def __init__(self, classes: int = 10, dropout: float = 0.0) -> None:
        """Build it with torch's default initialisation.

        Args:
            classes: C, the number of classes.
            dropout: p, the probability of a zero before the last layer; 0 in the paper.
        """
        super().__init__()
        stages = _stages(64, ((64, 1), (128, 2), (256, 2), (512, 2)), blocks=2)
        self.stem, self.stages = _stem(64), stages
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.width = 512
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(512, classes))

    def features(self, images: Float[Tensor, " N 3 height width"]) -> Float[Tensor, " N 512"]:
        """What the last layer sees of images in [0, 1]."""
        return self.pool(self.stages(self.stem(images))).flatten(1)

    def forward(self, images: Float[Tensor, " N 3 height width"]) -> Float[Tensor, " _ C"]:
        """Logits of images in [0, 1]."""
        return self.classifier(self.features(images))


@final
class CifarResNet20(nn.Module):
    """A stem of one 3x3 convolution and three stages of three blocks with 16, 32 and 64 channels.

    He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, section 4.2, n = 3, but that shortcuts
    between stages are projections (option B), where the paper pads with zeros on CIFAR-10 (option A). 272,474
    parameters with ten classes.
    """

    def __init__(self, classes: int = 10, dropout: float = 0.0) -> None:
        """Build it with torch's default initialisation.

        Args:
            classes: C, the number of classes.
            dropout: p, the probability of a zero before the last layer; 0 in the paper.
        """
        super().__init__()
        stages = _stages(16, ((16, 1), (32, 2), (64, 2)), blocks=3)
        self.stem, self.stages = _stem(16), stages
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.width = 64
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(64, classes))

    def features(self, images: Float[Tensor, " N 3 height width"]) -> Float[Tensor, " N 64"]:
        """What the last layer sees of images in [0, 1]."""
        return self.pool(self.stages(self.stem(images))).flatten(1)

    def forward(self, images: Float[Tensor, " N 3 height width"]) -> Float[Tensor, " _ C"]:
        """Logits of images in [0, 1]."""
        return self.classifier(self.features(images))


def _stem(outputs: int) -> nn.Sequential:
    """The first convolution."""
    return nn.Sequential(nn.Conv2d(3, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def _stages(inputs: int, sizes: Sequence[tuple[int, int]], blocks: int) -> nn.Sequential:
    """Stages of so many channels and such a first stride, of so many blocks each."""
    stages: list[nn.Module] = []
    for outputs, stride in sizes:
        stages += [ResidualBlock(inputs, outputs, stride)]
        stages += [ResidualBlock(outputs, outputs, 1) for _ in range(blocks - 1)]
        inputs = outputs
    return nn.Sequential(*stages)
