"""Elements of pages that NiceGUI does not have, made of native controls where there are such."""

from .chart import Chart as Chart
from .field import Field as Field
from .grid import Grid as Grid
from .pad import Pad as Pad
from .plane import Plane as Plane
from .selection import Selection as Selection
from .upload import Upload as Upload
