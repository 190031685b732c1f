from collections.abc import Iterator

import jaxtyping
import pytest


@pytest.fixture
def as_shipped() -> Iterator[None]:
    """Annotations are enforced in tests only; a user's wrong shapes reach the checks inside."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
