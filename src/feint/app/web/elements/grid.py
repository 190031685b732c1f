"""A table to sort, filter and pick rows of."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, final

from nicegui.element import Element


@final
@dataclass(frozen=True)
class Head:
    """A column: its key in addresses, its title, the unit below, and whether it holds names, which stand left."""

    key: str
    title: str
    unit: str = ""
    name: bool = False


@final
@dataclass(frozen=True)
class Cell:
    """A cell: what is written, what it is sorted by, and where a click on it leads."""

    text: str
    value: str | float | None = None
    href: str = ""


@final
@dataclass(frozen=True)
class Line:
    """A row: its key, and a cell for each column."""

    key: str
    cells: tuple[Cell, ...]


@final
class Grid(Element, component="grid.js"):
    """A table.

    Args:
        columns: its columns.
        lines: its rows.
        caption: what it holds, for those who do not see it.
        facets: positions of the columns that rows can be chosen by.
        search: whether there is a field to find rows by words.
        keep: whether sorting, filters and picks stand in the page's address.
        marked: the row that is set apart.
        on_picked: is told the keys of the rows that somebody picks; None for a table without boxes.
    """

    def __init__(
        self,
        columns: Sequence[Head],
        lines: Sequence[Line],
        *,
        caption: str,
        facets: Sequence[int] = (),
        search: bool = False,
        keep: bool = False,
        marked: int | None = None,
        on_picked: Callable[[list[str]], Any] | None = None,
    ) -> None:
        super().__init__()
        self._props["columns"] = [asdict(column) for column in columns]
        self._props["caption"] = caption
        self._props["facets"] = list(facets)
        self._props["search"] = search
        self._props["keep"] = keep
        self._props["pick"] = on_picked is not None
        if marked is not None:
            self._props["marked"] = marked
        self.show(lines)
        if on_picked is not None:
            self.on("picked", lambda event: on_picked([str(key) for key in event.args]))

    def show(self, lines: Sequence[Line]) -> None:
        """Show other rows."""
        # As one text: NiceGUI would watch each of many thousands of cells for changes.
        self._props["rows"] = f"[{','.join(map(_written, lines))}]"
        self.update()


def _written(line: Line) -> str:
    return json.dumps({"key": line.key, "cells": list(map(_told, line.cells))}, allow_nan=False, separators=(",", ":"))


def _told(cell: Cell) -> dict[str, Any]:
    """What a cell says, without what follows: most are sorted by what is written, and lead nowhere."""
    told: dict[str, Any] = {"text": cell.text}
    if cell.value != cell.text:
        told["value"] = _number(cell.value)
    return {**told, "href": cell.href} if cell.href else told


def _number(value: str | float | None) -> str | float | None:
    """A value that JSON has: what is not finite is sorted last, as what is not there."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
