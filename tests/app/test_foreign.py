"""What a stranger's program raises, an exception of any kind, is one line that names it; only Ctrl-C is the user's."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("undrawn")
NET = """
import asyncio, sys, torch
class Odd(BaseException):
    pass
class Mute(BaseException):
    def __str__(self):
        raise ValueError
{first}
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        {made}
        self.linear = torch.nn.Linear(64, 3)
    def forward(self, x):
        {forward}
        return self.linear(x.flatten(1))
"""
RAISES = {
    "raise BaseException('no such thing')": "BaseException{}: no such thing",
    "raise GeneratorExit": "GeneratorExit{}: it says no more",
    "raise asyncio.CancelledError": "CancelledError{}: it says no more",
    "raise Odd('one')": "Odd{}: one",
    "raise Mute": "Mute{}: ValueError when it was read",
    "sys.exit(0)": "SystemExit{}: 0",
}
PLACES = {
    "first": ("first", "{}"),
    "made": ("made", "{}"),
    "probe": ("forward", "{}"),
    "one image": ("forward", "if x.amax() == 1 and not x.requires_grad: {}"),
    "attack": ("forward", "if x.requires_grad and len(x) > 2: {}"),
}
"""Where it is raised, and when. Six images, the last one the brightest; the attack is the first to want gradients."""


def written(folder: Path, place: str, raises: str) -> list[str]:
    """A network that raises, six images, and a command about them."""
    part, when = PLACES[place]
    (folder / "net.py").write_text(NET.format(**{"first": "", "made": "", "forward": "", part: when.format(raises)}))
    images = np.random.default_rng(0).random((6, 8, 8)) / 2
    images[5] = 1
    np.savez(folder / "six.npz", images=images, labels=np.arange(6) % 3)
    return ["audit", "--data", "six.npz", "--network", "net.py:Net", "--radii", "0.1", "--quiet"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("raises", RAISES)
def test_whatever_is_raised_is_one_line(feint, tmp_path: Path, place: str, raises: str):
    outcome = feint(*written(tmp_path, place, raises))
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    named = "images of 1x8x8" if place == "probe" else "net.py"
    assert named in outcome.err
    inside = place in ("first", "made")
    said = RAISES[raises].format(
        "" if not inside else outcome.err[outcome.err.index(" (line") : outcome.err.index(")") + 1]
    )
    assert said in outcome.err
    assert ("for sample 5," in outcome.err) == (place == "one image")


@pytest.mark.parametrize("place", PLACES)
def test_an_interrupt_is_the_users(feint, tmp_path: Path, place: str):
    outcome = feint(*written(tmp_path, place, "raise KeyboardInterrupt"))
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.endswith("interrupted; what was computed is kept, and the same command goes on from there\n")


ATTACK = """
from feint.attacks import FGSM
class Odd(BaseException):
    pass
class Mine(FGSM):
    def __call__(self, *arguments, **settings):
        raise Odd("one")
    grid = __call__
mine = Mine()
"""


@pytest.mark.parametrize("runner", ["local", "processes"])
def test_what_an_attack_raises_is_said_with_its_line(feint, tmp_path: Path, runner: str):
    (tmp_path / "attack.py").write_text(ATTACK)
    command = written(tmp_path, "first", "")[1:]
    outcome = feint("attack", "attack.py:mine", *command, "--runner", runner)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert "attack.py, line 7, in __call__: expected no exception, got Odd: one" in outcome.err
