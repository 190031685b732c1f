"""Settings that nobody has said: those of the papers, where a paper has any; another default is another attack."""

from dataclasses import fields

import pytest

from feint import attacks

SHRINK = attacks.Backtracking(decay=0.5, tries=15, accept="first")
DEFAULTS = {
    attacks.ACE: {"search": SHRINK, "norm": "linf"},
    attacks.Backtracking: {"decay": 0.5, "tries": 15, "accept": "first"},
    attacks.BIM: {"steps": 10, "step": None, "norm": "linf", "reach": 1.0},
    attacks.Bisection: {"tolerance": 1e-6},
    attacks.CarliniWagner: {"steps": 1000, "step": 0.01, "searches": 9, "initial": 1e-3, "kappa": 0.0},
    attacks.FGSM: {"norm": "linf"},
    attacks.IAA: {
        "pixels": 10, "delta": 4 / 255, "neighbourhood": 3, "floor": 1 / 255, "rounds": 500, "signed": False,
        "mean": False,
    },
    attacks.IterativeACE: {
        "steps": 10, "momentum": 0.0, "search": SHRINK, "refine": attacks.Backtracking(tries=7), "norm": "linf",
    },
    attacks.LBFGS: {"steps": 50, "searches": 10, "initial": None, "memory": 10},
    attacks.MIM: {"steps": 10, "step": None, "decay": 1.0, "norm": "linf", "reach": 1.0},
    attacks.PGD: {
        "steps": 10, "step": None, "restarts": 1, "random_start": True, "start": None, "seed": 0, "keep": "best",
        "norm": "linf", "reach": 2.5,
    },
    attacks.RandomSigns: {"search": SHRINK, "seed": 0},
    attacks.Square: {"queries": 500, "share": 0.8, "seed": 0},
}  # fmt: skip


@pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.__name__)
def test_what_nobody_says(kind):
    made = kind()
    assert {field.name: getattr(made, field.name) for field in fields(made)} == DEFAULTS[kind]


DECLARED = {
    attacks.ACE: (True, True, False, "loss", "ball"),
    attacks.BIM: (True, True, False, "loss", "ball"),
    attacks.CarliniWagner: (True, False, False, "margin", "nearest"),
    attacks.FGSM: (True, True, False, "loss", "ball"),
    attacks.IAA: (True, False, False, "gap", "ball"),
    attacks.IterativeACE: (True, True, True, "loss", "ball"),
    attacks.LBFGS: (True, False, False, "loss", "nearest"),
    attacks.MIM: (True, True, False, "loss", "ball"),
    attacks.PGD: (True, True, True, "loss", "ball"),
    attacks.RandomSigns: (False, True, False, "loss", "ball"),
    attacks.Square: (False, True, True, "margin", "ball"),
}
"""Whether it needs a gradient, keeps to a condition, and ends at the best of its points; what it raises, and where."""


@pytest.mark.parametrize("kind", DECLARED, ids=lambda kind: kind.__name__)
def test_what_is_declared(kind):
    made = kind()
    assert (made.needs_gradient, made.takes_condition, made.keeps_best, made.raises, made.seeks) == DECLARED[kind]


def test_all_attacks_are_here():
    searches = {attacks.Backtracking, attacks.Bisection}
    assert set(DECLARED) | searches == set(DEFAULTS)
