"""Elements of pages that NiceGUI does not have: charts, tables, fields, a pad to draw on; native where there is such."""

from .chart import Chart as Chart
from .field import Field as Field
from .grid import Grid as Grid
from .pad import Pad as Pad
from .upload import Upload as Upload
from .plane import Plane as Plane
