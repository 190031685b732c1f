"""What all pages share: the head with its links, the main part, and a few elements with text in them."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from feint.reports.names import clean

PAGES: Final = {
    "Runs": "/",
    "Leaderboard": "/leaderboard",
    "Attack": "/attack",
    "Latent": "/latent",
    "Jobs": "/jobs",
    "Victims": "/victims",
    "Learn": "/learn",
}
"""The pages that every page links to."""


@contextmanager
def frame(title: str, here: str, lead: str = "") -> Generator[Element]:
    """Inside, elements stand in the main part of a page.

    Args:
        title: its heading.
        here: which of the pages it is, or belongs to.
        lead: what it is for, in a line or two.
    """
    ui.page_title(f"{clean(title)} · feint")
    link("Skip to the content", "#main").classes("skip")
    with ui.element("header").classes("top"), ui.element("div"):
        link("feint", "/").classes("brand")
        with ui.element("nav").props('aria-label="Pages"'), ui.element("ul"):
            for name, place in PAGES.items():
                with ui.element("li"):
                    found = link(name, place)
                    if name == here:
                        found.props('aria-current="page"')
    with ui.element("div").classes("page").props('id="main" tabindex="-1"') as main:
        text("h1", title)
        if lead:
            text("p", lead, "lead")
        yield main


def text(tag: str, content: str, look: str = "") -> TextElement:
    """An element with text in it, which is never markup."""
    return TextElement(tag=tag, text=clean(content)).classes(look)


def link(content: str, place: str) -> Element:
    """A link to a page of ours."""
    found = text("a", content)
    found._props["href"] = place  # pyright: ignore[reportPrivateUsage]  (props() would parse it)
    return found


def button(content: str, act: Callable[[], Any] | Callable[[], Awaitable[Any]], look: str = "") -> TextElement:
    """A button."""
    found = text("button", content, look).props('type="button"')
    found.on("click", lambda: act())
    return found


def wrong(message: str) -> Element:
    """What went wrong, in one line, said aloud too."""
    return text("p", message, "note").props('role="alert"')


def remember(place: str, said: Mapping[str, Any]) -> None:
    """Keep what is chosen in a page's address, so that it can be shared; without what is empty."""
    kept = {name: value for name, value in said.items() if value not in ("", None)}
    ui.navigate.history.replace(f"{place}?{urlencode(kept)}" if kept else place)
