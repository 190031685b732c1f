"""How a victim is attacked, as values: the attack's word, and what the attacker knows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, cast, final

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from feint import catalog
from feint.errors import SpecError
from feint.runs.grammar import Word, formatted, spoken
from feint.runs.settings import Number, Radii, RunSettings, Settings, in_full_range, listed
from feint.victims.settings import MeasureName, Networks, NetworkWord, known, known_measure

Goal = Literal[
    "labels", "disrupt", "reverse", "underconfidence", "overconfidence", "random-confidence", "steer", "accept",
    "reject",
]  # fmt: skip
Arithmetic = Literal["exact", "as-released"]
CONFIDENCE: tuple[Goal, ...] = (
    "disrupt", "reverse", "underconfidence", "overconfidence", "random-confidence", "steer",
)  # fmt: skip
"""Goals that are about confidence; labels stay."""
FAMILIARITY: tuple[Goal, ...] = ("accept", "reject")
"""Goals that are about whether an input is taken for one of the victim's domain, under whatever label."""
OTHER_DISTANCES = {"cw": "l2", "lbfgs": "l2", "iaa": "perceptual"}
"""Attacks that measure how far they go in something else than L-infinity, unless their norm says so."""
AUTO = "auto"
"""The measure that a victim is judged by: mutual information, or entropy where nothing is drawn."""


def _evaded(name: str) -> str | None:
    return name if name == AUTO else known_measure(name)


def check_full_range(radii: tuple[float, ...]) -> None:
    """Raise a SpecError for an L-infinity radius above the full range."""
    try:
        in_full_range(radii)
    except ValueError as error:
        raise SpecError(f"radii: expected {error}") from None


@final
class ThreatWord(Word):
    """An attack by name, with its own settings and with what it is to do.

    Attributes:
        name: an attack of the catalog, or a user's own as file.py:name.
        radii: how far it goes, in its own distance.
        goal: what becomes of the victim: another label (labels), or of its confidence: up where wrong and down where
            right (disrupt), the order reversed, down, up, random, or up for the predicted labels in target and down for
            the others (steer); or taken for familiar (accept) or for foreign (reject), under whatever label.
        measure: the uncertainty that is attacked, if not what ranks.
        target: the label wanted; of steer, the labels whose confidence rises.
        evade: a measure to keep low beside: the adaptive attacker; auto: mutual information, or entropy where a victim
            has one draw.
        weight: of the logarithm of that measure against the margin, below 1.
        arithmetic: of ace: exact gradients (exact), or those of its released code, whose softmax is in float32
            (as-released).
        draws: of a stochastic victim: the same at every step (fixed), or fresh ones whenever it is asked.
        members: of an ensemble, to be accepted or rejected: attacked as one (joint), or each member by an input of its
            own (per-member), which no attacker can hand in.
        called: what to call it.
    """

    reserved: ClassVar[tuple[str, ...]] = (
        "radii", "goal", "measure", "target", "evade", "weight", "arithmetic", "draws", "members", "as",
    )  # fmt: skip
    aliases: ClassVar[Mapping[str, str]] = {"as": "called"}

    radii: Radii | None = None
    goal: Goal | None = None
    measure: MeasureName | None = None
    target: Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(listed)] = ()
    evade: Annotated[str, AfterValidator(_evaded)] | None = None
    weight: Annotated[Number, Field(gt=0, lt=1)] = 0.5
    arithmetic: Arithmetic = "exact"
    draws: Literal["fixed", "fresh"] = "fixed"
    members: Literal["joint", "per-member"] = "joint"
    called: str = ""

    @model_validator(mode="after")
    def _known(self) -> "ThreatWord":
        if not user_file(self.name):
            known(self.name, catalog.ATTACKS)
        if self.evade is None and self.weight != 0.5:
            raise SpecError(f"weight: expected it with evade, got {self.weight:g} alone")
        return self

    @property
    def title(self) -> str:
        """What to call it: "mim", or "bim, adaptive"."""
        return self.called or (self.name if self.evade is None else f"{self.name}, adaptive")

    @property
    def distance(self) -> str | None:
        """What its radii measure, as far as that is known without the attack itself: not of a user's own."""
        kind = OTHER_DISTANCES.get(self.name, "linf")
        return None if user_file(self.name) else str(self.settings.get("norm", kind))

    def check_radii(self, radii: tuple[float, ...] | None) -> None:
        """Raise a SpecError for a radius above the full range: its own, or, where it has none, one of these."""
        if self.distance == "linf":
            check_full_range(self.radii or radii or ())

    def __str__(self) -> str:
        word = self.plain()
        return formatted({"name": word.pop("name"), "as": word.pop("called", None), **word})


