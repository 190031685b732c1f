"""Records, the run folder, figures, tables and the report; no torch."""

from .records import MEASURE as MEASURE
from .records import VARIANTS as VARIANTS
from .records import column as column
from .records import measures_of as measures_of
from .records import schema as schema
from .records import select as select
from .records import table as table
from .run_folder import RunFolder as RunFolder
from .run_folder import run_id as run_id
from .run_folder import versions as versions

__all__ = [
    "MEASURE",
    "VARIANTS",
    "RunFolder",
    "column",
    "measures_of",
    "run_id",
    "schema",
    "select",
    "table",
    "versions",
]
