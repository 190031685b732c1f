"""The cards of trained victims: a folder by name, with weights and a card that says what they are."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

from feint.errors import SpecError, StoreError
from feint.runs.folder import files
from feint.runs.programs import is_program, is_remembered, refused
from feint.runs.settings import Settings

from .settings import AutoencoderSettings, DataSettings, NetworkWord, VictimSettings

CARD = "card.json"
AUTOENCODER = "autoencoder"
"""What a card says its kind is, if it is not a classifier's."""


def read_victim(root: Path, name: str, *, allow_code: bool = False) -> VictimSettings:
    """The settings of a trained victim.

    Args:
        root: where victims lie.
        name: what it is called.
        allow_code: whether the card may name a program, such as a Python file with its network, that the user has not
            trained with before.

    Raises:
        SpecError: there is none of this name (the message lists those there are), it is an autoencoder, or its card
            names a program and that is not allowed.
        StoreError: its card cannot be read.
    """
    card = read_card(root, name, classifiers=True)
    if card.get("kind") == AUTOENCODER:
        raise SpecError(f"victim: expected a classifier, got the autoencoder {name!r}")
    told = _network_of(root / name, card)
    if is_program(told) and not (allow_code or is_remembered(told)):
        raise refused(f"the card of {name!r}", told)
    try:
        words = tuple(members_of(root, name, card))
        return VictimSettings(name=name, networks=words, classes=tuple(card["classes"]), **card["victim"])
    except (KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{root / name / CARD} is no card of a victim: {type(error).__name__}: {reason}") from error


def check_cards(settings: Settings, root: Path, *, allow_code: bool = False, coming: Collection[str] = ()) -> None:
    """Raise a SpecError for trained victims that are not there, whatever holds their names.

    Args:
        settings: what is asked of an experiment.
        root: where victims lie.
        allow_code: whether a card may name a program.
        coming: victims that will be there by then.
    """
    for name in type(settings).model_fields:
        value: Any = getattr(settings, name)
        for each in cast(tuple[Any, ...], value) if isinstance(value, tuple) else (value,):
            if isinstance(each, VictimSettings) and each.card is not None and each.card not in coming:
                read_victim(root, each.card, allow_code=allow_code)
            elif isinstance(each, AutoencoderSettings) and each.name not in coming:
                read_card(root, each.name)
            elif isinstance(each, Settings):
                check_cards(each, root, allow_code=allow_code, coming=coming)


def data_on_card(root: Path, name: str) -> DataSettings | None:
    """What a trained victim was trained on, if its card says so.

    Args:
        root: where victims lie.
        name: what it is called.

    Raises:
        StoreError: its card says something else.
    """
    told = read_card(root, name).get("trained_on")
    if told is None:
        return None
    try:
        return DataSettings.parse({key: value for key, value in told.items() if key != "images"})
    except (AttributeError, SpecError) as error:
        raise StoreError(f"{root / name / CARD} is no card of a victim: trained_on: {error}") from error


def _network_of(place: Path, card: Mapping[str, Any]) -> str:
    """What a card's network is called; files are named on it as seen from its folder."""
    try:
        name = NetworkWord.of(card["network"]).name
        return os.path.normpath(place / name) if is_program(name) else name
    except (KeyError, SpecError):  # whoever reads the whole card says so
        return ""


def network_on_card(network: NetworkWord, place: Path) -> dict[str, Any]:
    """A network as a card names it: a file as seen from the card's folder, so that it is found from anywhere."""
    if is_program(network.name):
        network = network.but(name=os.path.relpath(Path(network.name).expanduser(), place))
    return network.plain()


def members_of(root: Path, name: str, card: dict[str, Any]) -> list[NetworkWord]:
    """The networks that a card names, with their weights."""
    network = NetworkWord.of(card["network"]).but(name=_network_of(root / name, card))
    return [network.but(weights=str(root / name / file)) for file in card["members"]]


def read_card(root: Path, name: str, *, classifiers: bool = False) -> dict[str, Any]:
    """The card of a trained victim.

    Args:
        root: where victims lie.
        name: what it is called.
        classifiers: whether the message about a wrong name leaves autoencoders out.

    Raises:
        SpecError: there is none of this name; the message lists those there are.
        StoreError: it cannot be read.
    """
    path = root / name / CARD
    if not os.path.isfile(path):  # which takes names that no file can have, too
        cards = sorted(root.glob(f"*/{CARD}")) if root.is_dir() else []
        there = [card.parent.name for card in cards if not (classifiers and _is_autoencoder(card))]
        listed = f"there are {', '.join(there)}" if there else "there are none (feint train makes some)"
        raise SpecError(f"victim: expected one in {root}, got {name!r}; {listed}")
    try:
        card = files.read_json(path)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    if not isinstance(card, dict):
        raise StoreError(f"{path} is no card of a victim: expected an object, got {type(card).__name__}")
    return cast(dict[str, Any], card)


def _is_autoencoder(path: Path) -> bool:
    try:
        card = files.read_json(path)
    except (OSError, ValueError):  # whoever names it will hear
        return False
    return isinstance(card, dict) and cast(dict[str, Any], card).get("kind") == AUTOENCODER
