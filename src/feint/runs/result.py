"""What a run came to, as Python and notebooks see it."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from feint.errors import FeintError, SpecError, StoreError
from feint.reports import Figure, Pictures, Report
from feint.reports.page import fragment
from feint.reports.pictures import Shown
from feint.reports.text import text

from .folder.tables import Table
from .run import Run
from .settings import near

if TYPE_CHECKING:
    import pyarrow as pa


@final
class Result:
    """A finished run: its summary, records and figures.

    Attributes:
        run: as its readers see it.
        summary: what ``summary.json`` holds.
    """

    def __init__(self, run: Run, summary: dict[str, Any]) -> None:
        self.run = run
        self.summary = summary

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return self.run.path

    @cached_property
    def report(self) -> Report:
        """The report, as data.

        Raises:
            StoreError: the folder holds something else than the experiment writes today.
        """
        try:
            return self.run.experiment.report(self.run, self.summary)
        except FeintError:
            raise
        except Exception as error:  # of a folder that somebody has changed anything can come
            kind = type(error).__name__
            raise StoreError(
                f"{self.folder} cannot be read as a run of {self.run.experiment.name} ({kind}: {error}); was it "
                "changed, or made by another version? run again with --fresh to make it anew"
            ) from error

    @property
    def records(self) -> "Records":
        """The run's records: ``.arrow()``, ``.pandas()``, or by column and row as a ``Table`` reads them."""
        return Records(self.run.table("records"))

    @property
    def figures(self) -> dict[str, Figure]:
        """The report's figures, by name."""
        return {figure.name: figure for figure in self.report.blocks() if isinstance(figure, Figure)}

    def show(self, name: str) -> Shown:
        """A figure of the report, or its pictures, as a notebook shows them.

        Raises:
            SpecError: there is none of that name.
        """
        blocks = {block.name: block for block in self.report.blocks() if isinstance(block, Figure | Pictures)}
        if name not in blocks:
            raise SpecError(f"figure: expected one of {', '.join(blocks)}, got {name!r}{near(name, blocks)}")
        return Shown(blocks[name])

    def __repr__(self) -> str:
        return f"Result({self.run.id}: {self.report.headline})"

    def __str__(self) -> str:
        return text(self.report)

    def _repr_html_(self) -> str:
        return fragment(self.report)


@final
class Records:
    """Records, read when they are asked for.

    Attributes:
        table: by column and by row.
    """

    def __init__(self, table: Table) -> None:
        self.table = table

    def arrow(self, **where: Any) -> "pa.Table":
        """As an Arrow table; only rows with these values, such as ``variant="attacked"``."""
        return self.table.read(**where)

    def pandas(self, **where: Any) -> Any:
        """As a pandas frame, likewise."""
        table: Any = self.arrow(**where)
        return table.to_pandas()

    def of(self, sample: int) -> "pa.Table":
        """Everything about one input."""
        return self.table.read(sample=sample)

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"Records({len(self.table)} rows: {', '.join(self.table.names)})"
