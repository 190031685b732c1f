import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from feint.app.web.reading import limits
from feint.app.web.reading.compare import compare
from feint.app.web.reading.runs import Reader, report, rows, tables
from feint.errors import SpecError, StoreError
from feint.reports import Figure
from feint.runs.folder import files

KEPT = Reader()


@pytest.fixture
def run(root):
    return next((root / "runs").glob("audit-*"))


def _records(run, **where):
    table = pq.read_table(run / "tables" / "records").to_pandas()
    for name, value in where.items():
        table = table[table[name] == value]
    return table


def test_a_threshold_answers_as_the_records_say(run):
    known = limits.choices(KEPT, run)
    assert known["on"] == ["clean", "radius 0.05", "radius 0.1"]
    measure = known["measure"][0]
    found = limits.tried(KEPT, run, "radius 0.1", measure, 0.5)
    table = _records(run, variant="attacked", radius=0.1)
    values = table[f"measure:{measure}"].to_numpy()
    limit = np.sort(values)[(len(values) - 1) // 2]
    below = table[values <= limit]
    wrong = (below["prediction"] != below["label"]).mean()
    assert f"{100 * len(below) / len(table):.1f} % of images are answered" in found["told"]
    assert f"{100 * wrong:.1f} % of those answers are wrong" in found["told"]
    assert any(layer.get("encoding", {}).get("x", {}).get("datum") == limit for layer in found["chart"]["layer"])
    for wrong_one in ({"on": "radius 9"}, {"measure": "luck"}):
        with pytest.raises(SpecError, match="expected one of"):
            limits.tried(KEPT, run, **{"on": "clean", "measure": measure, "share": 0.5, **wrong_one})


def test_a_comparison_has_the_numbers_of_the_summaries(run):
    found = compare(KEPT, [run, run])
    (figure,) = (block for block in found.blocks() if isinstance(block, Figure))
    assert figure.panels
    table = next(each for each in found.tables() if each.name == "compare")
    summary = json.loads((run / "summary.json").read_text())
    at = [column.title for column in table.columns].index("AURC")
    assert [row[at] for row in table.rows[:3]] == [
        summary["clean"]["aurc"],
        *(each["aurc"] for each in summary["attacked"]),
    ]
    low, high = (float(part) for part in table.rows[0][at + 1].split(" to "))
    assert low <= 1000 * summary["clean"]["aurc"] <= high
    with pytest.raises(SpecError, match="expected 2 to 8"):
        compare(KEPT, [run])


def test_a_victim_that_draws_is_judged_by_fresh_draws_everywhere(tmp_path):
    from feint.app.cli import main
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    (tmp_path / "drops.py").write_text(
        "import torch\nfrom torch import nn\n\ndef build():\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(64, 10))\n"
    )
    victim = ["--network", f"{tmp_path / 'drops.py'}:build", "--estimator", "mc-dropout:draws=2", "--repeats", "2"]
    asked = ["audit", *victim, "--limit", "20", "--radii", "0.1", "--threads", "1", "--quiet"]
    assert main([*asked, "--out", str(tmp_path / "runs")]) == 0
    (run,) = (tmp_path / "runs").glob("audit-*")
    table = _records(run, variant="attacked", radius=0.1)
    fresh = table[table["repeat"] > 0]
    wrong = fresh["prediction"] != fresh["label"]
    found = limits.tried(KEPT, run, "radius 0.1", limits.choices(KEPT, run)["measure"][0], 1.0)
    assert f"{100 * wrong.mean():.1f} % of those answers are wrong" in found["told"]
    assert wrong.mean() != (table["prediction"] != table["label"])[table["repeat"] == 0].mean()
    named = behind(Warm(str(tmp_path)), str(run), {"radius": "0.1", "low": 0.0, "high": 1.0, "correct": False})
    assert named["told"].startswith(f"{fresh[wrong]['sample'].nunique()} images")
    attacked = next(each for each in compare(KEPT, [run, run]).tables() if each.name == "compare").rows[1]
    mean = json.loads((run / "summary.json").read_text())["attacked"][0]["aurc"]
    assert mean in attacked
    low, high = (float(part) for part in next(each for each in attacked if " to " in str(each)).split(" to "))
    assert low <= 1000 * mean <= high


def test_rows_are_those_of_the_records_in_parts(run):
    assert tables(KEPT, run)["records"]["rows"] == len(_records(run))
    found = rows(KEPT, run, "records", {"variant": "clean"}, 38, 5)
    assert found["total"] == 40
    assert [row["sample"] for row in found["rows"]] == _records(run, variant="clean")["sample"].tolist()[38:]


def test_the_report_of_a_run_that_is_not_done_is_of_what_is_there(run, tmp_path):
    import shutil

    half = tmp_path / run.name
    shutil.copytree(run, half)
    state = files.read_sealed(half / "run.json")
    files.write_sealed(half / "run.json", {**state, "state": "running"})
    (half / "summary.json").unlink()
    assert report(KEPT, half).headline == report(KEPT, run).headline
    shutil.rmtree(half / "ledger")
    with pytest.raises(StoreError, match="not enough yet"):
        report(KEPT, half)


def test_the_images_behind_a_mark_are_those_of_the_records(run, root):
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    kept = Warm(str(root / "victims"))
    found = behind(kept, str(run), {"radius": "0.1", "low": 0.0, "high": 1.0, "correct": False})
    table = _records(run, variant="attacked", radius=0.1)
    wrong = table[table["prediction"] != table["label"]]
    assert found["told"].startswith(f"{len(wrong)} image")
    assert [item["told"].split(":")[0] for item in found["items"]] == [f"image {at}" for at in wrong["sample"]][:8]
    assert all(len(item["pictures"]) == 5 for item in found["items"])
