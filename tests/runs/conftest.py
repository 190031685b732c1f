"""The toy experiment, run in a folder of the test's own."""

import pytest

from feint.reports import Figure
from feint.runs.runners import local

from .toy import TOY, ToySettings, calls


@pytest.fixture(autouse=True)
def _no_calls():
    calls.clear()


@pytest.fixture(autouse=True)
def _nothing_is_drawn(monkeypatch):
    """Drawing takes its time, and has tests of its own: here a page is its headline, and a figure its title."""

    def figures(report, kind):
        return {f"{each.name}.{kind}": each.title.encode() for each in report.blocks() if isinstance(each, Figure)}

    monkeypatch.setattr(local, "pictures", figures)
    monkeypatch.setattr(local, "page", lambda report: report.headline)


@pytest.fixture
def toy(tmp_path):
    """Run the toy; by default without bars."""

    def call(progress=False, fresh=False, victims="victims", **values):
        settings = ToySettings(**{"threads": 1, **values})
        return local.run(TOY, settings, tmp_path / "runs", victims=tmp_path / victims, fresh=fresh, progress=progress)

    return call
