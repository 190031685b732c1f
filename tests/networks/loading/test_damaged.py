"""Of damaged weights nothing comes out but tensors, or a FeintError. FEINT_FUZZ sets how many there are."""

import os
import warnings
from random import Random

import pytest

from .damaged import WEIGHTS, damage, read

COUNT = int(os.environ.get("FEINT_FUZZ", "500"))


@pytest.mark.parametrize("name", WEIGHTS)
def test_nothing_but_a_feint_error_comes_out(tmp_path, name):
    write, rng, messages = WEIGHTS[name], Random(name), list[str]()
    assert read(write(tmp_path)) is None
    for number in range(-(-COUNT // len(WEIGHTS))):
        path = write(tmp_path)
        damage(path, rng)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch's, of odd files, and ours of what is left out
                messages += [message] if (message := read(path)) is not None else []
        except Exception as error:
            error.add_note(f"damaged file {number} of {name}")
            raise
    assert messages
    assert all(message.isprintable() for message in messages)
    assert [
        message for message in messages if "Re-running" in message
    ] == []  # torch's advice to run what is in the file
