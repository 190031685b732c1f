"""One description that stands for many."""

import pytest

from feint.errors import SpecError
from feint.runs.sweep import expanded

BASE = {"experiment": "audit", "data": {"source": "digits"}, "attack": "ace:search=backtracking"}


def many(**sweep):
    return list(expanded({**BASE, "sweep": sweep}))


def test_without_a_sweep_it_is_itself():
    assert list(expanded(BASE)) == [BASE]


def test_a_grid_is_every_combination():
    found = many(grid={"radii": [[0.1], [0.2]], "seed": [0, 1, 2]})
    assert [(each["radii"], each["seed"]) for each in found] == [([r], s) for r in (0.1, 0.2) for s in (0, 1, 2)]
    assert all(each["data"] == BASE["data"] and "sweep" not in each for each in found)


def test_a_list_is_entry_by_entry_and_meets_every_combination():
    found = many(list=[{"seed": 0}, {"seed": 1, "batch-size": 4}], grid={"radii": [[0.1], [0.2]]})
    assert [(each["seed"], each.get("batch_size"), each["radii"]) for each in found] == [
        (0, None, [0.1]),
        (0, None, [0.2]),
        (1, 4, [0.1]),
        (1, 4, [0.2]),
    ]


def test_a_dotted_name_is_a_field_inside_of_another_and_a_word_is_opened_for_it():
    (found,) = many(grid={"data.limit": [5], "attack.search.decay": [0.9]})
    assert found["data"] == {"source": "digits", "limit": 5}
    assert found["attack"] == {"name": "ace", "search": {"name": "backtracking", "decay": 0.9}}
    assert BASE["data"] == {"source": "digits"}  # nothing is changed in place


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (3, "sweep: expected a grid or a list, got 3"),
        ({}, "sweep: expected a grid or a list, got {}"),
        ({"gird": {}}, "sweep: expected one of grid, list, got 'gird'; did you mean 'grid'?"),
        ({"grid": [1]}, "sweep.grid: expected a list of values for each field, got list"),
        ({"grid": dict.fromkeys("abcde", [1] * 10)}, "sweep: expected at most 10,000 runs, got 100,000"),
        ({"grid": {"seed": 3}}, "sweep.grid.seed: expected a list of values, got 3"),
        ({"grid": {"seed": []}}, r"sweep.grid.seed: expected a list of values, got \[\]"),
        ({"list": []}, r"sweep.list: expected a list of mappings, got \[\]"),
        ({"list": [3]}, "sweep.list: expected mappings, got 3"),
        ({"grid": {"radii.x": [1]}}, r"sweep: expected a mapping in radii, to set radii.x, got \[0.1\]"),
    ],
)
def test_what_a_sweep_may_not_say(sweep, message):
    with pytest.raises(SpecError, match=f"^{message.replace('?', '.')}"):
        list(expanded({**BASE, "radii": [0.1], "sweep": sweep}))
