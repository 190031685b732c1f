"""The examples run, in an empty folder."""

import ast
import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch

from feint.errors import SpecError

pytestmark = pytest.mark.usefixtures("whole_runs")
EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng():
        runpy.run_path(str(path), run_name="__main__")
    assert len(capsys.readouterr().out.splitlines()) >= 4


NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))


def shown(cell: str, names: dict[str, Any]) -> Any:
    """What a notebook shows below a cell: the value of its last line, where that is an expression."""
    *before, last = ast.parse(cell).body
    if not isinstance(last, ast.Expr):
        before.append(last)
    exec(compile(ast.Module(before, []), "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None


def test_the_notebook_shows_a_table_a_curve_and_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (path,) = NOTEBOOKS
    notebook = json.loads(path.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with torch.random.fork_rng():
        cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
        table, curve, told, record = [found for found in (shown(cell, names) for cell in cells) if found is not None]
    summary = names["result"].summary
    assert "<table" in table._repr_html_()
    assert f"{1000 * summary['clean']['aurc']:.2f}" in table._repr_html_()
    assert curve._repr_png_().startswith(b"\x89PNG")
    assert repr(curve).startswith("Risk-coverage curves.")
    assert "labels kept: 100%" in told
    assert [row["variant"] for row in record] == ["clean", *("attacked", "rounded") * 2, *["random"] * 2]
    assert len({row["prediction"] for row in record if row["variant"] != "rounded"}) == 1
    with pytest.raises(SpecError, match="did you mean 'risk_coverage'"):
        names["result"].show("risk_coverag")


BENCHMARKS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_benchmarks_can_be_loaded(path: Path):
    assert "main" in runpy.run_path(str(path), run_name="loaded, not run")
