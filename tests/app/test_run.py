"""`feint run FILE.yaml` and `feint report RUN`."""

import json
from pathlib import Path

import pytest
import yaml
from PIL import Image

from feint.reports.data import raw
from feint.runs.run import read_state

from .conftest import by_chance


@pytest.fixture
def settings(images: Path, networks: Path) -> dict:
    """One audit and one span of the same network."""
    common = {"data": str(images), "victim": {"networks": [f"{networks}:build"]}, "radii": [0.05], "threads": 1}
    return {"experiment": "audit", **common, "batch_size": 8}


def written(tmp_path: Path, *documents: object) -> Path:
    path = tmp_path / "all.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return path


def test_a_file_is_the_same_run_as_the_flags(feint, settings, tmp_path: Path, images: Path, networks: Path):
    path = written(
        tmp_path, {**settings, "attack": "ace:search=bisection", "data": {"source": str(images), "first": 10}}
    )
    outcome = feint("run", path, "--allow-code", "--quiet", "--json")
    assert outcome.code == 0, outcome
    (summary,) = json.loads(outcome.out)
    assert outcome.err == by_chance(summary["clean"]["accuracy"])
    flags = ["--data", images, "--first", 10, "--network", f"{networks}:build", "--radii", 0.05, "--threads", 1]
    other = feint("audit", *flags, "--batch-size", 8, "--attack", "ace:search=bisection", "--quiet", "--json")
    assert json.loads(other.out) == summary  # read, not run again
    assert summary["run"]["command"] == f"feint run {path} --allow-code --quiet --json"


def test_a_word_is_a_text_or_a_mapping(feint, settings, tmp_path: Path):
    mapping = {"name": "ace", "search": {"name": "backtracking", "decay": 0.25}}
    both = [{**settings, "attack": each} for each in (mapping, "ace:search.decay=0.25")]
    found = json.loads(feint("run", written(tmp_path, both), "--allow-code", "--quiet", "--json").out)
    assert found[0] == found[1]


def test_several_experiments(feint, settings, tmp_path: Path):
    span = {**settings, "experiment": "span", "attack": "ace", "threshold": 0.7}
    outcome = feint("run", written(tmp_path, settings, span), "--allow-code", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("audit: An attack ")
    assert "\nspan: Within 0.05 of the full range" in outcome.out
    assert outcome.out.count("report: ") == 2
    assert {path.name.split("-")[0] for path in (tmp_path / "feint-runs").iterdir()} == {"audit", "span"}


REFUSED = {
    "no experiment": ({"experiment": "adit"}, "experiment: expected one of audit, "),
    "a near miss": ({"experiment": "audti"}, "did you mean 'audit'?"),
    "a field": ({"radi": [0.1]}, "radi: expected one of data, victim, "),
    "a near field": ({"mesure": "margin"}, "did you mean 'measure'?"),
    "a value": ({"radii": [-1]}, "radii: expected finite numbers above 0"),
    "an inner field": ({"data": {"source": "digits", "lmit": 3}}, "data.lmit: expected one of source, split, "),
    "an inner near field": ({"data": {"source": "digits", "lmit": 3}}, "did you mean 'limit'?"),
    "a setting": ({"attack": {"name": "ace", "serch": "bisection"}}, "did you mean 'search'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_may_not_say(feint, settings, tmp_path: Path, case):
    values, message = REFUSED[case]
    # What a setting of a thing is wrong in, its own class reads, once its experiment begins.
    first = [] if case == "a setting" else [settings]
    path = written(tmp_path, *first, {**settings, **values})
    outcome = feint("run", path, "--allow-code", "--quiet")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert message in outcome.err
    assert case == "a setting" or str(path) in outcome.err
    assert not (tmp_path / "feint-runs").exists()  # not even the first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected a mapping with an experiment, got nothing"),
        ("- 3", "got int"),
        ("a: [", "expected YAML, got"),
        ("\x00", "YAML"),
    ],
)
def test_files_that_describe_nothing(feint, tmp_path: Path, content, message):
    (tmp_path / "bad.yaml").write_text(content)
    outcome = feint("run", tmp_path / "bad.yaml")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert message in outcome.err
    assert "bad.yaml" in outcome.err


@pytest.fixture
def finished(feint, settings, tmp_path: Path, images: Path, networks: Path) -> Path:
    """A run whose data and network are gone."""
    outcome = feint("run", written(tmp_path, settings), "--allow-code", "--quiet", "--json")
    assert outcome.code == 0, outcome
    images.unlink()
    networks.unlink()
    return Path(json.loads(outcome.out)[0]["run"]["folder"])


def test_a_report_is_made_again_from_the_folder_alone(feint, finished: Path, tmp_path: Path):
    page = (finished / "report.html").read_bytes()
    (finished / "report.html").unlink()
    outcome = feint("report", finished)
    assert (outcome.code, outcome.err, outcome.out) == (0, "", f"{finished / 'report.html'}\n")
    assert (finished / "report.html").read_bytes() == page
    figures = {path.stem: path.read_bytes() for path in (finished / "figures").iterdir()}
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF")):
        outcome = feint("report", finished, "--format", kind, "--out", tmp_path / kind)
        assert (outcome.code, outcome.err) == (0, "")
        files = sorted((tmp_path / kind / "figures").iterdir())
        assert [path.stem for path in files] == sorted(figures)
        assert outcome.out.split() == [
            str(path) for path in sorted(files, key=lambda path: outcome.out.index(str(path)))
        ]
        assert all(path.read_bytes().startswith(start) for path in files)
    assert all((tmp_path / "svg" / "figures" / f"{name}.svg").read_bytes() == made for name, made in figures.items())
    with Image.open(tmp_path / "png" / "figures" / "risk_coverage.png") as picture:
        assert min(picture.size) > 300


def test_a_report_as_text_and_data(feint, finished: Path, tmp_path: Path):
    assert feint("report", finished, "--format", "md", "--out", tmp_path / "md").code == 0
    said = (tmp_path / "md" / "report.md").read_text()
    summary = json.loads((finished / "summary.json").read_text())
    assert "## In numbers" in said
    assert f"{1000 * summary['clean']['aurc']:.2f}" in said
    assert all((tmp_path / "md" / name).is_file() for name in ("figures/risk_coverage.svg", "figures/gallery.svg"))
    outcome = feint("report", finished, "--format", "json")
    blocks = [block for section in json.loads(outcome.out)["sections"] for block in section["blocks"]]
    scores = next(block for block in blocks if block.get("name") == "scores")
    assert scores["rows"][0][1] == summary["clean"]["aurc"]
    assert scores["rows"][1][:2] == [raw(0.05), summary["attacked"][0]["aurc"]]
    assert feint("report", finished, "--format", "csv", "--out", tmp_path).code == 0
    head, clean, _, random = (tmp_path / "tables" / "scores.csv").read_text().splitlines()
    assert head.startswith("radius,AURC,E-AURC,AUGRC,")
    assert float(clean.split(",")[1]) == summary["clean"]["aurc"]
    assert random.startswith("random ")
    assert float(random.split(",")[1]) == summary["attacked"][0]["random"]["aurc"]


def test_a_folder_that_is_no_whole_run(feint, finished: Path):
    state = read_state(finished)
    assert state["state"] == "complete"
    content = (finished / "run.json").read_text()
    (finished / "run.json").write_text(content.replace("0.05", "0.06", 1))
    outcome = feint("report", finished)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert "run.json was damaged" in outcome.err
