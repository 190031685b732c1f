import os
from pathlib import Path

import pytest


@pytest.fixture
def real_data() -> Path:
    """The folder of real networks and images that FEINT_DATA names."""
    if "FEINT_DATA" not in os.environ:
        if "CI" in os.environ:
            pytest.fail("FEINT_DATA is not set, and in CI it has to be")
        pytest.skip("FEINT_DATA names no folder of real networks")
    return Path(os.environ["FEINT_DATA"])
