"""Classes are matched by name, never by position."""

import numpy as np
import pytest

from feint.data import Classes, load
from feint.data.matching import match
from feint.errors import DataError

from .files import pictures, write_image


def folders(path, *names):
    for name in names:
        for number in range(2):
            write_image(path / name / f"{number}.png", pictures(1, 4, 4)[0])
    return load(path)


def test_labels_become_those_of_the_list(tmp_path):
    data = folders(tmp_path, "dog", "emu")
    matched = data.matched(["cat", "dog", "emu", "fox"])
    assert matched.targets == Classes(("cat", "dog", "emu", "fox"))
    assert matched.classes == ("cat", "dog", "emu", "fox")
    assert [batch.targets.tolist() for batch in matched.batches(3)] == [[1, 1, 2], [2]]
    assert matched.take(1, 3).only([1, 0]).targets.tolist() == [2, 1]
    assert matched.gather([3]).targets.tolist() == [2]
    assert matched.sample(2).targets == matched.targets
    assert matched.matched(["emu", "dog"]).gather([0, 3]).targets.tolist() == [1, 0]
    assert data.gather([0]).targets.tolist() == [0]


def test_held_examples_too(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", images=pictures(4, 3, 3), labels=np.array([0, 1, 0, 2]))
    data = load(tmp_path / "a.npz").matched(["ape", "bee", "cat", "dog"])
    assert data.gather([3, 0]).targets.tolist() == [2, 0]


def test_the_fingerprint_follows_labels_that_change(tmp_path):
    data = folders(tmp_path, "dog", "emu")
    assert data.matched(["dog", "emu", "fox"]).fingerprint() == data.fingerprint()
    assert data.matched(["emu", "dog"]).fingerprint() != data.fingerprint()


def test_a_class_that_is_not_in_the_list(tmp_path):
    with pytest.raises(DataError) as raised:
        folders(tmp_path, "ant", "cat", "dog").matched(["cat", "dog"])
    assert str(raised.value) == (
        f"{tmp_path}: expected classes among 'cat', 'dog', got 'ant', 'cat', 'dog'; no match, or several, for 'ant'"
    )


def test_only_classes_with_an_example_need_a_match(tmp_path):
    data = folders(tmp_path, "ant", "cat", "dog")
    assert data.take(2, 6).matched(["cat", "dog"]).gather([0, 3]).targets.tolist() == [0, 1]
    with pytest.raises(DataError, match="'ant'"):
        data.take(1, 6).matched(["cat", "dog"])


@pytest.mark.parametrize(
    ("own", "names", "expected"),
    [
        (("cat", "dog"), ("cat", "dog"), [0, 1]),
        (("b", "a"), ("a", "b", "c"), [1, 0]),
        (("crane", "owl", "crane"), ("crane", "owl", "crane"), [0, 1, 2]),  # ImageNet has cranes of two kinds
        (("0", "1", "2"), ("ape", "bee", "cat", "dog"), [0, 1, 2]),
        (("ape", "bee"), ("0", "1", "2"), [0, 1]),
        (("3", "7"), tuple("0123456789"), [3, 7]),
        (("3", "7"), ("7", "3"), [1, 0]),
    ],
)
def test_pairs_of_lists(own, names, expected):
    assert match(own, names, np.arange(len(own)), "").tolist() == expected


@pytest.mark.parametrize(
    ("own", "names"),
    [
        (("cat",), ("Cat",)),
        (("owl", "crane"), ("crane", "owl", "crane")),
        (("owl", "ape", "owl"), ("owl", "bee", "ape")),
        (("0", "1", "2"), ("ape", "bee")),
        (("ape", "bee"), ("0",)),
        (("12",), tuple("0123456789")),
    ],
)
def test_pairs_of_lists_without_a_match(own, names):
    with pytest.raises(DataError, match="expected classes among"):
        match(own, names, np.arange(len(own)), "")


def test_long_lists_are_cut():
    with pytest.raises(DataError, match="and 988 more, got 'x'") as raised:
        match(("x",), tuple(f"class {number}" for number in range(1000)), np.arange(1), "")
    assert len(str(raised.value)) < 400


def test_values_have_no_classes(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.random.default_rng(0).normal(size=(4, 2)), y=np.zeros(4))
    with pytest.raises(DataError, match="expected classes to match, got other targets"):
        load(tmp_path / "a.npz").matched(["a"])
