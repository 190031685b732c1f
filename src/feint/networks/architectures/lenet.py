"""LeNet for 28x28 images of one channel."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn


@final
class LeNet(nn.Module):
    """Two convolutions, pooled, and one hidden layer of 84, with ReLU and maxima.

    After LeNet-5 of LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998,
    figure 2, without its hidden layer of 120. 37,106 parameters with ten classes.
    """

    def __init__(self, classes: int = 10) -> None:
        """Build it with torch's default initialisation.

        Args:
            classes: C, the number of classes.
        """
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.width = 400
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(400, 84), nn.ReLU(), nn.Linear(84, classes))

    def forward(self, images: Float[Tensor, " N 1 28 28"]) -> Float[Tensor, " _ C"]:
        """Logits of images in [0, 1]."""
        return self.classifier(self.features(images))
