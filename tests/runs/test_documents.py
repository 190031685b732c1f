"""YAML that stands for more than it seems to, or that its own reader trips over."""

from pathlib import Path

import pytest

from feint.errors import SpecError
from feint.runs.documents import documents, from_yaml


def test_documents_of_a_file(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1\n---\n[2, {b: 3}]\n")
    assert documents(tmp_path / "a.yaml") == [{"a": 1}, [2, {"b": 3}]]
    with pytest.raises(SpecError, match="expected one document, got 2"):
        from_yaml(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("")
    assert from_yaml(tmp_path / "a.yaml") is None


def test_anchors_that_stand_for_billions(tmp_path):
    pairs = zip("abcdefgh", "bcdefghi", strict=True)
    levels = [f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairs]
    (tmp_path / "a.yaml").write_text("\n".join(["a: &a [x, x, x, x, x, x, x, x, x]", *levels]))
    with pytest.raises(SpecError, match=r"a.yaml: expected at most 100,000 values, got 4\.9e\+08$"):
        documents(tmp_path / "a.yaml")


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 60 + "]" * 60, "&a [*a]", "a: &a {b: *a}"])
def test_too_deep(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(SpecError, match=r"a.yaml: expected YAML, got: it is nested too deep$"):
        documents(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "2020-13-45",
        "!!int x",
        "!!float x",
        "!!timestamp x",
        "!!bool x",
        "9" * 5000,
        "0x" + "f" * 5000,
        "1" + ":59" * 3000,
        "!x",
    ],
)
def test_values_that_are_none(tmp_path, text):
    (tmp_path / "a.yaml").write_text(f"a: {text}")
    with pytest.raises(SpecError, match=r"a.yaml: expected YAML, got: ") as caught:
        documents(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


def test_more_than_anybody_writes(tmp_path):
    (tmp_path / "long.yaml").write_text("a: " + "x" * 2**20)
    for path in (tmp_path / "long.yaml", Path("/dev/zero")):
        with pytest.raises(SpecError, match="expected at most 1,048,576 characters, got more"):
            from_yaml(path)
