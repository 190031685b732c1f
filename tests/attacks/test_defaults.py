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
    if kind is not attacks.Backtracking and kind is not attacks.Bisection:
        declared = [made.needs_gradient, made.takes_condition, made.keeps_best]
        assert all(isinstance(each, bool) for each in declared)
