"""`feint spread`: both approximations on the predictions of a small victim."""

import json

import numpy as np
import pytest

from feint.errors import NotApplicable, SpecError
from feint.experiments.spread import SpreadSpec, spread
from feint.experiments.train import read_victim
from feint.metrics import kendall_tau


def spec_of(trained, name, **values):
    data = [{"limit": 30}, {"split": "train", "limit": 20}]
    victims = [read_victim(trained, name).model_dump()]
    return SpreadSpec.parse({"victims": victims, "data": data, "resamples": 5, "threads": 1, **values})


@pytest.fixture(scope="module")
def result(trained, tmp_path_factory):
    return spread(spec_of(trained, "pair"), tmp_path_factory.mktemp("runs"), progress=False)


def test_numbers(result):
    import torch

    first, second = result.summary["spreads"]
    assert (first["images"], second["images"]) == (30, 20)
    with np.load(result.folder / "spread-0.npz") as file:
        found = {name: torch.as_tensor(file[name]) for name in file.files}
    assert first["kendall"]["variance"] == pytest.approx(kendall_tau(found["information"], found["variance"]))
    torch.testing.assert_close(found["limit/1"], found["limit"] / found["information"])
    assert sum(row["images"] for row in first["decades"]) <= 30


def test_the_limit_is_reached_as_real_draws_come_together(result):
    for found in result.summary["spreads"]:
        rows = found["drawn_together"]
        assert [row["factor"] for row in rows] == sorted((row["factor"] for row in rows), reverse=True)
        nearest = rows[-1]["limit_ratio"]
        assert nearest["low"] == pytest.approx(1, abs=0.02)
        assert nearest["high"] == pytest.approx(1, abs=0.02)
        assert rows[-1]["variance_ratio"]["median"] < 0.95


def test_files(result):
    assert (result.folder / "figures" / "spread.png").stat().st_size > 1000
    assert json.loads((result.folder / "summary.json").read_text()) == result.summary
    assert (result.folder / "report.html").read_text().count('data-figure="spread-') == 2


def test_a_single_draw_is_refused(trained, tmp_path):
    with pytest.raises(NotApplicable):
        spread(spec_of(trained, "plain"), tmp_path, progress=False)


def test_images_of_another_size(trained, tmp_path):
    data = [{"limit": 30}, {"limit": 30, "resize": 10}]
    with pytest.raises(SpecError, match="data"):
        spread(spec_of(trained, "pair", data=data), tmp_path, progress=False)
