"""A report is data: what a page, a terminal and files show; no torch.

Renderers are modules, imported where they are used: ``page.page``, ``pictures.pictures``, ``text.text``,
``markdown.markdown``, ``data.data``, ``data.csv``; ``charts`` makes figures of values, ``formats`` writes numbers.
"""

from .formats import Cell as Cell
from .formats import Format as Format
from .report import Block as Block
from .report import Column as Column
from .report import Command as Command
from .report import Details as Details
from .report import Facts as Facts
from .report import Figure as Figure
from .report import Image as Image
from .report import Mark as Mark
from .report import Notes as Notes
from .report import Panel as Panel
from .report import Picture as Picture
from .report import Pictures as Pictures
from .report import Ramp as Ramp
from .report import Report as Report
from .report import Section as Section
from .report import Stat as Stat
from .report import Stats as Stats
from .report import Table as Table
from .report import Text as Text

__all__ = [
    "Block",
    "Cell",
    "Column",
    "Command",
    "Details",
    "Facts",
    "Figure",
    "Format",
    "Image",
    "Mark",
    "Notes",
    "Panel",
    "Picture",
    "Pictures",
    "Ramp",
    "Report",
    "Section",
    "Stat",
    "Stats",
    "Table",
    "Text",
]
