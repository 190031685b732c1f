"""VGG-16 with batch normalisation for 32x32 images."""

from typing import Final, final

from jaxtyping import Float
from torch import Tensor, nn

STAGES: Final = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


@final
class CifarVGG16(nn.Module):
    """Thirteen convolutions of 3x3 in five stages, each stage pooled, and one hidden layer of 512.

    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015, table 1, column
    D, with the batch normalisation of Ioffe and Szegedy 2015. Five poolings leave one pixel of a 32x32 image, so the
    two hidden layers of 4,096 shrink to one of 512 (Liu and Deng, 2015). 14,990,922 parameters with ten classes.
    """

    def __init__(self, classes: int = 10, dropout: float = 0.5) -> None:
        """Build it with torch's default initialisation.

        Args:
            classes: C, the number of classes.
            dropout: p, the probability of a zero, before and after the hidden layer.
        """
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for stage in STAGES:
            for outputs in stage:
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.width = 512
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(512, classes),
        )

    def forward(self, images: Float[Tensor, " N 3 32 32"]) -> Float[Tensor, " _ C"]:
        """Logits of images in [0, 1]."""
        return self.classifier(self.features(images))
