"""Whom and what an experiment is about, as values: data, networks, victims."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast, final

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from feint import catalog
from feint.errors import SpecError
from feint.runs.grammar import Word, parsed
from feint.runs.settings import Settings, near


@final
class DataSettings(Settings):
    """Which inputs: the arguments of ``feint.data.load``, and how many of them.

    Attributes:
        source: digits (scikit-learn's); .npz with images and labels; MNIST's idx files or their folder; .parquet; class
            folders; a folder with a CSV of labels; CIFAR-10's, STL-10's or SVHN's folder; torchvision:NAME.
        split: which part of a data set that has several.
        resize: scale images until their short side has this many pixels.
        crop: then cut this square from the centre.
        limit: so many images at most, evenly of all classes.
        first: the first so many images.
        channels: grey or rgb, whatever the pictures are; without it, what most of the first ones are.
        on_error: what to do about an image that cannot be read: stop (raise), or skip, count and report it.
    """

    flags: ClassVar[Mapping[str, str]] = {"source": "data"}

    source: str = "digits"
    split: str = "test"
    resize: Annotated[int, Field(gt=0)] | None = None
    crop: Annotated[int, Field(gt=0)] | None = None
    limit: Annotated[int, Field(gt=0)] | None = None
    first: Annotated[int, Field(gt=0)] | None = None
    channels: Literal["grey", "rgb"] | None = None
    on_error: Literal["raise", "skip"] = "raise"

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = parsed(value)
        if isinstance(value, Mapping) and "name" in value:
            mapping = dict(cast(Mapping[str, Any], value))
            return {"source": mapping.pop("name"), **mapping}
        return cast(Any, value)

    @model_validator(mode="after")
    def _either(self) -> "DataSettings":
        if self.limit is not None and self.first is not None:
            raise SpecError("first: expected either limit or first, got both")
        return self

    def like(self, other: "DataSettings") -> "DataSettings":
        """These, cut and counted as others are where they are not told otherwise; limit and first are one thing."""
        told, counted = set(self.model_fields_set), {"limit", "first"}
        told |= counted if told & counted else set()
        said = {name: getattr(other, name) for name in other.model_fields_set if name != "source"}
        return self.but(**{name: value for name, value in said.items() if name not in told})


def _several_data(value: Any) -> Any:
    return cast(Any, value) if isinstance(value, list | tuple) else [value]


SeveralData = Annotated[tuple[DataSettings, ...], BeforeValidator(_several_data)]
"""Several sets of inputs."""


def for_training(value: Any) -> Any:
    """The settings of data that are fitted to or trained on: the part for training, unless another is named."""
    if isinstance(value, str):
        value = DataSettings.model_validate(value).model_dump(exclude_unset=True)
    if isinstance(value, Mapping) and ("source" in value or "name" in value):
        return {"split": "train", **cast(Mapping[str, Any], value)}
    return cast(Any, value)


@final
class NetworkWord(Word):
    """A network as ``feint.networks.load`` takes it; its own settings are the arguments of a built-in architecture.

    Attributes:
        name: file.py:function, torchvision:NAME, timm:NAME, file.pt2 or a built-in architecture.
        weights: a file of weights for it: safetensors, or a checkpoint of plain tensors.
    """

    reserved: ClassVar[tuple[str, ...]] = ("weights",)

    weights: str | None = None

    @property
    def short(self) -> str:
        """Its name without the path of its file."""
        return self.name.rsplit(":", 1)[-1]


AS_ON_CARD = "as on the card"
"""What the estimator of a trained victim is called where only its settings are said: cnn:estimator.draws=20."""


@final
class EstimatorWord(Word):
    """How each network predicts.

    Attributes:
        fit: of mahalanobis and knn, the images that they are fitted to, as data are named: knn:fit=path,fit.limit=5000
            (default: what the victim's card says that it was trained on; of the embedded network, its digits).
    """

    reserved: ClassVar[tuple[str, ...]] = ("fit",)

    fit: DataSettings | None = None

    @field_validator("fit", mode="before")
    @classmethod
    def _train(cls, value: Any) -> Any:
        return for_training(value)

    @model_validator(mode="after")
    def _known(self) -> "EstimatorWord":
        if self.name != AS_ON_CARD:
            known(self.name, catalog.ESTIMATORS)
        return self


@final
class DefenseWord(Word):
    """What stands before the networks."""

    @model_validator(mode="after")
    def _known(self) -> "DefenseWord":
        known(self.name, catalog.DEFENSES)
        return self


def known(name: str, names: Mapping[str, str]) -> str:
    """A name of the catalog.

    Raises:
        ValueError: it has no such name; the message has the nearest.
    """
    if name not in names:
        there = f"one of {', '.join(names)}" if names else "none (there are none yet)"
        raise SpecError(f"expected {there}, got {name!r}{near(name, names)}")
    return name


def known_measure(name: str | None) -> str | None:
    """A measure's name, with - for _ allowed."""
    return None if name is None else known(name.replace("-", "_"), catalog.MEASURES)


MeasureName = Annotated[str, AfterValidator(known_measure)]
"""The name of a measure of uncertainty."""


def _words(value: Any) -> Any:
    return [value] if isinstance(value, str | Mapping | Word) else value


Networks = Annotated[tuple[NetworkWord, ...], BeforeValidator(_words)]
Defenses = Annotated[tuple[DefenseWord, ...], BeforeValidator(_words)]


@final
class VictimSettings(Settings):
    """A classifier: a trained victim by its name, or one or more networks and how they predict.

    Attributes:
        card: the name of a victim that feint train made; what else is said here replaces what its card says.
        name: what it is called; by default, what its networks are called.
        networks: the members; several for an ensemble; without any, the embedded digit network, trained on the spot.
        estimator: how each network predicts (default: softmax, or as on the victim's card).
        outputs: what the networks return: logits, probabilities, log-probabilities, or sigmoid for one probability a
            class (default: as the estimator says, else logits).
        average: of an ensemble: of probabilities, or of logits (default: probability).
        defenses: what stands before the networks, first to last from the input.
        classes: their names, by label, as on the card; data are matched to them by name.
    """

    flags: ClassVar[Mapping[str, str]] = {
        "card": "victim",
        "networks": "network",
        "defenses": "defense",
        "name": "",
        "classes": "",
    }

    card: str | None = None
    name: str = ""
    networks: Networks = ()
    estimator: EstimatorWord | None = None
    outputs: Literal["logits", "probabilities", "log-probabilities", "sigmoid"] | None = None
    average: Literal["probability", "logit"] | None = None
    defenses: Defenses = ()
    classes: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            found = parsed(value)
            value = {"card": found.pop("name"), **found}
        if isinstance(value, Mapping):
            mapping = dict(cast(Mapping[str, Any], value))
            if isinstance(card := mapping.get("card"), str) and "=" in card:  # --victim cnn:estimator.draws=20
                found = parsed(card)
                value = {"card": found.pop("name"), **found, **{k: v for k, v in mapping.items() if k != "card"}}
                mapping = cast(dict[str, Any], value)
            estimator: Any = mapping.get("estimator")
            if mapping.get("card") is not None and isinstance(estimator, Mapping) and "name" not in estimator:
                return {**mapping, "estimator": {"name": AS_ON_CARD, **cast(Mapping[str, Any], estimator)}}
        return cast(Any, value)

    @model_validator(mode="after")
    def _either(self) -> "VictimSettings":
        if self.card is not None and self.networks:
            raise SpecError("victim: expected either --victim or --network, got both")
        return self

    @property
    def title(self) -> str:
        """What to call it in a report."""
        if self.name or not self.networks:
            return self.name or self.card or "the embedded digit network"
        names = [network.name for network in self.networks]
        return names[0] if len(names) == 1 else f"ensemble of {', '.join(names)}"


def _each_once(victims: tuple[VictimSettings, ...]) -> tuple[VictimSettings, ...]:
    """The victims, each by a name of its own: the same networks behind other estimators are told apart by these."""
    names = [victim.title for victim in victims]
    victims = tuple(
        victim.but(name=f"{victim.title}, {victim.estimator}")
        if victim.estimator is not None and names.count(victim.title) > 1
        else victim
        for victim in victims
    )
    names = [victim.title for victim in victims]
    if len(set(names)) < len(names):
        raise ValueError(f"each victim once, got {', '.join(names)}")
    return victims


Victims = Annotated[tuple[VictimSettings, ...], BeforeValidator(_words), AfterValidator(_each_once)]
"""Several victims, each once: results are told apart by their names."""


@final
class AutoencoderSettings(Settings):
    """A trained autoencoder, by its name.

    Attributes:
        name: of one that feint train --network vae made.
        network: its architecture, settings and weights, which its card says.
    """

    flags: ClassVar[Mapping[str, str]] = {"name": "autoencoder", "network": ""}

    name: str
    network: NetworkWord | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return parsed(value) if isinstance(value, str) else value
