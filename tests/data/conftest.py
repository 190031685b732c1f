import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real data; without FEINT_DATA a test is skipped, except on CI, where it must be set."""
    root = os.environ.get("FEINT_DATA")
    if root is None:
        reason = "FEINT_DATA is not set: it names the folder that holds data/ with mnist, cifar10 and others"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(root) / "data"
