"""AlexNet with dropout of any probability."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn


@final
class AlexNet(nn.Module):
    """Five convolutions and two hidden layers of 4,096, each hidden layer behind a dropout, for 224x224 images.

    After Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014, in the sizes and under
    the names of torchvision's ``alexnet``, whose weights fit. Takes any size from 63x63 on: the last feature map is
    pooled to 6x6. 61,100,840 parameters with a thousand classes.
    """

    def __init__(self, classes: int = 1000, dropout: float = 0.25, channels: int = 3) -> None:
        """Build it with torch's default initialisation.

        Args:
            classes: C, the number of classes.
            dropout: p, the probability of a zero, before both hidden layers (0.2, 0.25 or 0.3 in the experiments that
                feint repeats; 0.5 in the paper).
            channels: the images' channels.
        """
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.AdaptiveAvgPool2d(6),
            nn.Flatten(),
        )
        self.width = 9216
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(9216, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, classes),
        )

    def forward(self, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " _ C"]:
        """Logits of images in [0, 1]."""
        return self.classifier(self.features(images))
