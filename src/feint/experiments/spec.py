"""What is to be done, as values: frozen, printable, storable, checked when they are made."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from feint.errors import SpecError

S = TypeVar("S", bound="Spec")


class Spec(BaseModel):
    """A frozen model whose mistakes come out as one line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    if not TYPE_CHECKING:  # a type checker knows the fields, and so what the arguments are

        def __init__(self, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise SpecError(_one_line(error)) from error

    @classmethod
    def parse(cls: type[S], values: Mapping[str, Any]) -> S:
        """Make one from plain values.

        Raises:
            SpecError: the first value that does not fit: what was expected and what came.
        """
        return cls(**values)


def _one_line(error: ValidationError) -> str:
    """The first value that does not fit; one inside another specification has said so itself."""
    first = error.errors()[0]
    name = ".".join(part.replace("_", "-") for part in first["loc"] if isinstance(part, str))
    inside = first.get("ctx", {}).get("error")
    if isinstance(inside, SpecError):
        return f"{name}.{inside}"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    # A check of ours says for itself what came, where the whole input would be too much.
    came = "" if ", got " in message else f", got {first['input']!r}"
    return f"{name or 'the specification'}: expected {message}{came}"


def _checked_radii(radii: tuple[float, ...]) -> tuple[float, ...]:
    if not radii or any(not (math.isfinite(radius) and radius > 0) for radius in radii):
        raise ValueError("finite numbers above 0, in the inputs' unit of [0, 1]")
    if len(set(radii)) < len(radii):
        raise ValueError("each radius once")
    return radii


class RunSpec(Spec):
    """What every run is told about itself; all of it is part of what determines the last bit of a result.

    Attributes:
        seed: of all randomness.
        batch_size: inputs per call of a network, or None to go by the images' size.
        threads: CPU threads, or None for torch's own choice.
        device: "cpu", "cuda", "cuda:1", "mps" or "auto".
    """

    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    batch_size: Annotated[int, Field(gt=0)] | None = None
    threads: Annotated[int, Field(gt=0)] | None = None
    device: str = "cpu"


@final
class DataSpec(Spec):
    """Which images: the arguments of ``feint.data.load``, and how many of them.

    Attributes:
        source: a path, "digits", or "torchvision:NAME".
        split: which part of a data set that has several.
        resize: short side in pixels, or None to leave the images as they are.
        crop: side of the centre crop in pixels, or None.
        on_error: whether an image that cannot be read ends the run or is skipped and counted.
        limit: the first so many images, or None for all.
    """

    source: str = "digits"
    split: str = "test"
    resize: Annotated[int, Field(gt=0)] | None = None
    crop: Annotated[int, Field(gt=0)] | None = None
    on_error: Literal["raise", "skip"] = "raise"
    limit: Annotated[int, Field(gt=0)] | None = None


@final
class NetworkSpec(Spec):
    """A network as ``feint.networks.load`` takes it.

    Attributes:
        name: "file.py:function", "torchvision:NAME", "timm:NAME", "file.pt2" or a built-in architecture.
        weights: a file of weights for it, or None for what it comes with.
        arguments: of a built-in architecture, such as ``{"dropout": 0.3}``.
    """

    name: str
    weights: str | None = None
    arguments: dict[str, int | float] = {}


@final
class VictimSpec(Spec):
    """A classifier: one or more networks and how they predict.

    Attributes:
        name: what it is called; by default, what its networks are called.
        networks: the members; none for the embedded digit network, trained on the spot, several for an ensemble.
        estimator: how each member predicts.
        temperature: of "softmax".
        draws: of "mc-dropout".
        masks: of "mc-dropout": shared by all inputs of a draw, or independent.
        average: of several members.
    """

    name: str = ""
    networks: tuple[NetworkSpec, ...] = ()
    estimator: Literal["softmax", "mc-dropout"] = "softmax"
    temperature: Annotated[float, Field(gt=0)] = 1.0
    draws: Annotated[int, Field(gt=1)] = 30
    masks: Literal["shared", "independent"] = "shared"
    average: Literal["probability", "logit"] = "probability"

    @property
    def title(self) -> str:
        """What to call it in a report."""
        if self.name or not self.networks:
            return self.name or "the embedded digit network"
        names = [network.name for network in self.networks]
        return names[0] if len(names) == 1 else f"ensemble of {', '.join(names)}"

    @property
    def stochastic(self) -> bool:
        """Whether other draws give another prediction."""
        return self.estimator == "mc-dropout"

    @property
    def default_measure(self) -> str:
        """The measure that ranks its inputs unless another is named: the papers' choice for its kind."""
        return "predictive_entropy" if self.stochastic else "max_probability"


def checked_victims(victims: tuple[VictimSpec, ...]) -> tuple[VictimSpec, ...]:
    """At least one victim, and each name once: results are told apart by it."""
    if not victims:
        raise ValueError("at least one victim")
    names = [victim.title for victim in victims]
    if len(set(names)) < len(names):
        raise ValueError(f"each victim once, got {', '.join(names)}")
    return victims


@final
class AttackSpec(Spec):
    """How a victim's confidence is attacked.

    Attributes:
        goal: "disrupt" (ACE: confidence up where the victim is wrong, down where it is right), "reverse" (the whole
            order by uncertainty), "underconfidence", "overconfidence", "random-confidence", or "steer" (up for the
            predicted labels in `raised`, down for the others, whatever the truth).
        measure: the name of the uncertainty that is attacked; None for the one that ranks the inputs.
        indirect: attack the softmax of the victim's networks without dropout, in place of what it predicts.
        proxies: networks that give the gradients, in place of the victim (black box: it only gives labels).
        proxy_average: of several proxies.
        steps: gradient steps; 1 is the paper's attack.
        momentum: of several steps.
        search: what is done where a step breaks the label: "backtracking", or "bisection" for the largest radius.
        decay: of backtracking.
        tries: of backtracking.
        accept: the "first" feasible try of backtracking (the paper's), or the "best".
        keep_label: whether the predicted label must stay.
        truth: a network whose predictions stand in for the labels that the attacker does not have.
        raised: labels of "steer".
    """

    goal: Literal["disrupt", "reverse", "underconfidence", "overconfidence", "random-confidence", "steer"] = "disrupt"
    measure: str | None = None
    indirect: bool = False
    proxies: tuple[NetworkSpec, ...] = ()
    proxy_average: Literal["probability", "logit"] = "probability"
    steps: Annotated[int, Field(gt=0)] = 1
    momentum: Annotated[float, Field(ge=0)] = 0.0
    search: Literal["backtracking", "bisection"] = "backtracking"
    decay: Annotated[float, Field(gt=0, lt=1)] = 0.5
    tries: Annotated[int, Field(gt=0)] = 15
    accept: Literal["first", "best"] = "first"
    keep_label: bool = True
    truth: NetworkSpec | None = None
    raised: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """The attack in words."""
        box = f"black box through {', '.join(proxy.name for proxy in self.proxies)}" if self.proxies else "white box"
        steps = "one sign step" if self.steps == 1 else f"{self.steps} projected steps"
        search = "bisected" if self.search == "bisection" else "halved" if self.decay == 0.5 else f"x {self.decay:g}"
        kept = f"{search} until the predicted label is kept" if self.keep_label else "whatever becomes of the label"
        return f"{self.goal}, {box}{', through the softmax without dropout' if self.indirect else ''}: {steps}, {kept}"


@final
class AuditSpec(RunSpec):
    """An audit: what ACE does to a classifier's confidence.

    Attributes:
        data: the images.
        victim: the classifier.
        attack: how its confidence is attacked.
        radii: L-infinity radii of the attack, in the inputs' unit of [0, 1].
        measure: the name of the measure that ranks the inputs, and is attacked unless the attack names another; None
            for the victim's usual one.
        repeats: how often a stochastic victim is asked again with fresh draws.
    """

    data: DataSpec = DataSpec()
    victim: VictimSpec = VictimSpec()
    attack: AttackSpec = AttackSpec()
    radii: Annotated[tuple[float, ...], AfterValidator(_checked_radii)]
    measure: str | None = None
    repeats: Annotated[int, Field(ge=0)] = 3
