"""What tests of several rooms share."""

import json
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from .chromium import browse as browse
from .digits import trained_once
from .shapes import next_test, unchecked
from .stores import address as address
from .stores import server as server
from .stores import write_run as write_run

SHARED = (
    ("tests/contracts/test_(cuts|experiments|pages|runners|settings|warnings)", "runs of every experiment"),
    ("tests/browser/", "a workbench, and a browser"),
)
"""What tests of several files share."""


def pytest_configure() -> None:
    """Asked to stop, as by Ctrl-C: fixtures end what they began, such as a server of PostgreSQL."""
    with suppress(ValueError):  # not the main thread: whoever has it is asked
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """A file's tests stay with one worker, and so do those of all files that share what takes long to make."""
    return Scheduling(config, log)


class Scheduling(LoadFileScheduling):
    """By file, but for those of `SHARED`."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((name for each, name in SHARED if re.match(each, file)), file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What several files share begins first, since it takes longest."""
    items.sort(key=lambda item: not any(re.match(each, item.nodeid) for each, _ in SHARED))


def pytest_runtest_setup() -> None:
    """Shapes are checked again."""
    next_test()


@pytest.fixture(scope="module")
def plain_report():
    """No files of reports, which take seconds and have tests of their own; reports themselves are made as always."""
    from feint.runs.runners import local

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "report_files", lambda _: {"report.html": b""})
        yield


@pytest.fixture
def as_shipped():
    """No shapes are checked; a user's wrong ones reach the checks inside."""
    with unchecked():
        yield


@pytest.fixture(scope="module")
def whole_runs():
    """No shapes are checked, for a module that runs experiments from end to end."""
    with unchecked():
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_home_of_their_own(tmp_path_factory):
    """What tests run is not listed in the store of whoever runs them, and no program of theirs is remembered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FEINT_HOME", str(tmp_path_factory.mktemp("feint-home")))
        patch.delenv("FEINT_DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="session")
def digit_networks(tmp_path_factory) -> Path:
    """Where the embedded network lies once it was trained, for all workers."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "digit-networks"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _the_digits_are_learnt_once(digit_networks):
    with trained_once(digit_networks):
        yield


@pytest.fixture(scope="session", autouse=True)
def _every_chart_is_drawn_once():
    """A chart that was drawn before looks the same again; drawing it takes as long as many a run."""
    import vl_convert

    drawn: dict[str, str] = {}

    def vegalite_to_svg(chart, **settings):
        asked = json.dumps([chart, settings])
        if asked not in drawn:
            drawn[asked] = vl_convert.vegalite_to_svg(chart, **settings)
        return drawn[asked]

    once = SimpleNamespace(**{**vars(vl_convert), "vegalite_to_svg": vegalite_to_svg})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feint.reports.pictures._convert", lambda: once)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder that FEINT_DATA names: data/, weights/ and zoo.py. Without it a test is skipped, in CI it fails."""
    if "FEINT_DATA" not in os.environ:
        reason = "FEINT_DATA is not set: it names the folder that holds data/, weights/ and zoo.py"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(os.environ["FEINT_DATA"])