def _each(value: Any) -> Any:
    return [value] if isinstance(value, str | Mapping | Word) else value


def _each_once(words: tuple[ThreatWord, ...]) -> tuple[ThreatWord, ...]:
    if not words:
        raise ValueError("at least one attack")
    for at, word in enumerate(words):
        for other in words[:at]:
            apart = word.radii and other.radii and not set(word.radii) & set(other.radii)
            if word.title == other.title and not apart:
                names = ", ".join(each.title for each in words)
                raise ValueError(f"each attack once at a radius, or as=NAME, got {names}")
    return words


ThreatWords = Annotated[tuple[ThreatWord, ...], BeforeValidator(_each), AfterValidator(_each_once)]
"""Several attacks, which are told apart by what they are called and by their radii."""


def user_file(name: str) -> tuple[Path, str] | None:
    """File and name of "file.py:name"; None where the name is none such."""
    file, _, entry = name.rpartition(":")
    return (Path(file).expanduser(), entry) if file.endswith(".py") else None


@final
class Knowledge(Settings):
    """What an attacker of confidence knows of the victim, and must keep.

    Attributes:
        proxies: black box: gradients come from this network, the victim only gives labels; several: an ensemble.
        proxy_average: of several proxies (default: probability).
        indirect: attack the softmax of one pass without dropout; of a SelectiveNet, ace:measure=max_probability does.
        truth: a network whose predictions stand in for the labels that the attacker does not have.
        any_label: lift the condition that the predicted label stays.
    """

    flags: ClassVar[Mapping[str, str]] = {"proxies": "proxy"}

    proxies: Networks = ()
    proxy_average: Literal["probability", "logit"] = "probability"
    indirect: bool = False
    truth: NetworkWord | None = None
    any_label: bool = False


def in_words(word: ThreatWord, knowledge: Knowledge | None = None) -> str:
    """An attack in words: its goal and settings; of confidence also what becomes of labels, and who gives gradients.

    >>> in_words(ThreatWord.of("bim:steps=10,reach=1,goal=labels,radii=1/10"))
    'bim: labels, steps 10, reach 1, radii 0.1'
    >>> in_words(ThreatWord.of("ace:goal=disrupt,search=backtracking"))
    'ace: disrupt, white box: one sign step, halved until the predicted label is kept'
    """
    known, given = knowledge or Knowledge(), cast(Any, word.settings.get("search") or {})
    search: Mapping[str, Any] = {"name": given} if isinstance(given, str) else given
    if word.goal not in CONFIDENCE and not search:
        own = {name: value for name, value in word.plain().items() if name not in ("called", "goal", "radii")}
        radii = [f"{radius:g}" for radius in word.radii or ()]
        said = spoken(formatted({**own, "name": "", "radii": radii or None})).removeprefix(": ")
        return ": ".join(filter(None, (word.title, ", ".join(filter(None, (word.goal, said))))))
    box = f"black box through {', '.join(proxy.name for proxy in known.proxies)}" if known.proxies else "white box"
    count: Any = word.settings.get("steps", 1)
    steps = "one sign step" if count == 1 else f"{count} projected steps"
    decay = search.get("decay", 0.5)
    shrunk = "bisected" if search.get("name") == "bisection" else "halved" if decay == 0.5 else f"x {decay:g}"
    kept = "whatever becomes of the label" if known.any_label else f"{shrunk} until the predicted label is kept"
    if not search and not known.any_label:
        kept = "the predicted label kept"
    through = ", through the softmax without dropout" if known.indirect else ""
    released = ", in the released code's arithmetic" if word.arithmetic == "as-released" else ""
    return f"{word.title}: {', '.join(filter(None, (word.goal, box)))}{through}: {steps}, {kept}{released}"


class ThreatSettings(RunSettings):
    """Of a run that attacks: by one word (``attack``) or several (``attacks``), within ``radii`` or their own."""

    @model_validator(mode="after")
    def _in_full_range(self) -> "ThreatSettings":
        asked: Any = self
        for word in getattr(self, "attacks", None) or (asked.attack,):
            word.check_radii(asked.radii)
        return self
