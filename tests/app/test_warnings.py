"""What feint warns of: docs/warnings.md is made of these cases, and is what they come to.

``python tests/app/test_warnings.py`` writes the page anew.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

from feint.errors import FeintError

pytestmark = pytest.mark.usefixtures("undrawn")
PAGE = Path(__file__).parents[2] / "docs" / "warnings.md"
HEAD = """# Warnings

What must be known before a number is believed. It stands in `warnings` of the JSON, at the top of the page, and on
standard error (`feint: warning: ...`), of every command that asks a victim. Where there was nothing to rank, no
direction to go, or nothing but chance, the headline of an audit says so, and not that an attack did no harm. What
makes every number wrong is an error, and nothing is computed.

Each is shown here with the smallest input that sets it off. This page is made by a test (`tests/app/test_warnings.py`):
what stands under an example is what it came to. All examples begin with

```python
"""
BEFORE = """import torch
from torch import nn

import feint


class Nearest(nn.Module):
    def __init__(self, levels, before=lambda images: images, after=lambda logits: logits):
        super().__init__()
        self.levels, self.before, self.after = torch.tensor(levels), before, after

    def forward(self, images):
        grey = self.before(images).mean(dim=(1, 2, 3))
        return self.after(-1000 * (grey[:, None] - self.levels) ** 2)


levels = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
labels = torch.arange(20) % 10
images = torch.tensor(levels)[labels].reshape(20, 1, 1, 1).repeat(1, 1, 4, 4) + 0.01
wrong = labels.clone()
wrong[0] = 1  # one error, so that there is something to rank
"""


class Case(NamedTuple):
    """Something to warn of: its title, why, and the input that sets it off."""

    title: str
    why: str
    code: str


CASES = (
    Case(
        "No errors",
        "AURC ranks errors; without one it is 0 whatever happens to the confidence.",
        "feint.audit(Nearest(levels), images, labels, radii=[0.05])",
    ),
    Case(
        "Nothing but errors",
        "Labels in another order than the network's outputs look like this.",
        "feint.audit(Nearest(levels), images, (labels + 1) % 10, radii=[0.05])",
    ),
    Case(
        "Accuracy at or below chance",
        "Such a network knows nothing of these images, and its confidence neither.",
        "feint.audit(Nearest(levels), images, (labels + (torch.arange(20) > 1)) % 10, radii=[0.05])",
    ),
    Case(
        "One class only",
        "The first images of a sorted set are all alike; `--limit` takes an even sample, `--first` does not.",
        "first = labels == 0\n"
        'feint.audit(Nearest(levels), images[first], labels[first], classes=list("abcdefghij"), radii=[0.05])',
    ),
    Case(
        "More outputs than classes",
        "A network made for other classes: what it says of those that the data do not have is wrong, always.",
        "feint.audit(Nearest([*levels, 1.1, 1.3]), images, wrong, radii=[0.05])",
    ),
    Case(
        "Probabilities taken for logits",
        "The softmax of a softmax is nearly flat: confidences, ECE and NLL are of no network.",
        "feint.audit(Nearest(levels, after=lambda x: x.softmax(1)), images, wrong, radii=[0.05])",
    ),
    Case(
        "Sigmoids taken for logits",
        "The same, of networks whose outputs are probabilities each by itself.",
        "feint.audit(Nearest(levels, after=torch.sigmoid), images, wrong, radii=[0.05])",
    ),
    Case(
        "A normalisation is missing",
        "Images come in [0, 1]; what the network was trained on is its own to make of them.",
        "standard = [(level - 0.5) / 0.287 for level in levels]\n"
        "feint.audit(Nearest(standard), images, wrong, radii=[0.05])",
    ),
    Case(
        "Images look normalised twice",
        "Once where they were saved, or in a layer, and once more.",
        "normalise = lambda x: (x - 0.5) / 0.287\n"
        "standard = [normalise(level) for level in levels]\n"
        "feint.audit(Nearest(standard, before=lambda x: normalise(normalise(x))), images, wrong, radii=[0.05])",
    ),
    Case(
        "No gradient",
        "Networks that round their input, saturated or quantised ones: an attack that has no direction to go stays "
        "where it is, and its effective radius is 0.",
        "feint.audit(Nearest(levels, before=lambda x: (10 * x).round() / 10), images, wrong, radii=[0.05])",
    ),
    Case(
        "Networks that look at the neighbours (an error)",
        "What such a network says of an image depends on what else is in the batch; so would every number.",
        "feint.audit(Nearest(levels, before=lambda x: x - x.mean(0)), images, wrong, radii=[0.05])",
    ),
    Case(
        "Networks with noise of their own (an error)",
        "Asked twice, they say two things. Randomness belongs to an estimator, which draws it by a seed.",
        "feint.audit(Nearest(levels, before=lambda x: x + 0.1 * torch.randn_like(x)), images, wrong, radii=[0.05])",
    ),
    Case(
        "Labels that a network does not have (an error)",
        "They could only count as wrong.",
        "feint.audit(Nearest(levels), images, labels + 1, radii=[0.05])",
    ),
)  # fmt: skip


def came(case: Case) -> list[str]:
    """What an example comes to, line by line."""
    *first, last = case.code.splitlines()
    names: dict[str, object] = {}
    exec("\n".join([BEFORE, *first]), names)
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = eval(last.removesuffix(")") + ", root=folder, threads=1)", {**names, "folder": folder})
        except FeintError as error:
            return [f"feint: {error}"]
        assert result.report.warnings == tuple(result.summary["warnings"])
        return [f"feint: warning: {each}" for each in result.summary["warnings"]]


def written(cases: dict[str, list[str]]) -> str:
    """The page."""
    parts = [HEAD + BEFORE + "```\n"]
    for case in CASES:
        said = "\n".join(cases[case.title])
        parts.append(f"## {case.title}\n\n{case.why}\n\n```python\n{case.code}\n```\n```\n{said}\n```\n")
    return "\n".join(parts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_every_example_comes_to_what_the_page_says(case):
    said = came(case)
    assert said
    assert all("error" in case.title or each.startswith("feint: warning: ") for each in said)
    lines = "\n".join(said)
    assert f"{case.code}\n```\n```\n{lines}\n```" in PAGE.read_text(encoding="utf-8")


def test_the_page_has_nothing_else():
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")
    assert parts[0] == (HEAD + BEFORE + "```\n")
    assert [part.splitlines()[0] for part in parts[1:]] == [case.title for case in CASES]


if __name__ == "__main__":
    PAGE.write_text(written({case.title: came(case) for case in CASES}), encoding="utf-8")
