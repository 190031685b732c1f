"""What tests in a real browser share: the scripts of charts are bundled once, the embedded network is trained once."""

import pytest

from ..digits import trained_once


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def digit_networks(tmp_path_factory):
    """Where the embedded network lies once it was trained."""
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="module", autouse=True)
def _trained_once(digit_networks):
    with trained_once(digit_networks):
        yield


@pytest.fixture(scope="module", autouse=True)
def _whole_runs(whole_runs): ...
