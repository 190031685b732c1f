"""The cards of trained victims: a folder by name, with weights and a card that says what they are."""

import json
from pathlib import Path
from typing import Any, cast

from feint.errors import SpecError, StoreError

from .settings import NetworkWord, VictimSettings

CARD = "card.json"
AUTOENCODER = "autoencoder"
"""What a card says its kind is, if it is not a classifier's."""


def read_victim(root: Path, name: str) -> VictimSettings:
    """The settings of a trained victim.

    Raises:
        SpecError: there is none of this name (the message lists those there are), or it is an autoencoder.
        StoreError: its card cannot be read.
    """
    card = read_card(root, name, classifiers=True)
    if card.get("kind") == AUTOENCODER:
        raise SpecError(f"victim: expected a classifier, got the autoencoder {name!r}")
    try:
        words = tuple(members_of(root, name, card))
        return VictimSettings(name=name, networks=words, classes=tuple(card["classes"]), **card["victim"])
    except (KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise StoreError(f"{root / name / CARD} is no card of a victim: {type(error).__name__}: {reason}") from error


def members_of(root: Path, name: str, card: dict[str, Any]) -> list[NetworkWord]:
    """The networks that a card names, with their weights."""
    network = NetworkWord.of(card["network"])
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
    if not path.is_file():
        cards = sorted(root.glob(f"*/{CARD}")) if root.is_dir() else []
        there = [card.parent.name for card in cards if not (classifiers and _is_autoencoder(card))]
        listed = f"there are {', '.join(there)}" if there else "there are none (feint train makes some)"
        raise SpecError(f"victim: expected one in {root}, got {name!r}; {listed}")
    try:
        card = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    if not isinstance(card, dict):
        raise StoreError(f"{path} is no card of a victim: expected an object, got {type(card).__name__}")
    return cast(dict[str, Any], card)


def _is_autoencoder(path: Path) -> bool:
    try:
        card = json.loads(path.read_text())
    except (OSError, ValueError):  # whoever names it will hear
        return False
    return isinstance(card, dict) and cast(dict[str, Any], card).get("kind") == AUTOENCODER
