"""Victims: their cards, and weights for a new one."""

import asyncio
from secrets import token_hex
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from feint.app.web import admission
from feint.app.web.desk import Desk
from feint.errors import SpecError, StoreError
from feint.runs.folder import files

from .images import content

MOST_BYTES: Final = 240 * 2**20
"""Of weights."""


class Known(BaseModel):
    """A victim in a list.

    Attributes:
        name: what it is called.
        kind: classifier or autoencoder.
        accuracy: on its test images, if somebody measured it.
    """

    name: str
    kind: str
    accuracy: float | None


class Added(BaseModel):
    """A victim that was kept.

    Attributes:
        name: what it is called.
    """

    name: str


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    found = APIRouter(tags=["victims"])
    body = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}

    @found.get("/victims")
    async def listed() -> list[Known]:
        """All trained and uploaded victims."""
        cards = await asyncio.to_thread(desk.cards)
        return [_known(name, card) for name, card in cards.items()]

    @found.get("/victims/{name}")
    async def card(name: str) -> dict[str, Any]:
        """A victim's card."""
        cards = await asyncio.to_thread(desk.cards)
        if name not in cards:
            raise StoreError(f"victim: expected one of the store, got {name[:60]!r}")
        return cards[name]

    @found.post("/victims", status_code=201, openapi_extra={"requestBody": {"required": True, **body}})
    async def add(
        request: Request,
        name: Annotated[str, Query(max_length=100)],
        network: Annotated[str, Query(max_length=1000, description="architecture with its settings: lenet:width=2")],
        classes: Annotated[str, Query(max_length=60_000, description="names by label, separated by commas")],
        shape: Annotated[str, Query(max_length=100, description="channels,height,width")],
    ) -> Added:
        """Keep weights (safetensors, nothing else) for a built-in architecture as a victim."""
        admission.name(name)
        admission.architecture(network)
        names = [each.strip() for each in classes.split(",")]
        sides = _sides(shape)
        weights = await content(request, MOST_BYTES)
        place = desk.state / "incoming" / f"{token_hex(8)}.safetensors"
        try:
            await asyncio.to_thread(files.write_bytes, place, weights)
            kept = await desk.studio.call(
                "feint.app.web.studio.victims:adopt",
                name=name,
                network=network,
                place=str(place),
                classes=names,
                shape=sides,
            )
        finally:
            place.unlink(missing_ok=True)
        return Added(name=kept)

    return found


def _known(name: str, card: dict[str, Any]) -> Known:
    accuracy = card.get("accuracy")
    return Known(
        name=name,
        kind=str(card.get("kind", "classifier")),
        accuracy=float(accuracy) if isinstance(accuracy, int | float) else None,
    )


def _sides(shape: str) -> list[int]:
    parts = shape.split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() and len(part) < 6 for part in parts):
        raise SpecError(f"shape: expected channels,height,width, got {shape[:40]!r}")
    sides = [int(part) for part in parts]
    if not all(0 < side <= 1024 for side in sides) or sides[0] > 4:
        raise SpecError(f"shape: expected up to 4 channels of at most 1024 x 1024, got {shape[:40]!r}")
    return sides
