"""What a run will cost, from a part of it."""

import pytest

from feint.runs import plan as plans

from .toy import TOY, ToySettings


def test_what_a_stage_leaves_behind_is_counted_once_for_every_piece(toy, monkeypatch, tmp_path):
    monkeypatch.setattr(plans, "report_files", lambda _: {"report.html": b"0123456789"})
    plan = plans.planned(TOY, ToySettings(threads=1, pieces=3, rows=40), victims=tmp_path / "others")
    whole = toy(pieces=3, rows=40).folder
    assert plan.run == whole.name
    assert [(each.stage, each.amount, each.pieces) for each in plan.stages] == [("drawn", 120, 3), ("squared", 1, 1)]
    left = [path for name in ("tables/drawn", "arrays/kept", "ledger/drawn") for path in (whole / name).iterdir()]
    assert len(left) == 9
    assert plan.stages[0].size == pytest.approx(sum(path.stat().st_size for path in left), rel=0.1)
    assert plan.report_size == 10
    assert plan.size == sum(each.size for each in plan.stages) + 10
