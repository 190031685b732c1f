"""Results as Python and notebooks see them."""

import pandas as pd
import pyarrow as pa
import pytest

from feint.errors import StoreError
from feint.runs.result import Records, Result


def test_a_result_shows_itself(toy):
    result = toy()
    assert repr(result) == f"Result({result.run.id}: The sum is {result.summary['sum']:.3f}.)"
    assert f"The sum is {result.summary['sum']:.3f}." in str(result)
    assert "\n" in str(result)
    page = result._repr_html_()
    assert "<html" not in page
    assert f"The sum is {result.summary['sum']:.3f}." in page
    assert list(result.figures) == ["points"]
    assert result.folder == result.run.path
    assert result.report is result.report
    assert isinstance(Result(result.run, result.summary), Result)


def test_another_versions_summary_is_named(toy):
    run = toy().run
    said = rf"{run.id} cannot be read as a run of {run.experiment.name} \(KeyError: 'sum'\); .* --fresh to make it anew"
    with pytest.raises(StoreError, match=said):
        _ = Result(run, {"total": 1.0}).report


def test_records(toy):
    records = Records(toy().run.table("drawn"))
    assert len(records) == 9
    assert repr(records) == "Records(9 rows: piece, value)"
    arrow = records.arrow(piece="01")
    assert isinstance(arrow, pa.Table)
    assert arrow.num_rows == 3
    frame = records.pandas(piece=["00", "02"])
    assert isinstance(frame, pd.DataFrame)
    assert frame["value"].tolist() == records.table.column("value", piece=["00", "02"]).tolist()
