"""What is said on how to read a report belongs to an experiment, and to a section that its report has."""

from pathlib import Path

import feint.experiments
from feint import catalog
from feint.experiments.reading import READ

FOLDER = Path(feint.experiments.__file__).parent
WORDS = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py") if path.name != "reading.py")


def test_every_text_is_of_an_experiment():
    assert set(READ) <= {*catalog.EXPERIMENTS, *catalog.PAPERS}


def test_every_text_is_of_a_section():
    heads = {head for read in READ.values() for head in read}
    assert {head for head in heads if f'"{head}' not in WORDS} == set()
