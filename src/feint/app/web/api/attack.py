"""Attack one image: the same as the page, as JSON or as arrays."""

import base64
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from feint.app.web import admission, uploads
from feint.app.web.desk import Desk
from feint.errors import SpecError
from feint.reports.images import png

STUDIO = "feint.app.web.studio.attack"


class Question(BaseModel):
    """What is attacked, how.

    Attributes:
        victim: a victim's name; None for the embedded digit network.
        estimator: how it predicts, such as mc-dropout:draws=30; None as on its card.
        attack: any of the catalog with its settings, such as pgd:steps=20.
        radius: in the attack's own distance.
        index: of one of the victim's own pictures.
        image: or the id of one that was kept.
        label: its true class, where somebody knows it.
    """

    model_config = ConfigDict(extra="forbid")

    victim: str | None = Field(None, max_length=100)
    estimator: str | None = Field(None, max_length=1000)
    attack: str = Field("ace", max_length=1000)
    radius: float = Field(0.05, gt=0, le=10_000, allow_inf_nan=False)
    index: int | None = Field(None, ge=0, lt=2**31)
    image: str | None = Field(None, max_length=16)
    label: int | None = Field(None, ge=0, lt=100_000)


def routes(desk: Desk) -> APIRouter:
    """The routes."""
    found = APIRouter(tags=["attack"])

    @found.post("/attack")
    async def attack(question: Question) -> dict[str, Any]:
        """Attack one image: probabilities, measures and distances before and after, and the pictures as PNG."""
        got = await desk.studio.call(f"{STUDIO}:attack", **_asked(desk, question))
        names = ("before", "added", "after")
        shown = {
            name: {"label": label, "png": base64.b64encode(png(image, largest=4096)).decode()}
            for name, image, label in zip(names, got.pop("pictures"), got.pop("labels"), strict=True)
        }
        return {**got, "pictures": shown}

    @found.post("/attack.npz", response_class=Response, responses={200: {"content": {"application/x-npz": {}}}})
    async def saved(question: Question) -> Response:
        """The same as arrays: images (attacked, channels last), originals, labels, probabilities before and after."""
        got = await desk.studio.call(f"{STUDIO}:saved", **_asked(desk, question))
        heads = {"content-disposition": 'attachment; filename="attacked.npz"'}
        return Response(got, media_type="application/x-npz", headers=heads)

    return found


def _asked(desk: Desk, question: Question) -> dict[str, Any]:
    """What the studio is asked, if it may be."""
    if (question.index is None) == (question.image is None):
        raise SpecError("image: expected either index or image")
    word = admission.threat(admission.mapping_of(question.attack, "attack"))
    estimator = admission.mapping_of(question.estimator, "estimator") if question.estimator else None
    image: dict[str, Any] = {"index": question.index}
    if question.image is not None:
        image = {"file": str(uploads.place_of(desk.images, question.image)), "label": question.label}
    victim = admission.victim(question.victim, estimator)
    return {"victim": victim.plain(), "image": image, "word": word.plain(), "radius": question.radius}
