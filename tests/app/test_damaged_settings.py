"""Of damaged cards and files of `feint run` nothing comes out but a FeintError. FEINT_FUZZ sets how many there are."""

import os
from random import Random

import pytest

from .damaged import SETTINGS, damage, read

COUNT = int(os.environ.get("FEINT_FUZZ", "500")) // 10


@pytest.mark.usefixtures("plain_report")
@pytest.mark.parametrize("name", SETTINGS)
def test_nothing_but_a_feint_error_comes_out(tmp_path, name):
    write, rng, messages = SETTINGS[name], Random(name), list[str]()
    assert read(write(tmp_path)) is None
    for number in range(COUNT):
        path = write(tmp_path)
        damage(path, rng)
        try:
            messages += [message] if (message := read(path)) is not None else []
        except Exception as error:
            error.add_note(f"damaged file {number} of {name}: {path.read_bytes()[:4000]!r}")
            raise
    assert messages
    assert all(message.isprintable() for message in messages)  # one line, too
