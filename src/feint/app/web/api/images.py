"""Pictures: bytes come in without a name, and only their pixels are kept."""

import asyncio

from fastapi import APIRouter, Request
from pydantic import BaseModel

from feint.app.web import uploads
from feint.app.web.desk import Desk
from feint.errors import DataError


class Kept(BaseModel):
    """A picture that was kept.

    Attributes:
        id: what attacks call it by.
    """

    id: str


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    found = APIRouter(tags=["images"])
    body = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}

    @found.post("/images", status_code=201, openapi_extra={"requestBody": {"required": True, **body}})
    async def keep(request: Request) -> Kept:
        """Keep a picture (PNG, JPEG, WEBP, BMP or GIF): its pixels alone, at most 1,024 a side."""
        return Kept(id=await asyncio.to_thread(uploads.keep, desk.images, await content(request, uploads.MOST_BYTES)))

    return found


async def content(request: Request, most: int) -> bytes:
    """A request's body, if it is no larger than that.

    Raises:
        DataError: it is.
    """
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > most:
            raise DataError(f"body: expected at most {most} bytes, got more")
    return bytes(found)
