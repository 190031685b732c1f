"""feint runs, feint compare: what a person sees, on both databases."""

import csv
import json
import os
import pty
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from feint.runs.folder import files

pytestmark = pytest.mark.usefixtures("address")


def lines(outcome):
    assert (outcome.code, outcome.err) == (0, ""), outcome
    return outcome.out.splitlines()


@pytest.fixture
def three(feint, write_run):
    """Two audits and one that was interrupted."""
    write_run("audit-01", created="2026-11-20T10:00:00+00:00")
    victim = {"name": "resnet", "estimator": {"name": "duq"}}
    write_run("audit-02", settings={"seed": 5, "victim": victim}, about={"victim": "resnet"})
    write_run("span-03", experiment="span", state="running", command="feint span --radii 0.1")
    assert feint("runs", "--rescan").code == 0


def test_an_empty_store(feint):
    assert lines(feint("runs")) == ["no runs"]
    assert lines(feint("runs", "--victim", "x")) == ["no runs that fit"]
    assert lines(feint("runs", "--json")) == ["[]"]


def test_near_misses_are_named(feint, three, write_run):
    assert lines(feint("runs", "shw", "audit-01")) == ["no runs that fit; did you mean 'show'?"]
    for arguments in (["--experiment", "adit"], ["export", "runs.csv", "--experiment", "adit"]):
        outcome = feint("runs", *arguments)
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
        assert "feint: experiment: expected one of audit, " in outcome.err
        assert "got 'adit'; did you mean 'audit'?" in outcome.err
    assert lines(feint("runs", "--experiment", "latent")) == ["no runs that fit"]  # there is such an experiment
    write_run("mine-04", experiment="mine")  # one of the user's own
    assert feint("runs", "--rescan", "--experiment", "mine").code == 0
    assert lines(feint("runs", "--experiment", "mine", "--victim", "x")) == ["no runs that fit"]


def test_a_real_run_is_listed_without_being_asked_for(feint, networks, images):
    arguments = ("--network", f"{networks}:build", "--data", images, "--radii", "0.1", "--threads", 1, "--quiet")
    done = feint("audit", *arguments, "--json")
    assert done.code == 0, done
    summary = json.loads(done.out)
    (run,) = json.loads(feint("runs", "--json").out)
    assert (run["id"], run["state"], run["images"]) == (summary["run"]["id"], "complete", 24)
    assert run["aurc"] == summary["clean"]["aurc"]
    assert run["attacked_aurc"] == summary["attacked"][0]["aurc"]
    assert run["command"] == summary["run"]["command"]
    assert Path(run["folder"]) == Path(summary["run"]["folder"]).absolute()
    assert run["cwd"] == os.getcwd()
    shown = feint("runs", "show", run["id"][:10])
    assert re.search(rf"^command +{re.escape(run['command'])}$", shown.out, re.MULTILINE)


def test_the_list(feint, three):
    head, units, _, *rows = lines(feint("runs"))
    assert " ".join(head.split()) == "run state begun victim data images accuracy % AURC attacked radius"
    assert units.split() == ["x", "1000", "x", "1000"]
    assert [row.split()[:2] for row in rows[:3]] == [
        ["span-03", "interrupted"],
        ["audit-02", "complete"],
        ["audit-01", "complete"],
    ]
    assert rows[1].split()[-5:] == ["100", "90.00", "10.00", "310.00", "0.3"]
    assert rows[3:] == [
        "",
        "interrupted; what was computed is kept, and the same command goes on from there:",
        "  feint span --radii 0.1",
    ]


def test_the_command_that_goes_on_says_where(feint, write_run, tmp_path, monkeypatch):
    write_run("audit-1", root="a b/feint-runs", state="running", command="feint audit --seed 1")
    write_run("audit-2", root="a b/feint-runs", state="running", command="")
    assert feint("runs", "--rescan", tmp_path / "a b" / "feint-runs").code == 0
    told = set(lines(feint("runs", "--state", "interrupted"))[-2:])
    assert told == {f"  cd '{tmp_path}/a b' && feint audit --seed 1", "  the call in Python that began audit-2"}
    assert "feint audit --seed 1" in feint("runs", "show", "audit-1").out


