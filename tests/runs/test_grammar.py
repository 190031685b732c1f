"""The grammar: read and written, as text, YAML and mappings; files; nested fields; reserved keys."""

from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from feint.errors import SpecError
from feint.runs.documents import from_yaml
from feint.runs.grammar import Word, formatted, parsed
from feint.runs.settings import Settings


class Named(Word):
    """A word with fields of its own."""

    reserved: ClassVar[tuple[str, ...]] = ("level", "as")
    aliases: ClassVar[dict[str, str]] = {"as": "called"}

    level: int = 0
    called: str = ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pgd", {"name": "pgd"}),
        ("pgd:steps=20,step=2/255", {"name": "pgd", "steps": "20", "step": "2/255"}),
        ("lbfgs:radii=2,4", {"name": "lbfgs", "radii": "2,4"}),
        ("lbfgs:radii=2,4,steps=3", {"name": "lbfgs", "radii": "2,4", "steps": "3"}),
        ("m.py:f", {"name": "m.py:f"}),
        ("m.py:f:weights=a.pt", {"name": "m.py:f", "weights": "a.pt"}),
        ("C:\\m.py:f:weights=C:\\a.pt", {"name": "C:\\m.py:f", "weights": "C:\\a.pt"}),
        ("torchvision:resnet18:weights=a=b,c", {"name": "torchvision:resnet18", "weights": "a=b,c"}),
        ("x:a=", {"name": "x", "a": ""}),
        ("x:keep-label=yes", {"name": "x", "keep_label": "yes"}),
        ("a:s=b,s.d=0.9", {"name": "a", "s": {"name": "b", "d": "0.9"}}),
        ("a:s.d=0.9,s=b", {"name": "a", "s": {"name": "b", "d": "0.9"}}),
        ("a:s.d=0.9", {"name": "a", "s": {"d": "0.9"}}),
        ("a:s.t.u=1,s.t=v", {"name": "a", "s": {"t": {"name": "v", "u": "1"}}}),
    ],
)
def test_parsed(text, expected):
    assert parsed(text) == expected


@pytest.mark.parametrize("text", ["", ":a=1", "x:a=1,a=2", "x:s.a=1,s.a=2", "x:s=b,s=c", "x:s=b,s.d=1,s=c"])
def test_what_is_no_word(text):
    with pytest.raises(SpecError, match="expected"):
        parsed(text)


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True).filter(lambda name: name != "name")
TARGETS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_./:-]{0,12}", fullmatch=True)
VALUES = st.from_regex(r"[A-Za-z0-9./:_-]{0,8}(,[A-Za-z0-9./:_-]{0,8}){0,2}", fullmatch=True)


def words(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    values = VALUES if depth == 0 else VALUES | words(depth - 1)
    return st.builds(
        lambda name, settings: {"name": name, **settings}, TARGETS, st.dictionaries(NAMES, values, max_size=4)
    )


@given(words())
def test_what_is_written_is_read_back(word):
    assert parsed(formatted(word)) == _short(word)


def _short(word: dict[str, Any]) -> dict[str, Any]:
    """A thing without settings is its name."""
    return {
        key: (value["name"] if len(value) == 1 else _short(value)) if isinstance(value, dict) else value
        for key, value in word.items()
    }


@given(words())
def test_a_word_is_one_however_it_is_written(word):
    text = formatted(word)
    assert Word.of(text).plain() == Word.of(_short(word)).plain()
    assert Word.of(yaml.safe_load(yaml.safe_dump(_short(word)))) == Word.of(text)
    assert Word.of(str(Word.of(text))) == Word.of(text)
    assert Word.parse(Word.of(text).plain()) == Word.of(text)


def test_numbers_lists_and_yes_are_written_as_text():
    word = {"name": "a", "n": 3, "r": (0.1, 2), "yes": True, "none": None, "search": {"name": "b", "far": False}}
    assert formatted(word) == "a:n=3,r=0.1,2,yes=true,search=b,search.far=false"


def test_a_value_from_a_file(tmp_path):
    (tmp_path / "deep.yaml").write_text("{name: b, steps: [1, 2], inner: {far: true}}")
    assert parsed(f"a:s=@{tmp_path / 'deep.yaml'},n=1") == {
        "name": "a",
        "s": {"name": "b", "steps": [1, 2], "inner": {"far": True}},
        "n": "1",
    }
    (tmp_path / "bad.yaml").write_text("{")
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe\xff")
    for name in ("none.yaml", "bad.yaml", "latin.yaml"):
        with pytest.raises(SpecError, match=rf"^.*{name}: expected (a )?YAML") as caught:
            parsed(f"a:s=@{tmp_path / name}")
        assert "\n" not in str(caught.value)
    assert from_yaml(tmp_path / "deep.yaml")["name"] == "b"


def test_a_words_own_fields_are_told_from_settings():
    word = Named.of("x:level=2,as=other,steps=3")
    assert (word.level, word.called, word.settings) == (2, "other", {"steps": "3"})
    assert Named.of({"name": "x", "level": 2, "as": "other", "steps": 3}).settings == {"steps": 3}
    assert Named.of({"name": "x", "settings": {"steps": 3}}).settings == {"steps": 3}
    assert Named.of({"name": "x", "settings": {"steps": 3}, "steps": 4}).settings == {"steps": 4}
    assert Named.of(word) is word or Named.of(word) == word
    assert word.plain() == {"name": "x", "level": 2, "called": "other", "steps": "3"}
    assert Named.of("x").plain() == {"name": "x"}
    assert Named.of(word.plain()) == word


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"level": 1}, "expected a name, or a mapping with one, got level"),
        ({}, "got nothing"),
        ("x:level=far", "level: expected a valid integer"),
        (3, "the settings: expected a valid dictionary or instance of Named, got 3"),
    ],
)
def test_what_is_no_word_is_one_line(value, expected):
    with pytest.raises(SpecError) as caught:
        Named.of(value)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


class Holder(Settings):
    word: Named


@pytest.mark.parametrize("value", ["x:level=far", {"level": 1}, ""])
def test_inside_other_settings_the_field_is_named(value):
    with pytest.raises(SpecError, match=r"^word(\.|: )"):
        Holder.parse({"word": value})
