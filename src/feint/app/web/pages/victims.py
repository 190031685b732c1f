"""Victims: those that were trained or uploaded, with their cards; and how to add one."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from nicegui import ui

from feint.app.web.api.victims import MOST_BYTES
from feint.app.web.desk import Desk
from feint.app.web.elements import Field, Grid, Upload
from feint.app.web.elements.grid import Cell, Head, Line
from feint.app.web.parts.forms import WordForm
from feint.app.web.parts.frame import frame, link, text, wrong
from feint.app.web.parts.shown import show_block
from feint.reports.formats import percent
from feint.reports.names import short
from feint.reports.report import Facts

HEADS = (
    Head("victim", "victim", name=True),
    Head("network", "network", name=True),
    Head("members", "members"),
    Head("estimator", "estimator", name=True),
    Head("classes", "classes"),
    Head("images", "images", name=True),
    Head("accuracy", "accuracy", "%"),
    Head("data", "trained on", name=True),
)


def register(desk: Desk) -> None:
    """The list, and one victim with its card."""

    @ui.page("/victims")
    async def victims() -> None:
        with frame("Victims", "Victims", "Networks to attack: trained here, or uploaded as safetensors."):
            with ui.element("div").classes("bar"):
                link("Train a victim", "/new?experiment=train&network=digits").classes("button main")
            cards = await asyncio.to_thread(desk.cards)
            with ui.element("div").classes("card"):
                if not cards:
                    text("p", "None yet. The embedded digit network is always there.", "wait")
                Grid(HEADS, [line(name, card) for name, card in cards.items()], caption="Victims", keep=True)
            place = ui.element("section")
        await ui.context.client.connected()
        things = await desk.catalog()
        with place:
            Adding(things)

    @ui.page("/victim/{name}")
    async def victim(name: str) -> None:
        cards = await asyncio.to_thread(desk.cards)
        with frame(name if name in cards else "No such victim", "Victims"):
            if name not in cards:
                wrong(f"victim: expected one of the store, got {name[:60]!r}")
                return
            with ui.element("div").classes("bar"):
                if cards[name].get("kind") != "autoencoder":
                    link("Attack an image", f"/attack?victim={quote(name)}").classes("button main")
                    link("Audit it", f"/new?experiment=audit&victim={quote(name)}").classes("button")
                else:
                    link("See its latent space", f"/latent?autoencoder={quote(name)}").classes("button main")
            with ui.element("section"):
                text("h2", "Card")
                cells = line(name, cards[name]).cells
                facts = {
                    head.title: f"{cell.text} {head.unit}".strip()
                    for head, cell in zip(HEADS, cells, strict=True)
                    if cell.text
                }
                show_block(Facts({**facts, "classes": classes_of(cards[name])}))
                with ui.element("details"):
                    text("summary", "All of it")
                    text("pre", json.dumps(cards[name], indent=2)[:20_000]).props('tabindex="0"')


def classes_of(card: Mapping[str, Any]) -> str:
    """Their names, as many as fit a line or two."""
    return short(", ".join(map(str, card.get("classes") or [])), 200)


def line(name: str, card: Mapping[str, Any]) -> Line:
    """A victim in the list."""
    known: Any = card

    def part(key: str, inner: str = "name") -> str:
        found: Any = known.get(key) or ""
        return str(found.get(inner, "")) if hasattr(found, "get") else str(found)

    victim: Any = known.get("victim")
    how = str(victim.get("estimator", {}).get("name", "")) if hasattr(victim, "get") else part("kind")
    values: tuple[Any, ...] = (
        part("network"), len(known.get("members") or []), how, len(known.get("classes") or []),
        " x ".join(map(str, known.get("shape") or [])), known.get("accuracy"), part("trained_on", "source"),
    )  # fmt: skip
    cells = [Cell(name, name, f"/victim/{quote(name)}")]
    for head, value in zip(HEADS[1:], values, strict=True):
        number = isinstance(value, int | float)
        shown = percent(1)(value) if head.key == "accuracy" else short(str(value), 60)
        cells.append(Cell(shown, float(value) if number else value))
    return Line(name, tuple(cells))


class Adding:
    """The form for an upload: a name, an architecture with its settings, what it sees, and the file."""

    def __init__(self, things: Mapping[str, Any]) -> None:
        self._said = {"name": "", "classes": "0,1,2,3,4,5,6,7,8,9", "shape": "1,8,8"}
        text("h2", "Upload one")
        text("p", "Weights as safetensors for a built-in architecture; nothing else is loaded from a page.")
        with ui.element("div").classes("columns"):
            Field("name", "text", "", help="letters, digits, _ . and -", on_change=self._setter("name"))
            Field("classes", "text", self._said["classes"], help="names by label", on_change=self._setter("classes"))
            told = "channels, height, width of an image"
            Field("shape", "text", self._said["shape"], help=told, on_change=self._setter("shape"))
            with ui.element("div"):
                self._network = WordForm("architecture", things["architectures"], None, self._changed)
        self._upload = Upload(
            "weights", "", accept=".safetensors", most=MOST_BYTES, on_uploaded=lambda found: _see(str(found["name"]))
        )
        self._changed()

    def _setter(self, name: str) -> Any:
        def put(value: str) -> None:
            self._said[name] = str(value).strip()
            self._changed()

        return put

    def _changed(self) -> None:
        said = {**self._said, "network": self._network.text}
        self._upload._props["url"] = "/api/v1/victims?" + urlencode(said)  # pyright: ignore[reportPrivateUsage]
        self._upload.update()


def _see(name: str) -> None:
    ui.navigate.to(f"/victim/{quote(name)}")
