"""What can be asked of a training."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Literal, cast, final

from pydantic import Field, field_validator, model_validator

from feint.errors import SpecError
from feint.runs.settings import Number, RunSettings, Settings
from feint.threats.settings import ThreatWord
from feint.victims.settings import DataSettings, EstimatorWord, NetworkWord, for_training


@final
class RecipeSettings(Settings):
    """How a network is trained.

    Attributes:
        epochs: passes over the training data, at most.
        training_batch: images a step.
        optimizer: adam or sgd.
        learning_rate: of the first step.
        weight_decay: strength of the L2 penalty.
        momentum: of sgd; adam has none of it.
        schedule: constant; cosine: the rate falls to zero along half a cosine, step by step; one-cycle: up, then down;
            steps: a tenth from three eighths of the epochs on, a hundredth from three quarters.
        patience: stop after this many epochs in a row without a lower validation loss.
        validation_share: held out of the training data (default: 0.1; 0 for an autoencoder).
        share: train on a random share of the rest.
        augment: crop-flip shifts images by up to an eighth of their side, zeros moving in, and mirrors half of them.
        channels_last: lay images out pixel by pixel: convolutions on a CPU train 1.2 to 1.5 times as fast.
    """

    epochs: Annotated[int, Field(ge=1)] = 10
    training_batch: Annotated[int, Field(ge=1)] = 128
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: Annotated[Number, Field(gt=0)] = 1e-3
    weight_decay: Annotated[Number, Field(ge=0)] = 0.0
    momentum: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    schedule: Literal["constant", "cosine", "one-cycle", "steps"] = "constant"
    patience: Annotated[int, Field(ge=1)] | None = None
    validation_share: Annotated[Number, Field(ge=0, lt=1)] | None = None
    share: Annotated[Number, Field(gt=0, le=1)] = 1.0
    augment: Literal["none", "crop-flip"] = "none"
    channels_last: bool = False


@final
class TrainingSettings(RunSettings):
    """What is trained, and how.

    Attributes:
        name: what other commands will call it.
        data: the images to train on.
        test: the images that its accuracy is measured on, never trained or validated on (default: the same source).
        network: a built-in architecture with its settings, file.py:function, or vae.
        members: how many networks, each from a seed of its own; several are an ensemble.
        estimator: how each network predicts, as the card will say (default: softmax).
        average: of several members.
        recipe: how each network is trained.
        adversarial_loss: what is learned from: the attacked images alone, or clean and attacked ones, by the mean or
            the sum of both losses (fgsm, from a start within 0.001).
        adversarial: attack every batch before learning from it: fgsm or pgd, with a radius (default: 8/255; pgd takes 7
            steps).
    """

    positional: ClassVar[tuple[str, ...]] = ("name",)
    follows: ClassVar[Mapping[str, Collection[str]]] = {"test": ("source", "resize", "crop", "channels", "on_error")}

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    data: DataSettings = DataSettings(split="train")
    test: DataSettings | None = None
    network: NetworkWord
    members: Annotated[int, Field(gt=0)] = 1
    estimator: EstimatorWord = EstimatorWord(name="softmax")
    average: Literal["probability", "logit"] = "probability"
    recipe: RecipeSettings = RecipeSettings()
    adversarial: ThreatWord | None = None
    adversarial_loss: Literal["attacked", "mean", "sum"] = "attacked"

    @field_validator("data", mode="before")
    @classmethod
    def _train(cls, value: object) -> object:
        """What is trained on is the part for training, unless another is named."""
        told: Any = for_training(value)
        return {"split": "train", **cast(Mapping[str, Any], told)} if isinstance(told, Mapping) else cast(object, told)

    @field_validator("adversarial")
    @classmethod
    def _hardening(cls, word: ThreatWord | None) -> ThreatWord | None:
        if word is not None and word.name not in ("fgsm", "pgd"):
            raise ValueError(f"fgsm or pgd, got {word.name}")
        if word is not None and word.radii is not None and len(word.radii) > 1:
            raise ValueError(f"one radius, got {', '.join(f'{radius:g}' for radius in word.radii)}")
        if word is not None:
            word.check_radii(None)
        return word

    @model_validator(mode="after")
    def _both(self) -> "TrainingSettings":
        if self.adversarial_loss != "attacked" and (self.adversarial is None or self.adversarial.name != "fgsm"):
            came = "none" if self.adversarial is None else self.adversarial.name
            raise SpecError(f"adversarial-loss: expected it with --adversarial fgsm, got {came}")
        return self

    @property
    def tested(self) -> DataSettings:
        """The images that the accuracy is measured on: of the same source and size, unless it says else."""
        own = {} if self.test is None else self.test.model_dump(exclude_unset=True)
        common = {name: getattr(self.data, name) for name in self.follows["test"]}
        return DataSettings.parse({**common, **own})
