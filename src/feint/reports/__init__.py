"""A report is data: what a page, a terminal and files show; no torch.

Renderers are modules, imported where they are used: ``page.page``, ``pictures.pictures``, ``text.text``,
``markdown.markdown``, ``data.data``, ``data.csv``; ``charts`` makes figures of values, ``formats`` writes numbers.
"""

# isort: off
from .formats import Cell, Format
from .report import Block, Column, Command, Details, Facts, Figure, Image, Mark, Notes, Panel, Picture, Pictures, Ramp
from .report import Report, Section, Stat, Stats, Table, Text

__all__ = [
    "Block", "Cell", "Column", "Command", "Details", "Facts", "Figure", "Format", "Image", "Mark", "Notes", "Panel",
    "Picture", "Pictures", "Ramp", "Report", "Section", "Stat", "Stats", "Table", "Text",
]  # fmt: skip