def test_filters(feint, three):
    def found(*arguments):
        return [run["id"] for run in json.loads(feint("runs", "--json", *arguments).out)]

    assert found() == ["span-03", "audit-02", "audit-01"]
    assert found("--experiment", "audit") == ["audit-02", "audit-01"]
    assert found("--victim", "RESNET") == found("duq") == ["audit-02"]
    assert found("--data", "digits", "--state", "complete", "--limit", "1") == ["audit-02"]
    assert found("--since", "2026-11-22") == ["span-03", "audit-02"]
    assert found("--since", "9999w") == found()
    assert found("--sort", "id") == ["audit-01", "audit-02", "span-03"]
    assert found("--sort=-id", "--limit", "2") == ["span-03", "audit-02"]
    assert "1 of 3 runs; --limit 0 shows all" in lines(feint("runs", "--limit", "1"))


def test_show(feint, three):
    text = feint("runs", "show", "audit-02").out
    assert re.search(r"^victim +resnet \(duq\)$", text, re.MULTILINE)
    assert re.search(r"^  attack\.radii +\[0\.1, 0\.3\]$", text, re.MULTILINE)
    assert re.search(r"^rounded +0\.1  aurc +0\.12 ", text, re.MULTILINE)
    known = json.loads(feint("runs", "show", "audit-02", "--json").out)
    assert known["settings"]["seed"] == 5
    assert known["summary"]["images"] == 100


def test_export(feint, three):
    assert lines(feint("runs", "export", "runs.csv")) == ["runs.csv: 35 rows of 3 runs"]
    with Path("runs.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 35
    (row,) = (
        row
        for row in rows
        if (row["id"], row["variant"], row["radius"], row["name"]) == ("audit-01", "attacked", "0.3", "aurc")
    )
    assert float(row["value"]) == 0.31
    assert (row["data_hash"], row["images"], row["estimator"], row["attack"]) == (
        "a" * 64,
        "100",
        "softmax:temperature=1.0",
        "ace",
    )
    assert lines(feint("runs", "export", "runs.parquet", "--experiment", "audit")) == [
        "runs.parquet: 34 rows of 2 runs"
    ]
    table = pq.read_table("runs.parquet")
    assert table.column("value").to_pylist() == [float(each["value"]) for each in rows if each["value"]]
    assert str(table.schema.field("created").type) == "int64"


def test_a_spreadsheet_takes_no_name_for_a_formula(feint, write_run):
    write_run(about={"victim": "=cmd|' /C calc'!A0"})
    feint("runs", "--rescan")
    feint("runs", "export", "runs.csv")
    with Path("runs.csv").open() as stream:
        assert {row["victim"] for row in csv.DictReader(stream)} == {"'=cmd|' /C calc'!A0"}


def test_delete_asks_and_keeps_what_is_not_feints(feint, three):
    one, other = Path("feint-runs/audit-01"), Path("feint-runs/audit-02")
    refused = feint("runs", "delete", "audit-01")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "expected yes, or --yes" in refused.err
    assert one.is_dir()
    (other / "mine.txt").write_text("mine")
    done = lines(feint("runs", "delete", "audit-01", str(other), str(one), "--yes"))
    assert done == [f"deleted {one.absolute()}", f"deleted {other.absolute()}, but for mine.txt"]
    assert not one.exists()
    assert [each.name for each in other.iterdir()] == ["mine.txt"]
    assert [run["id"] for run in json.loads(feint("runs", "--json").out)] == ["span-03"]


def test_delete_takes_a_yes_from_a_terminal(feint, three, monkeypatch):
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        os.write(ours, b"y\n")
        assert feint("runs", "delete", "audit-01").code == 0
        os.write(ours, b"\n")
        assert feint("runs", "delete", "audit-02").code == 2
    os.close(ours)
    assert [each.name for each in sorted(Path("feint-runs").iterdir())] == ["audit-02", "span-03"]


def test_a_run_at_work_is_not_deleted(feint, three):
    lock = files.locked(Path("feint-runs/span-03"))
    try:
        assert feint("runs", "--state", "running").out.count("span-03") == 1
        outcome = feint("runs", "delete", "span-03", "--yes")
    finally:
        os.close(lock)
    assert (outcome.code, "another process is working on" in outcome.err) == (2, True)
    assert Path("feint-runs/span-03/run.json").is_file()


def test_rescan_says_what_it_found(feint, write_run):
    write_run("audit-1")
    (write_run("audit-2") / "run.json").write_text("{}")
    outcome = feint("runs", "--rescan")
    damaged = Path("feint-runs/audit-2").absolute()
    assert outcome.err.splitlines() == [
        f"feint: warning: {damaged}: expected a run folder, got none, or one whose run.json was damaged",
        "feint: 1 runs in feint-runs; 1 damaged",
    ]
    assert "audit-1" in outcome.out


def test_hostile_names_reach_no_terminal(feint, write_run, tmp_path):
    folder = tmp_path / "feint-runs" / os.fsdecode(b"audit-\xe9\x1b[31m")
    write_run(
        about={"victim": "a\x1b[2Jb\u202e"}, command="feint \x1b[31m", state="running", settings={"\x1b": "\x9b"}
    ).rename(folder)
    outcomes = [feint("runs", "--rescan"), feint("runs"), feint("runs", "show", str(folder)), feint("runs", "--json")]
    outcomes += [feint("runs", "delete", str(folder)), feint("runs", "show", "\x1b[31m")]
    for outcome in outcomes:
        assert "\x1b" not in outcome.out + outcome.err
        assert "\x9b" not in outcome.out + outcome.err
    assert [outcome.code for outcome in outcomes] == [0, 0, 0, 0, 2, 2]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "yesterday"], "since: expected a date such as 2026-11-26, or 12h, 7d, 2w, got 'yesterday'"),
        (["--sort", "aruc"], "sort: expected one of created"),
        (["--limit", "-1"], "limit: expected 0 or more, got -1"),
        (["--state", "done"], "expected one of complete, running, interrupted, got 'done'"),
        (["--rescan", "nowhere"], "nowhere cannot be read: No such file or directory"),
        (["show", "audit-9"], "run: expected one that the store knows, got 'audit-9'"),
        (["export", "runs.xlsx"], "file: expected FILE.csv or FILE.parquet, got runs.xlsx"),
        (["export"], "the following arguments are required: FILE (see"),
        (["delete"], "the following arguments are required: RUN"),
        (["--experment", "x"], "did you mean '--experiment'?"),
    ],
)
def test_mistakes_are_one_line(feint, arguments, told):
    outcome = feint("runs", *arguments)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert told in outcome.err


