from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data(real_data: Path) -> Path:
    """In this room, its folder of data sets."""
    return real_data / "data"
