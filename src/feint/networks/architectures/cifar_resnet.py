"""ResNet-18 for 32x32 images."""

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
        stages: list[nn.Module] = []
        inputs = 64
        for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            stages += [ResidualBlock(inputs, outputs, stride), ResidualBlock(outputs, outputs, 1)]
            inputs = outputs
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU())
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(512, classes))

    def forward(self, images: Float[Tensor, " N 3 height width"]) -> Float[Tensor, " _ C"]:
        """Logits of images in [0, 1]."""
        return self.classifier(self.pool(self.stages(self.stem(images))))
