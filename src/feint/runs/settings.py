"""What is to be done, as values: frozen, printable, storable, checked when they are made."""

import difflib
import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from feint.errors import FeintError, SpecError


def near(name: str, known: Iterable[str]) -> str:
    """The words "did you mean ...?", where one of the known names is close, whatever its case; else nothing.

    >>> near("radi", ["radii", "seed"]), near("PGD", ["pgd", "cw"])
    ("; did you mean 'radii'?", "; did you mean 'pgd'?")
    """
    plain = {each.lower().lstrip("-"): each for each in known}
    found = difflib.get_close_matches(name.lower().lstrip("-"), plain, n=1, cutoff=0.6)
    return f"; did you mean {plain[found[0]]!r}?" if found else ""


def number(value: Any) -> Any:
    """A fraction such as "8/255" as the number that it is; anything else as it came."""
    if isinstance(value, str) and "/" in value:
        try:
            return float(Fraction(value.replace(" ", "")))
        except (ValueError, ZeroDivisionError):
            return value
    return value


def listed(value: Any) -> Any:
    """A text of values separated by commas, or one value, as a list; a list with such texts inside is flattened."""
    if isinstance(value, str):
        return value.split(",")
    if isinstance(value, list | tuple):
        many: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return [part for each in many for part in (each.split(",") if isinstance(each, str) else [each])]
    return value if value is None else [value]


def _radii(radii: tuple[float, ...]) -> tuple[float, ...]:
    if not radii or any(not 0 < radius < float("inf") for radius in radii):
        raise ValueError("finite numbers above 0, in the inputs' unit of [0, 1]")
    if len(set(radii)) < len(radii):
        raise ValueError("each radius once")
    return radii


def in_full_range(radii: tuple[float, ...]) -> tuple[float, ...]:
    """Radii in L-infinity as they are.

    Raises:
        ValueError: one above the full range; what was expected, and what came.
    """
    for radius in radii:
        if radius > 1:
            fraction = f"{radius:g}/255 is {radius / 255:.3g}"
            raise ValueError(f"at most 1, the full range of a pixel, got {radius:g}; {fraction}")
    return radii


Number = Annotated[float, BeforeValidator(number), Field(allow_inf_nan=False)]
"""A finite number, also as a fraction: "8/255"."""

Radii = Annotated[tuple[Number, ...], BeforeValidator(listed), AfterValidator(_radii)]
"""Radii, each once: a list, or numbers separated by commas."""

LinfRadii = Annotated[Radii, AfterValidator(in_full_range)]
"""Radii in L-infinity, at most the full range of [0, 1]."""


T = TypeVar("T", bound="Settings")
"""Not typing.Self, which those who check types while tests run cannot read."""


class Settings(BaseModel):
    """A frozen model whose mistakes come out as one line: what was expected, what came, and the nearest valid name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flags: ClassVar[Mapping[str, str]] = {}
    """Fields whose flag on the command line is called otherwise; "" for none."""
    follows: ClassVar[Mapping[str, Collection[str]]] = {}
    """Fields that hold settings -> which of those are, unless said, as in the first field of that type."""

    if not TYPE_CHECKING:  # a type checker knows the fields, and so what the arguments are

        def __init__(self, **values: Any) -> None:
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise SpecError(one_line(type(self), error)) from error

    @classmethod
    def parse(cls: type[T], values: Mapping[str, Any]) -> T:
        """Make one from plain values.

        Raises:
            SpecError: the first value that does not fit: what was expected and what came.
        """
        return cls(**values)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return self.model_dump(mode="json")

    def but(self: T, **values: Any) -> T:
        """A copy with other values, which are checked like the first."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **values})


class RunSettings(Settings):
    """What every run is told about itself; all of it is part of what determines the last bit of a result.

    Attributes:
        seed: of all randomness.
        batch_size: inputs per call of a network (default: by the inputs' size).
        threads: CPU threads (default: torch's own choice).
        device: "cpu", "cuda", "cuda:1", "mps" or "auto".
    """

    running: ClassVar[tuple[str, ...]] = ("seed", "batch_size", "threads", "device")

    @property
    def size(self) -> int:
        """The batch size that a machine has settled on."""
        assert self.batch_size is not None
        return self.batch_size

    seed: Annotated[int, Field(ge=0, lt=2**62)] = 0
    batch_size: Annotated[int, Field(gt=0)] | None = None
    threads: Annotated[int, Field(gt=0)] | None = None
    device: str = "cpu"


def one_line(model: type[Settings], error: ValidationError) -> str:
    """The first value that does not fit; one inside other settings has said so itself."""
    first = error.errors()[0]
    name = ".".join(part.replace("_", "-") for part in first["loc"] if isinstance(part, str) and part.isidentifier())
    inside = first.get("ctx", {}).get("error")
    if isinstance(inside, FeintError):
        return f"{name}{': ' if str(inside).startswith('expected') else '.'}{inside}" if name else str(inside)
    if first["type"] == "extra_forbidden":
        return _unknown(model, first)
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    # A check of ours says for itself what came, where the whole input would be too much.
    came = "" if ", got " in message else f", got {first['input']!r}"
    if first["type"] == "missing":
        message, came = "a value", ", got none"
    close = ""
    if first["type"] == "literal_error" and isinstance(first["input"], str):
        close = near(first["input"], _choices(model, first))
    return f"{name or 'the settings'}: expected {message}{came}{close}"


def _unknown(model: type[Settings], first: ErrorDetails) -> str:
    *where, name = (str(part) for part in first["loc"])
    fields: dict[str, Any] = model.model_fields
    for part in where:  # down to the settings that the name is in
        inner = fields[part].annotation if part in fields else None
        fields = inner.model_fields if isinstance(inner, type) and issubclass(inner, Settings) else {}
    running = RunSettings.running if len(where) == 0 else ()
    names = [each.replace("_", "-") for each in sorted(fields, key=lambda each: each in running)]
    said = ".".join((*where, name)).replace("_", "-")
    return f"{said}: expected one of {', '.join(names)}, got {name!r}{near(name.replace('_', '-'), names)}"


def _choices(model: type[Settings], first: ErrorDetails) -> list[str]:
    """The values that the field which is wrong takes, down to the settings that it is in."""
    annotation: Any = model
    for part in first["loc"]:
        if isinstance(part, str) and inspect.isclass(annotation) and issubclass(annotation, Settings):
            field = annotation.model_fields.get(part)
            annotation = None if field is None else field.annotation
    return list(_literals(annotation))


def _literals(annotation: Any) -> Iterator[str]:
    for part in get_args(annotation):
        if isinstance(part, str):
            yield part
        else:
            yield from _literals(part)
