"""What inputs and targets are: declared by whoever reads them, so that nobody has to guess from shapes."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Images:
    """Inputs are images in [0, 1], all of one size.

    Attributes:
        channels: 1 for grey, 3 for RGB.
        height: in pixels.
        width: in pixels.
    """

    channels: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return self.channels, self.height, self.width


@final
@dataclass(frozen=True)
class Columns:
    """Inputs are columns of a table: standardised, (raw - mean) / std, and unbounded.

    Attributes:
        names: of the columns.
        mean: of each, in its own unit, over the training rows.
        std: of each, in its own unit, over the training rows; 1 where a column is constant.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]


@final
@dataclass(frozen=True)
class Classes:
    """A target is the index of a class.

    Attributes:
        names: by index; plain numbers where the format has no names.
    """

    names: tuple[str, ...]


@final
@dataclass(frozen=True)
class Mask:
    """A target is the index of a class at every pixel.

    Attributes:
        names: by index; plain numbers where the format has no names.
        void: what stands where no class is told, or None.
    """

    names: tuple[str, ...]
    void: int | None = None


@final
@dataclass(frozen=True)
class Values:
    """A target is one number or several, in units of their own (they are not standardised).

    Attributes:
        names: of the numbers.
        units: of each; "" where the format does not say.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]


Inputs = Images | Columns
Targets = Classes | Mask | Values
