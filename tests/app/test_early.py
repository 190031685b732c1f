"""What can be known to be wrong is said before a network is trained, and leaves nothing behind."""

from pathlib import Path

import pytest

from feint import training
from feint.victims.loading import embedded


@pytest.fixture(autouse=True)
def _nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(*_: object, **__: object) -> None:
        pytest.fail("a network was trained")

    monkeypatch.setattr(embedded, "trained_digit_network", trained)
    monkeypatch.setattr(training, "fit", trained)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("audit --measure mutual_information", "mutual_information"),
        ("audit --estimator mc-dropout", "found no dropout module"),
        ("audit --attack lbfgs --radii 8/255,2/0", "radii"),
        ("audit --radii 8", "8/255 is 0.0314"),
        ("audit --attack fgsm:steps=3", "steps"),
        ("audit --proxy nobody.py:f", "no file at nobody.py"),
        ("audit --out occupied", "cannot write"),
        ("audit --out occupied/below", "cannot write"),
        ("span --threshold 2", "threshold"),
        ("detect --attack bim:steps=0 --radii 0.1", "steps"),
        ("train small --network digits --victims occupied", "cannot write"),
        ("train small --network digits --out occupied", "cannot write"),
        ("train small --network digits:dropuot=0.5", "dropuot"),
        ("train small --network digits --estimator selective-net:coverage=2", "coverage"),
    ],
)
def test_said_before_anything_is_trained(feint, tmp_path: Path, arguments: str, said: str):
    (tmp_path / "occupied").write_text("a file")
    outcome = feint(*arguments.split(), "--quiet", "--threads", 1)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    assert said in outcome.err
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == []
    assert (tmp_path / "occupied").read_text() == "a file"
