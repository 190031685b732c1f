import importlib.util
from pathlib import Path

import pytest


def _sample():
    spec = importlib.util.spec_from_file_location("sample_reports", Path(__file__).with_name("sample.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SAMPLE = _sample()


@pytest.fixture(scope="session")
def sample():
    """The made-up reports."""
    return SAMPLE


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    """The scripts of pages are kept in a folder of the test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def audit(sample):
    return sample.audit()


@pytest.fixture(scope="session")
def everything(sample):
    return sample.everything()
