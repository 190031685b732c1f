"""Of damaged files nothing comes out but what they still say, or a FeintError. FEINT_FUZZ sets how many there are."""

import os
import warnings
from random import Random

import pytest
import torch

from feint.data import load
from feint.errors import FeintError

from .mutations import FORMATS, damage

COUNT = int(os.environ.get("FEINT_FUZZ", "500"))


def read(source, on_error):
    """Do everything that can be done with a data set; the message where it cannot."""
    try:
        data = load(source, on_error=on_error)
        data.fingerprint()
        if len(data) > 1000:  # what a header claims: no more than is there can be read
            data = data.take(0, 100)
        for batch in data.batches(4):
            assert torch.isfinite(batch.inputs).all()
        data.sample(2).only([0, 1])
        data.gather(range(min(len(data), 3)))
    except FeintError as error:
        return str(error)
    return None


def source_of(path):
    """What a user would name."""
    if path.parent.name == "ape":
        return path.parent.parent
    return path.parent if path.suffix in (".bin", ".csv") or "labels" in path.name else path


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_but_a_feint_error_comes_out(tmp_path, name):
    write, rng, each = FORMATS[name], Random(name), -(-COUNT // len(FORMATS))
    assert read(source_of(write(tmp_path)), "skip") is None
    messages: list[str] = []
    for number in range(each):
        path = write(tmp_path)
        damage(path, rng)
        content = path.read_bytes()
        try:
            with warnings.catch_warnings():
                # Pillow tells of odd files so, numpy of odd headers: they are read, or not, all the same.
                warnings.simplefilter("ignore")
                if (message := read(source_of(path), ("skip", "raise")[number % 2])) is not None:
                    messages.append(message)
        except Exception as error:
            error.add_note(f"damaged file {number} of {name}: {content[:2000]!r}")
            raise
        path.unlink()
    assert messages
    assert all(message.isprintable() for message in messages)  # one line, too