def test_compare(feint, three, write_run):
    text = feint("compare", "audit-01", "audit-02").out
    assert "not comparable" not in text
    assert re.search(r"^seed +0 +5$", text, re.MULTILINE)
    assert re.search(r"^victim\.name +lenet +resnet$", text, re.MULTILINE)
    assert re.search(r"^attacked 0\.3 aurc +0\.31 +0\.31$", text, re.MULTILINE)
    assert "radii" not in text
    write_run(
        "audit-04", identity={"images": "c" * 64}, settings={"measure": "margin"}, summary={"images": 7, "x": [1, 2]}
    )
    feint("runs", "--rescan")
    found = json.loads(feint("compare", "audit-01", "audit-04", "--json", "--all").out)
    assert found["differences"] == [
        "data hash: aaaaaaaaaaaa, cccccccccccc",
        "images: 100, 7",
        "measure: max_probability, margin",
    ]
    assert found["settings"] == {"measure": ["max_probability", "margin"]}
    assert found["metrics"]["x 1"] == [None, 2.0]
    assert found["metrics"]["attacked 0.1 rounded aurc"] == [pytest.approx(0.12), None]
    assert "span-03 is interrupted" in feint("compare", "audit-01", "span-03").out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["audit-01"], "runs: expected two or more, got 1"),
        (["audit-01", "x"], "run: expected one that the store knows"),
    ],
)
def test_compare_mistakes(feint, three, arguments, told):
    outcome = feint("compare", *arguments)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert told in outcome.err


def test_the_store_is_needed_for_nothing_else(feint, networks, images, monkeypatch, tmp_path):
    """A home that cannot be written costs a line, and the run is the same."""
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("FEINT_HOME", str(tmp_path / "a-file"))
    monkeypatch.delenv("FEINT_DATABASE_URL", raising=False)
    monkeypatch.setattr("feint.runs.store.notes._warned", set())
    done = feint(
        "audit",
        "--network",
        f"{networks}:build",
        "--data",
        images,
        "--radii",
        "0.1",
        "--threads",
        1,
        "--quiet",
        "--json",
    )
    assert done.code == 0
    assert [line for line in done.err.splitlines() if "the store has no word of" in line] == [done.err.splitlines()[0]]
    assert np.isfinite(json.loads(done.out)["clean"]["aurc"])
    refused = feint("runs")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
