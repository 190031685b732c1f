"""Settings: mistakes in one line with the nearest valid name, fractions, radii, copies."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from feint.errors import SpecError
from feint.runs.settings import Number, Radii, RunSettings, Settings, listed, near, number


class Inner(Settings):
    strength_of_all: Annotated[int, Field(gt=0)] = 1


class Outer(RunSettings):
    radii: Radii = (0.1,)
    mode: Literal["strict", "loose"] = "strict"
    inner: Inner = Inner()
    share: Number = 0.5
    needed: str


def message(**values):
    with pytest.raises(SpecError) as caught:
        Outer.parse({"needed": "x", **values})
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"radi": 1}, "did you mean 'radii'?"),
        ({"batch-siz": 1}, "did you mean 'batch-size'?"),
        ({"nothing_like_it": 1}, "got 'nothing_like_it'"),
        ({"inner": {"strength_of_al": 1}}, "inner.strength-of-al: expected one of strength-of-all, got"),
        ({"inner": {"strength_of_all": 0}}, "inner.strength-of-all: expected greater than 0, got 0"),
        ({"mode": "strickt"}, "mode: expected 'strict' or 'loose', got 'strickt'; did you mean 'strict'?"),
        ({"mode": "other"}, "mode: expected 'strict' or 'loose', got 'other'"),
        ({"seed": -1}, "seed: expected greater than or equal to 0, got -1"),
        ({"seed": 2**62}, "seed: expected less than"),
        ({"batch_size": 0}, "batch-size: expected greater than 0, got 0"),
        ({"threads": 0}, "threads: expected greater than 0, got 0"),
        ({"share": "1/0"}, "share: expected a valid number, unable to parse string as a number, got '1/0'"),
        ({"share": float("inf")}, "share: expected a finite number, got inf"),
        ({"needed": 3}, "needed: expected a valid string, got 3"),
        ({"inner": 3}, "inner: expected"),
    ],
)
def test_what_does_not_fit_is_one_line(values, expected):
    assert expected in message(**values)


def test_a_value_that_is_needed():
    with pytest.raises(SpecError, match=r"^needed: expected a value, got none$"):
        Outer.parse({})


@pytest.mark.parametrize(
    ("radii", "expected"),
    [
        ("8/255,0.1", (8 / 255, 0.1)),
        (0.1, (0.1,)),
        (["1/255", 0.5], (1 / 255, 0.5)),
        (["0.1,0.2", "0.3"], (0.1, 0.2, 0.3)),
        ((1, 2), (1.0, 2.0)),
    ],
)
def test_radii(radii, expected):
    assert Outer(needed="x", radii=radii).radii == expected


@pytest.mark.parametrize("radii", ["", [], "0", "0.1,-1", "inf", "nan", "0.1,0.1", "1/10,0.1", "a", ["0.1", None]])
def test_radii_that_are_none(radii):
    assert message(radii=radii).startswith("radii: expected")


@given(st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=10**6))
def test_a_fraction_is_the_number_that_it_is(fraction):
    assert number(f"{fraction.numerator}/{fraction.denominator}") == float(fraction)
    assert number(f" {fraction.numerator} / {fraction.denominator} ") == float(fraction)
    assert TypeAdapter(Number).validate_python(f"{fraction.numerator}/{fraction.denominator}") == float(fraction)


@pytest.mark.parametrize("value", ["a/b", "1/0", "1/2/3", "0.5", 3, None])
def test_what_is_no_fraction_stays(value):
    assert number(value) == value


def test_listed():
    assert listed("a,b") == ["a", "b"]
    assert listed(["a,b", 3]) == ["a", "b", 3]
    assert listed(3) == [3]
    assert listed(None) is None


def test_near():
    assert near("radi", ["seed", "radii"]) == "; did you mean 'radii'?"
    assert near("xyz", ["seed", "radii"]) == ""


def test_settings_are_values():
    settings = Outer(needed="x", radii="8/255", inner={"strength_of_all": 2})
    assert settings.but(seed=1).seed == 1
    assert settings.but(seed=1).inner == settings.inner
    assert Outer.parse(settings.plain()) == settings
    assert settings.plain()["radii"] == [8 / 255]
    with pytest.raises(SpecError, match="seed"):
        settings.but(seed=-1)
    with pytest.raises(SpecError, match="no_field"):
        settings.but(no_field=1)
    with pytest.raises(ValidationError):
        settings.seed = 2


def test_what_every_run_is_told_of_itself_is_what_it_has():
    assert set(RunSettings.running) == set(RunSettings.model_fields)
