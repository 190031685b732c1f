"""`feint spread`: both approximations on the predictions of a small victim."""

import json

import numpy as np
import pytest

from feint.errors import NotApplicable, SpecError
from feint.experiments.spread import SPREAD, SpreadSettings
from feint.metrics import kendall_tau
from feint.reports import Facts
from feint.reports.text import text
from feint.runs.runners import local
from feint.victims.settings import DataSettings


def run(trained, root, **values):
    common = {"victims": "pair", "data": {"first": 30}, "foreign": "digits:split=train,first=20"}
    settings = SpreadSettings.parse({**common, "resamples": 5, "threads": 1, **values})
    return local.run(SPREAD, settings, root, victims=trained, allow_code=True, progress=False)


@pytest.fixture(scope="module")
def result(trained, tmp_path_factory):
    return run(trained, tmp_path_factory.mktemp("runs"))


def test_numbers(result):
    import torch

    first, second = result.summary["spreads"]
    assert (first["images"], second["images"]) == (30, 20)
    rows = result.run.table("spread").read(data=0)
    found = {name: torch.tensor(rows.column(name).to_numpy()) for name in rows.column_names}
    assert found["sample"].tolist() == list(range(30))
    assert first["kendall"]["variance"] == pytest.approx(kendall_tau(found["information"], found["variance"]))
    torch.testing.assert_close(found["limit/1"], found["limit"] / found["information"])
    assert sum(row["images"] for row in first["decades"]) <= 30
    for row in first["decades"]:
        chosen = (found["information"] >= row["from"]) & (found["information"] < row["to"])
        ratio = np.median((found["variance"] / found["information"])[chosen].numpy())
        assert (row["images"], row["variance_ratio"]) == (int(chosen.sum()), ratio)


def test_the_limit_is_reached_as_real_draws_come_together(result):
    for found in result.summary["spreads"]:
        rows = found["drawn_together"]
        assert [row["factor"] for row in rows] == sorted((row["factor"] for row in rows), reverse=True)
        nearest = rows[-1]["limit_ratio"]
        assert nearest["low"] == pytest.approx(1, abs=0.02)
        assert nearest["high"] == pytest.approx(1, abs=0.02)
        assert rows[-1]["variance_ratio"]["median"] < 0.95


def test_files(result):
    assert (result.folder / "figures" / "spread.svg").stat().st_size > 1000
    assert json.loads((result.folder / "summary.json").read_text()) == result.summary
    assert len(result.figures["spread"].panels) == 2


def test_the_facts_say_how_many_images_and_of_what_shape(result):
    facts = next(block for block in result.report.blocks() if isinstance(block, Facts))
    assert facts.items["images"] == "50, 1x8x8"


def test_what_is_printed(result):
    said = text(result.report)
    first = result.summary["spreads"][0]
    assert f"pair on digits {first['spearman']['variance']['estimate']:.3f} and" in said.splitlines()[0]
    assert f"{first['kendall']['limit']:.4f}" in said
    assert sum("half the sum of variance / mean" in line for line in said.splitlines()) == 2


def test_foreign_images_are_cut_like_the_first_ones():
    data = {"source": "a.npz", "split": "train", "resize": 9, "first": 30}
    settings = SpreadSettings.parse({"victims": "pair", "data": data, "foreign": ["b.npz", "c.npz:limit=5,split=test"]})
    first, second = settings.filled
    assert first == DataSettings(**{**data, "source": "b.npz"})
    assert second == DataSettings(source="c.npz", split="test", resize=9, limit=5)
    stored = SpreadSettings.parse(settings.but(foreign=settings.filled).plain())
    assert stored.filled == stored.foreign == settings.filled


def test_a_single_draw_is_refused(trained, tmp_path):
    with pytest.raises(NotApplicable):
        run(trained, tmp_path / "runs", victims="plain")
    assert not (tmp_path / "runs").exists()


def test_images_of_another_size(trained, tmp_path):
    with pytest.raises(SpecError, match="data"):
        run(trained, tmp_path, foreign="digits:resize=10")
