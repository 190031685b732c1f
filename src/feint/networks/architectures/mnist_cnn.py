"""The common CNN with dropout for MNIST."""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn


@final
class MnistCNN(nn.Module):
    """Two convolutions of 3x3 to 32 and 64 channels, pooled once, dropout, a hidden layer of 128, dropout.

    The network that deep-learning libraries' own MNIST examples train; there is no paper behind it. 1,199,882
    parameters with ten classes.
    """

    def __init__(self, classes: int = 10, dropout: tuple[float, float] = (0.25, 0.5)) -> None:
        """Build it with torch's default initialisation.

        Args:
            classes: C, the number of classes.
            dropout: the probabilities of a zero after the convolutions and after the hidden layer.
        """
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(dropout[0]),
            nn.Flatten(),
        )
        self.width = 9216
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(9216, 128),
            nn.ReLU(),
            nn.Dropout(dropout[1]),
            nn.Linear(128, classes),
        )

    def forward(self, images: Float[Tensor, " N 1 28 28"]) -> Float[Tensor, " _ C"]:
        """Logits of images in [0, 1]."""
        return self.classifier(self.features(images))
