"""What can be asked of the tables of the paper on attacking out-domain uncertainty."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, final

from pydantic import BeforeValidator, Field, model_validator

from feint.errors import SpecError
from feint.experiments.out_domain.settings import Labels
from feint.runs.settings import LinfRadii, RunSettings, listed
from feint.victims.settings import DataSettings, NetworkWord, SeveralData

from .paper import CIFAR_RADII, MNIST_RADII

Row = Literal["single", "ensemble", "adversarial-1", "adversarial-2", "duq", "due", "sngp", "sngp-25"]
ROWS: Final[tuple[Row, ...]] = (
    "single", "ensemble", "adversarial-1", "adversarial-2", "duq", "due", "sngp", "sngp-25",
)  # fmt: skip
"""A single network, which the paper lacks; SNGP with the factor pi / 8, and with the released 25."""


class OutDomainSettings(RunSettings):
    """What both tables ask for.

    Attributes:
        data: the in-domain images, with a part for training and a part for tests.
        foreign: images of another domain.
        without: labels of the foreign images that are left out, as the domains share them: 3,7-24.
        trained: victims that feint train made, by name, which their cards tell apart; what is missing of the rows is
            trained.
        rows: of the table: single, ensemble, adversarial-1 and adversarial-2 (ensembles, by the radii that they are
            trained at), duq, due, sngp, and sngp-25, the same with the released mean-field factor.
        images: so many in-domain test images, and foreign ones of each set, are judged and attacked (default: 1,000;
            quick: 500, of CIFAR 50).
        quick: two members, three epochs, 20,000 training images (CIFAR: 2,000): for a laptop.
        recipe: ours reaches its accuracy in few epochs; paper is SGD at 0.01, momentum 0.9, weight decay 1e-4, batches
            of 256, 80 epochs, a tenth from 30 on and a hundredth from 60, ten members.
        members: of the ensembles (default: 5; quick: 2; recipe paper: 10).
        epochs: of the training (default: 10; quick: 3; recipe paper: 80).
        training_images: at most, evenly of all classes (default: all).
        network: a built-in architecture with its settings, or file.py:function.
        radii: of the attacks.
        adversarial_radii: that the two adversarially trained ensembles are trained at.
    """

    flags: ClassVar[Mapping[str, str]] = {"rows": "row", "trained": "victim"}

    data: DataSettings = DataSettings()
    foreign: Annotated[SeveralData, Field(min_length=1)]
    without: Labels = ()
    trained: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    rows: Annotated[tuple[Row, ...], BeforeValidator(listed)] = ROWS
    images: Annotated[int, Field(ge=2)] | None = None
    quick: bool = False
    recipe: Literal["ours", "paper"] = "ours"
    members: Annotated[int, Field(ge=2)] | None = None
    epochs: Annotated[int, Field(ge=1)] | None = None
    training_images: Annotated[int, Field(ge=2)] | None = None
    network: NetworkWord | None = None
    radii: LinfRadii = MNIST_RADII
    adversarial_radii: LinfRadii = (0.1, 0.2)

    @model_validator(mode="after")
    def _whole(self) -> "OutDomainSettings":
        plain = DataSettings()
        for name in ("split", "limit", "first"):
            if (given := getattr(self.data, name)) != getattr(plain, name):
                expected = "none, for both splits are read (--images and --training-images say how many)"
                raise SpecError(f"{name}: expected {expected}, got {given}")
        if len(self.adversarial_radii) != 2:
            raise SpecError(f"adversarial-radii: expected two, got {len(self.adversarial_radii)}")
        if not self.rows:
            raise SpecError("row: expected at least one, got none")
        if self.quick and self.recipe == "paper":
            raise SpecError("recipe: expected ours with --quick, got paper")
        return self

    def filled(self) -> "OutDomainSettings":
        """With everything that quick, the recipe and the table leave to be said."""
        few, full = self.quick, self.recipe == "paper"
        values = {
            "images": self.images or (self.few_images if few else 1000),
            "members": self.members or (2 if few else 10 if full else 5),
            "epochs": self.epochs or (3 if few else 80 if full else 10),
            "training_images": self.training_images or (self.few if few else None),
            "network": self.network or NetworkWord(name=self.quick_network if few else self.full_network),
            "rows": tuple(row for row in ROWS if row in self.rows),
        }
        return self.but(**values)

    few: ClassVar[int] = 20_000
    few_images: ClassVar[int] = 500
    quick_network: ClassVar[str] = "lenet"
    full_network: ClassVar[str] = "lenet"


@final
class MnistSettings(OutDomainSettings):
    """MNIST against notMNIST, LeNet."""


@final
class CifarSettings(OutDomainSettings):
    """CIFAR-10 against SVHN, or any foreign images; ResNet-18, quick: ResNet-20 and 2,000 training images."""

    few: ClassVar[int] = 2_000
    few_images: ClassVar[int] = 50
    quick_network: ClassVar[str] = "cifar-resnet20"
    full_network: ClassVar[str] = "cifar-resnet18"

    radii: LinfRadii = CIFAR_RADII
    adversarial_radii: LinfRadii = CIFAR_RADII[:2]
