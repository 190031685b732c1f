import numpy as np
import pyarrow as pa
import pytest

from feint.errors import InputError
from feint.victims.records import column, measures_of, schema, select, table

MEASURES = ("label_doubt", "entropy")


def columns(rows=4, **changes):
    made = {
        "sample": np.arange(rows),
        "variant": "attacked",
        "radius": 5e-4,
        "repeat": 0,
        "label": np.arange(rows) % 3,
        "clean_prediction": np.zeros(rows, dtype=np.int64),
        "prediction": np.zeros(rows, dtype=np.int64),
        "log_prob_label": -np.linspace(0.1, 3, rows),
        "brier": np.linspace(0, 2, rows),
        "measure:label_doubt": np.linspace(0, 1, rows),
        "measure:entropy": np.linspace(1, 0, rows),
        "accepted": np.full(rows, 2.5e-4),
        "measured": np.full(rows, 2.5e-4, dtype=np.float32),
        "changed": 0.5,
        "feasible": np.ones(rows, dtype=bool),
        "directionless": np.zeros(rows, dtype=bool),
        "gradients": 1,
        "queries": np.full(rows, 3),
        "seed": 7,
    }
    return made | changes


def test_one_value_stands_for_all_rows_and_types_are_the_schemas():
    records = table(columns(), MEASURES)
    assert records.schema.equals(schema(MEASURES))
    assert records.num_rows == 4
    assert column(records, "variant").tolist() == ["attacked"] * 4
    assert column(records, "measured").dtype == np.float64
    assert measures_of(records) == MEASURES


def test_no_rows_are_records_too():
    assert table(columns(rows=0), MEASURES).num_rows == 0


def test_select():
    clean = table(columns(variant="clean", radius=0.0), MEASURES)
    attacked = table(columns(variant=np.array(["attacked", "rounded"] * 2), repeat=np.array([0, 0, 1, 1])), MEASURES)
    records = pa.concat_tables([clean, attacked]).unify_dictionaries()
    assert select(records).equals(records)
    assert select(records, variant="clean").num_rows == 4
    assert column(select(records, variant="rounded", radius=5e-4), "sample").tolist() == [1, 3]
    assert column(select(records, variant="rounded", repeat=1), "sample").tolist() == [3]
    assert select(records, radius=0.5).num_rows == 0
    with pytest.raises(InputError, match=r"variant of .* got 'atacked'"):
        select(records, variant="atacked")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant": "noisy"}, r"variants .* got \['noisy'\]"),
        ({"brier": np.array([0, np.nan, 1, 1])}, "numbers in brier, got NaN in 1 rows"),
        ({"label": np.zeros(3, dtype=np.int64)}, "one length"),
        ({"label": np.zeros((4, 1), dtype=np.int64)}, "one length"),
        ({"repeat": 40_000}, "int16 in repeat"),
        ({"gradients": 1.5}, "int32 in gradients"),
        ({"measure:variance": 0.0}, r"unknown \['measure:variance'\]"),
    ],
)
def test_what_does_not_fit_is_named(changes, message):
    with pytest.raises(InputError, match=message):
        table(columns(**changes), MEASURES)


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match=r"missing \['measure:variance'\]"):
        table(columns(), [*MEASURES, "variance"])
