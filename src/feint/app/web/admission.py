"""What a page or a call of the API may ask for: never a program, a pickle or a file to read as settings."""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

from feint import catalog
from feint.errors import SpecError
from feint.runs.experiment import Experiment
from feint.runs.grammar import parsed
from feint.runs.programs import programs
from feint.runs.settings import RunSettings, Settings, near
from feint.runs.things import loaded
from feint.threats.settings import ThreatWord
from feint.victims.settings import EstimatorWord, NetworkWord, VictimSettings

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What a run, a victim or an autoencoder may be called: never a path."""
LONGEST: Final = 2000


def name(text: str, what: str = "name") -> str:
    """A name that is no path.

    Raises:
        SpecError: it is none.
    """
    if not NAME.fullmatch(text) or ".." in text:
        raise SpecError(f"{what}: expected letters, digits, '_', '.' and '-', got {text[:40]!r}")
    return text


@contextmanager
def named(what: str) -> Generator[None]:
    """Inside, an error that does not begin with a name begins with this one."""
    try:
        yield
    except SpecError as error:
        if re.match(r"[\w.-]+: ", str(error)):
            raise
        raise SpecError(f"{what}: {error}") from error


def threat(word: Any) -> ThreatWord:
    """An attack of the catalog.

    Raises:
        SpecError: it is none, or reads a file.
    """
    if _plain(word, "attack") == "":
        raise SpecError("attack: expected one of the catalog, got none")
    with named("attack"):
        found = ThreatWord.of(word)
        _checked(found)
    return found


def victim(card: str | None, estimator: Any = None) -> VictimSettings:
    """A victim of the store by its name, or the embedded one.

    Raises:
        SpecError: a name that is a path, or an estimator that is none.
    """
    values: dict[str, Any] = {}
    if card:
        values["card"] = name(card, "victim")
    with named("estimator"):
        if estimator:
            values["estimator"] = EstimatorWord.of(_plain(estimator, "estimator"))
        found = VictimSettings.parse(values)
        _checked(found)
    return found


def architecture(word: str) -> NetworkWord:
    """A built-in architecture.

    Raises:
        SpecError: it is none.
    """
    with named("network"):
        found = NetworkWord.of(_plain(word, "network"))
    if found.name not in catalog.ARCHITECTURES or found.weights is not None:
        known = ", ".join(catalog.ARCHITECTURES)
        raise SpecError(f"network: expected one of {known}, got {word[:60]!r}")
    return found


def settings(experiment: str, values: Mapping[str, Any]) -> tuple[Experiment[Any], RunSettings]:
    """An experiment with its settings.

    Raises:
        SpecError: there is none of this name, or something that may not be asked for.
    """
    names = {**catalog.EXPERIMENTS, **catalog.PAPERS}
    if experiment not in names:
        known = ", ".join(names)
        raise SpecError(f"experiment: expected one of {known}, got {experiment!r}{near(experiment, names)}")
    found: Experiment[Any] = loaded(names[experiment])
    with named("settings"):
        asked = found.settings.parse(cast(Mapping[str, Any], _plain(dict(values), "settings")))
        for field, inner in _fields(asked):
            with named(field):
                _checked(inner)
        _checked(asked)
    return found, asked


def _fields(asked: Settings) -> Iterator[tuple[str, Settings]]:
    """Settings inside of others, by the fields that they stand in."""
    for field in type(asked).model_fields:
        value: Any = getattr(asked, field)
        for each in cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,):
            if isinstance(each, Settings):
                yield field, each


def _plain(value: Any, what: str) -> Any:
    """The same, if nothing in it is a file to be read: ``@file`` is for those who type commands."""
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise SpecError(f"{what}: expected at most {LONGEST} letters, got {len(value)}")
        if value.startswith("@") or re.search(r"=\s*@", value):
            raise SpecError(f"{what}: expected values, got a file to read them from")
        return value
    inside: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        inside = [(str(key), inner) for key, inner in cast(Mapping[Any, Any], value).items()]
    elif isinstance(value, list | tuple):
        inside = [(what, inner) for inner in cast(list[Any], value)]
    for key, inner in inside:
        _plain(inner, key)
    return cast(Any, value)


def _checked(asked: Settings) -> None:
    """Raise a SpecError for what may not be loaded from a page."""
    for program in programs(asked):
        raise SpecError(f"expected things of the catalog, got the program {program!r}; the command line runs those")
    for inner in _inside(asked):
        if isinstance(inner, NetworkWord):
            if inner.name not in {**catalog.ARCHITECTURES, **catalog.AUTOENCODERS}:
                known = ", ".join(catalog.ARCHITECTURES)
                raise SpecError(f"network: expected a victim of the store, or one of {known}; got {inner.name!r}")
            if inner.weights is not None:
                raise SpecError("weights: expected a victim of the store; upload safetensors as one")
        if isinstance(inner, VictimSettings) and inner.card is not None:
            name(inner.card, "victim")
        source: Any = getattr(inner, "source", "")
        if isinstance(source, str) and source.startswith("torchvision:"):
            raise SpecError("data: expected what is on this machine; the command line downloads")
        autoencoder: Any = getattr(inner, "autoencoder", None)
        if autoencoder is not None:
            name(autoencoder.name, "autoencoder")


def _inside(asked: Settings) -> list[Settings]:
    """Settings, and those inside of them."""
    return [asked, *(inner for _, each in _fields(asked) for inner in _inside(each))]


def mapping_of(text: str, what: str) -> dict[str, Any]:
    """A word that stands in an address, as a mapping.

    Args:
        text: the word.
        what: it names.

    Raises:
        SpecError: it is none, or reads a file.
    """
    with named(what):
        return parsed(_plain(text, what))
