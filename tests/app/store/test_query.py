"""Records asked with SQL: runs and experiments as tables, and nothing else within reach."""

import csv
import io
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feint.errors import SpecError
from feint.runs.store.query import ask
from feint.runs.store.store import Store

pytest.importorskip("duckdb", reason="DuckDB is not installed: pip install 'feint[query]'")


@pytest.fixture
def runs(write_run):
    """Two audits, a span; pieces, and a column that one of them does not have."""
    for at, name in enumerate(("audit-01", "audit-02", "span-03")):
        folder = write_run(name, experiment=name.partition("-")[0])
        records = folder / "tables" / "records"
        records.mkdir(parents=True)
        for piece in range(2):
            columns = {"sample": [piece * 2, piece * 2 + 1], "brier": [0.1 * at, 0.2], "variant": ["clean", "it's"]}
            if at == 1:
                columns["measure:margin"] = [1.0, 2.0]
            pq.write_table(pa.table(columns), records / f"{piece}.parquet")
    return folder.parent


@pytest.fixture
def store(address, runs):
    with Store.open(address) as opened:
        opened.rescan(runs)
        yield opened


def rows(store, sql):
    return list(ask(store, sql).rows)


def test_a_run_an_experiment_and_the_store(store):
    assert rows(store, 'select sum(sample), count(*) from "audit-02".records') == [(6, 4)]
    assert rows(store, 'select run, count(*), count("measure:margin") from audit.records group by 1 order by 1') == [
        ("audit-01", 4, 0),
        ("audit-02", 4, 4),
    ]
    assert rows(store, "select run, experiment, images from runs order by run") == [
        ("audit-01", "audit", 100),
        ("audit-02", "audit", 100),
        ("span-03", "span", 100),
    ]
    joined = (
        "select r.data, m.value from metrics m join runs r using (run) "
        "where m.name = 'aurc' and m.variant = 'attacked' and m.radius = 0.3 and r.run = 'audit-01'"
    )
    assert rows(store, joined) == [("digits", 0.31)]
    assert rows(store, "select count(*) from victims") == [(3,)]
    assert rows(store, "select source, classes from data_sets") == [("digits", 2)]
    both = "with a as (select * from span.records) select count(*) from a join audit.records using (sample)"
    assert rows(store, both) == [(8,)]
    answer = ask(store, "select brier, variant from span.records limit 0")
    assert (answer.names, list(answer.rows)) == (("brier", "variant"), [])


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('{file}')",
        "select * from read_text('{file}')",
        "select * from '{file}'",
        "select * from read_parquet('{run}/tables/records/*.parquet')",
        "select * from read_blob('{run}/run.json')",
        "select * from glob('{run}/*')",
        "select * from sniff_csv('{file}')",
        "select * from 'https://example.org/x.parquet'",
        "select * from sqlite_scan('{file}', 'x')",
        "select * from audit.records where variant = (select content from read_text('{file}'))",
    ],
)
def test_nothing_else_can_be_read(store, runs, tmp_path, sql):
    file = tmp_path / "secret.csv"
    file.write_text("secret\n1\n")
    with pytest.raises(SpecError, match="query: ") as caught:
        rows(store, sql.format(file=file, run=runs / "audit-01"))
    assert "\n" not in str(caught.value)
    assert any(each in str(caught.value) for each in ("does not exist", "disabled", "expected", "not in the catalog"))
    assert "download" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{file}'",
        "create table x as select 1",
        "insert into runs select 1",
        "drop view runs",
        "attach '{file}' as x",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma database_list",
        "export database '{file}'",
        "select 1; select 2",
        "select 1; copy (select 1) to '{file}'",
        "",
    ],
)
def test_only_one_select_is_taken(store, tmp_path, sql):
    file = tmp_path / "made"
    with pytest.raises(SpecError, match="query: expected one SELECT, got "):
        rows(store, sql.format(file=file))
    assert not file.exists()


def test_settings_are_locked_and_variables_of_python_out_of_reach(store):
    secret = pa.table({"x": [1]})
    for name in ("secret", "store", "connection"):
        with pytest.raises(SpecError, match=f"Table with name {name} does not exist"):
            rows(store, f"select * from {name}")
    assert secret.num_rows == 1
    assert rows(store, "select current_setting('enable_external_access'), current_setting('lock_configuration')") == [
        (False, True)
    ]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "select * from nobody.records",
            "expected the id of a run, or an experiment that has runs, got nobody.records",
        ),
        ("select * from audit.recrods", "expected one of its tables records, got audit.recrods"),
        ('select * from "audit-01"."../ledger"', r"expected one of its tables records, got audit-01.\.\./ledger"),
        ("selec 1", "syntax error"),
        ("select nothing from runs", "nothing"),
    ],
)
def test_mistakes(store, sql, told):
    with pytest.raises(SpecError, match=rf"^query: .*{told}"):
        rows(store, sql)


def test_a_run_in_two_folders_counts_once(store, runs, tmp_path):
    before = {sql: rows(store, sql) for sql in ONCE}
    shutil.copytree(runs / "audit-02", tmp_path / "copies" / "audit-02")
    store.rescan(tmp_path / "copies")
    assert len(store.runs()) == 4
    assert {sql: rows(store, sql) for sql in ONCE} == before
    shutil.rmtree(tmp_path / "copies")  # and nobody tells the store
    assert rows(store, ONCE[0]) == before[ONCE[0]]


ONCE = (
    'select sum(sample), count(*) from "audit-02".records',
    "select run, count(*) from audit.records group by all order by run",
    "select run, count(*) from metrics join runs using (run) group by all order by run",
)


def test_odd_names(store, write_run, runs):
    name = """audit-'04'; drop"""
    records = write_run(name) / "tables" / "records"
    records.mkdir(parents=True)
    pq.write_table(pa.table({"a": [1]}), records / "0.parquet")
    store.rescan(runs)
    assert rows(store, f'select a, run from "{name}".records') == [(1, name)]


def test_many_rows_are_not_held_at_once(store):
    answer = ask(store, "select i from range(50000000) t(i)")
    assert [next(answer.rows) for _ in range(3)] == [(0,), (1,), (2,)]
    answer.rows.close()


def test_the_command(feint, store):
    sql = "select run, brier as b from audit.records where sample = 1 order by run"
    assert feint("query", sql).out == "run         b\n--------  ---\naudit-01  0.2\naudit-02  0.2\n"
    assert list(csv.reader(io.StringIO(feint("query", sql, "--format", "csv").out))) == [
        ["run", "b"],
        ["audit-01", "0.2"],
        ["audit-02", "0.2"],
    ]
    assert json.loads(feint("query", sql, "--format", "json").out)[1] == {"run": "audit-02", "b": 0.2}
    assert json.loads(feint("query", "select 1 where false", "--format", "json").out) == []
    assert "the first 1,000 rows" in feint("query", "select * from range(1001)").out
    outcome = feint("query", "select")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)


def test_without_duckdb(feint, store, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    outcome = feint("query", "select 1")
    assert (outcome.code, outcome.err) == (
        2,
        "feint: query: expected DuckDB to be installed: pip install 'feint[query]'\n",
    )
