"""YAML from anybody: read as plain values, no more of them and no deeper than settings are."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from feint.errors import SpecError

MOST = 100_000
"""Values of a document, each as often as it is referred to: a few anchors can stand for billions."""
DEEPEST = 50
MOST_BITS = 1024
LONGEST = 1 << 20
"""Characters of a file, which take seconds to parse."""


def from_yaml(path: Path) -> Any:
    """What a YAML file of one document holds.

    Raises:
        SpecError: it cannot be read, or is no YAML.
    """
    found = documents(path)
    if len(found) > 1:
        raise SpecError(f"{path}: expected one document, got {len(found)}")
    return found[0] if found else None


def documents(path: Path) -> list[Any]:
    """The documents of a YAML file, one after the other.

    Raises:
        SpecError: it cannot be read, or is no YAML.
    """
    import yaml

    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise SpecError(f"{path}: expected at most {LONGEST:,} characters, got more")
        found: list[Any] = list(yaml.safe_load_all(text))
        count = _count(found, 0, {})
    except OSError as error:
        raise SpecError(f"{path}: expected a YAML file, got: {error.strerror}") from error
    except RecursionError as error:
        raise SpecError(f"{path}: expected YAML, got: it is nested too deep") from error
    except SpecError:
        raise
    except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:  # of a date or a number that is none
        raise SpecError(f"{path}: expected YAML, got: {(str(error).splitlines() or [''])[0]}") from error
    if count > MOST:
        raise SpecError(f"{path}: expected at most {MOST:,} values, got {float(count):.3g}")
    return found


def _count(value: Any, depth: int, known: dict[int, int]) -> int:
    """How many values there are in one, itself included; what several refer to is looked at once, but counted often."""
    if depth > DEEPEST:
        raise RecursionError
    if isinstance(value, int) and value.bit_length() > MOST_BITS:  # hexadecimal, or in base 60: nothing could print it
        raise ValueError(f"a number of {value.bit_length():,} bits")
    if id(value) not in known:
        known[id(value)] = 1 + sum(_count(each, depth + 1, known) for each in _inside(value))
    return known[id(value)]


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for key, each in cast(Mapping[Any, Any], value).items():
            yield key
            yield each
    elif isinstance(value, list | tuple | set):
        yield from cast(list[Any], value)
