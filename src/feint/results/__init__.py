"""Records, the run folder, figures, tables and the report; no torch."""

from .audit import AuditReport as AuditReport
from .audit import ClassScore as ClassScore
from .audit import Confidences as Confidences
from .audit import GalleryItem as GalleryItem
from .audit import RiskCurve as RiskCurve
from .audit import Rounding as Rounding
from .audit import Score as Score
from .records import MEASURE as MEASURE
from .records import VARIANTS as VARIANTS
from .records import column as column
from .records import measures_of as measures_of
from .records import schema as schema
from .records import select as select
from .records import table as table
from .report import write_report as write_report
from .run_folder import RunFolder as RunFolder
from .run_folder import run_id as run_id
from .run_folder import versions as versions
from .tables import plain_table as plain_table
from .tables import radius_text as radius_text

__all__ = [
    "MEASURE",
    "VARIANTS",
    "AuditReport",
    "ClassScore",
    "Confidences",
    "GalleryItem",
    "RiskCurve",
    "Rounding",
    "RunFolder",
    "Score",
    "column",
    "measures_of",
    "plain_table",
    "radius_text",
    "run_id",
    "schema",
    "select",
    "table",
    "versions",
    "write_report",
]
