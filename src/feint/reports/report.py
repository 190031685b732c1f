"""A report as data: what stands on a page, in a terminal and in files, described once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy.typing as npt

from .formats import Cell, Format, unit

Image = npt.NDArray[Any]
"""Height x width x channels, or height x width: uint8, or floats in [0, 1]."""


@final
@dataclass(frozen=True)
class Text:
    """Paragraphs of plain text, never markup."""

    paragraphs: tuple[str, ...]

    @classmethod
    def of(cls, *paragraphs: str) -> "Text":
        """Each argument is a paragraph."""
        return cls(paragraphs)


@final
@dataclass(frozen=True)
class Notes:
    """A list with bullets; where ``terminal`` says so, printed under the tables in a terminal too."""

    items: tuple[str, ...]
    terminal: bool = False


@final
@dataclass(frozen=True)
class Facts:
    """Names and what is known of them, in the order they are shown: data, network, versions."""

    items: Mapping[str, str]


@final
@dataclass(frozen=True)
class Command:
    """A command line, to be copied."""

    text: str


@final
@dataclass(frozen=True)
class Stat:
    """A number to be seen first, already written; "a → b" is shown as a change from a to b."""

    label: str
    value: str
    detail: str = ""


@final
@dataclass(frozen=True)
class Stats:
    """The few numbers that say it, as tiles."""

    items: tuple[Stat, ...]


@final
@dataclass(frozen=True)
class Column:
    """A column of a table: its head, the unit below it (left out: the format's), and how its numbers are written."""

    title: str
    unit: str = ""
    format: Format | None = None

    @property
    def subtitle(self) -> str:
        """What stands below the head."""
        return unit(self.title, self.unit, self.format)


@final
@dataclass(frozen=True)
class Table:
    """A table of raw values, which each renderer writes in its own way; None shows as a dash.

    Attributes:
        name: of its file.
        terminal: whether it is printed in a terminal.
        marked: the row that is set apart, such as the clean one.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    terminal: bool = False
    marked: int | None = None

    @classmethod
    def of(cls, name: str, columns: Mapping[str, Column], rows: Iterable[Mapping[str, Any]], **more: Any) -> "Table":
        """A column for each key of the rows that is to be shown; what a row does not have is None."""
        return cls(name, tuple(columns.values()), tuple(tuple(map(row.get, columns)) for row in rows), **more)

    def __post_init__(self) -> None:
        for at, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                raise ValueError(f"table {self.name!r}: expected {len(self.columns)} cells, got {len(row)} in row {at}")


@final
@dataclass(frozen=True)
class Mark:
    """An entry of a figure's legend: what it stands for, "#rrggbb", and how it is drawn."""

    name: str
    colour: str
    shape: Literal["square", "line", "dash", "point"] = "square"

    def __post_init__(self) -> None:
        _check_colours(self.colour)


@final
@dataclass(frozen=True)
class Ramp:
    """A scale in a figure's legend: what it measures, "#rrggbb" from low to high, and both ends, written."""

    name: str
    colours: tuple[str, ...]
    low: str
    high: str

    def __post_init__(self) -> None:
        _check_colours(*self.colours)


def _check_colours(*colours: str) -> None:
    """Colours stand in style sheets, where nothing else may stand."""
    for colour in colours:
        if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
            raise ValueError(f"colour: expected #rrggbb, got {colour!r}")


@final
@dataclass(frozen=True, eq=False)
class Panel:
    """One chart: a unit or layered specification of Vega-Lite as plain JSON, of width "container", its data inline.

    With ``usermeta: {"aspect": 1}`` it is as high as it is wide. Its legend goes to its figure's.
    """

    chart: Mapping[str, Any]
    title: str = ""
    legend: "tuple[Mark | Ramp, ...]" = ()


@final
@dataclass(frozen=True, eq=False)
class Figure:
    """Panels side by side where there is room, under one legend; the name is its file's.

    ``alt`` says what it shows to those who do not see it.
    """

    name: str
    title: str
    alt: str
    panels: tuple[Panel, ...]
    caption: str = ""
    legend: tuple[Mark | Ramp, ...] = ()

    @classmethod
    def of(cls, name: str, title: str, alt: str, panels: Iterable[Panel], caption: str = "") -> "Figure":
        """Panels under all that their legends say, each once."""
        shown = tuple(panels)
        legend = dict.fromkeys(mark for panel in shown for mark in panel.legend)
        return cls(name, title, alt, shown, caption, tuple(legend))


@final
@dataclass(frozen=True, eq=False)
class Picture:
    """Images that belong together: side by side, with a label under each or none at all, and lines of text below."""

    images: tuple[Image, ...]
    labels: tuple[str, ...] = ()
    title: str = ""
    lines: tuple[str, ...] = ()


@final
@dataclass(frozen=True, eq=False)
class Pictures:
    """Images as they are, pixel by pixel.

    As "cards" a gallery, of which at most eight are open at once; as "strip" a row for each group; as "mosaic" each
    group's images as one square of tiles, row by row from the top.
    """

    name: str
    title: str
    items: tuple[Picture, ...]
    caption: str = ""
    layout: Literal["cards", "strip", "mosaic"] = "cards"


@final
@dataclass(frozen=True)
class Details:
    """Blocks that are folded away on a page until somebody opens them."""

    summary: str
    blocks: "tuple[Block, ...]"


Block = Text | Notes | Facts | Command | Stats | Table | Figure | Pictures | Details


@final
@dataclass(frozen=True)
class Section:
    """A part of a report: its heading and its blocks; a text that comes first says how to read the rest."""

    title: str
    blocks: tuple[Block, ...]


@final
@dataclass(frozen=True)
class Report:
    """Everything that one page shows.

    Attributes:
        headline: the finding, in one sentence.
        warnings: what must be known before a number is believed, at the top.
    """

    title: str
    headline: str
    sections: tuple[Section, ...]
    glossary: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()

    def blocks(self) -> tuple[Block, ...]:
        """All blocks from top to bottom, those that are folded away too."""
        return tuple(block for section in self.sections for block in unfolded(section.blocks))

    def tables(self) -> tuple[Table, ...]:
        """All tables, from top to bottom."""
        return tuple(block for block in self.blocks() if isinstance(block, Table))


def unfolded(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Blocks, with those inside of a fold in its place."""
    nested = (unfolded(block.blocks) if isinstance(block, Details) else (block,) for block in blocks)
    return tuple(block for found in nested for block in found)
