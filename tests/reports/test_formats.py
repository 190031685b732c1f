import numpy as np
import pytest

from feint.reports import Column, Table, formats


@pytest.mark.parametrize(
    ("format", "value", "said"),
    [
        (formats.percent(2), 0.12345, "12.35"),  # 12.345 is a little more in binary
        (formats.percent(1), 0.9999, ">99.9"),
        (formats.percent(1), 1.0, "100.0"),
        (formats.percent(1), 0.0001, "<0.1"),
        (formats.percent(1), -0.25, "−25.0"),
        (formats.times1000(2), 0.0123456, "12.35"),
        (formats.times1000(2), 1e-9, "<0.01"),
        (formats.radius, 5e-5, "5e-5"),
        (formats.radius, 8.81e-3, "8.81e-3"),
        (formats.radius, 4 / 255, "0.0157"),
        (formats.radius, 8.0, "8"),
        (formats.radius, 0.0, "0"),
        (formats.radius, "clean", "clean"),
        (formats.significant(3), 999.9, "1,000"),
        (formats.significant(3), 123456.0, "123,456"),
        (formats.significant(3), 0.009999, "0.01"),
        (formats.significant(2), -0.00123, "−1.2e-3"),
        (formats.measured(3), 5.3e-5, "5.30e-5"),
        (formats.measured(3), 6.02e-4, "6.02e-4"),
        (formats.measured(3), 0.05, "0.0500"),
        (formats.measured(3), 99.96, "100"),
        (formats.measured(3), 0.0, "0"),
        (formats.measured(1), 20.0, "20"),
        (formats.count, 1234567, "1,234,567"),
        (formats.fixed(3), -1e-6, ">−0.001"),
        (formats.fixed(3), float("nan"), "–"),
        (formats.fixed(3), float("-inf"), "−∞"),
        (formats.write, None, "–"),
    ],
)
def test_numbers_are_written_by_one_rule(format, value, said):
    assert format(value) == said


def test_a_column_of_measures_holds_names():
    assert formats.is_text(["1 − max. probability", "entropy", "1 − margin", "mutual information"])
    for numbers in (
        ["0.7 (0.6 to 0.8)", "–"],
        ["5/255", "10/255"],
        ["1e-5 to 1e-4"],
        ["−0.5", ">99.9"],
        ["90.1 / 2.0"],
    ):
        assert not formats.is_text(numbers)


def test_small_numbers_beside_each_other_look_alike():
    assert [formats.radius(value) for value in (5e-4, 5e-5, 8.81e-3)] == ["5e-4", "5e-5", "8.81e-3"]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_numbers_of_numpy_are_numbers(kind):
    assert formats.percent(1)(kind(0.5)) == "50.0"
    assert formats.write(kind(0.5)) == "0.5"
    assert formats.write(np.int64(1797)) == "1,797"


def test_areas_are_always_said_to_be_times_1000():
    assert Column("AURC", format=formats.times1000()).subtitle == "× 1000"
    assert Column("AURC", "95 % interval", formats.times1000()).subtitle == "× 1000, 95 % interval"
    assert Column("AURC × 1000", "mean", formats.times1000()).subtitle == "mean"


def test_a_row_has_a_cell_for_each_column():
    with pytest.raises(ValueError, match="'t': expected 2 cells, got 1 in row 0"):
        Table("t", (Column("a"), Column("b")), ((1,),))
