"""Attacks as words: however they are written, what belongs to the word and what to the attack."""

import pytest

from feint.errors import SpecError
from feint.runs.settings import Settings
from feint.threats.settings import Knowledge, ThreatWord, ThreatWords, user_file


class Asked(Settings):
    attacks: ThreatWords


def test_however_it_is_written():
    text = "ace:goal=steer,target=1,2,radii=8/255,0.1,as=mine,search=backtracking,search.tries=3"
    word = ThreatWord.of(text)
    assert (word.goal, word.target, word.radii, word.called) == ("steer", (1, 2), (8 / 255, 0.1), "mine")
    assert word.settings == {"search": {"name": "backtracking", "tries": "3"}}
    told = {"name": "ace", "goal": "steer", "target": [1, 2], "radii": ["8/255", 0.1], "as": "mine"}
    told |= {"search": {"name": "backtracking", "tries": "3"}}
    assert ThreatWord.of(told) == word
    assert ThreatWord.of(str(word)) == word
    assert ThreatWord.of(word.plain()) == word
    assert "as=mine" in str(word)


def test_titles():
    assert ThreatWord.of("bim").title == "bim"
    assert ThreatWord.of("bim:evade=auto").title == "bim, adaptive"
    assert ThreatWord.of("bim:evade=auto,as=clever").title == "clever"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fgsn", "did you mean 'fgsm'?"),
        ("fgsm:radii=0", "radii: expected finite numbers above 0"),
        ("fgsm:goal=labls", "did you mean 'labels'?"),
        ("fgsm:weight=0.3", "weight: expected it with evade, got 0.3 alone"),
        ("fgsm:evade=auto,weight=1", "weight: expected less than 1"),
        ("fgsm:evade=entropi", "evade: expected"),
        ("fgsm:draws=some", "draws: expected 'fixed' or 'fresh', got 'some'"),
        ("fgsm:target=-1", "target: expected greater than or equal to 0"),
        ("ace:measure=margn", "did you mean 'margin'?"),
    ],
)
def test_what_does_not_fit(text, message):
    with pytest.raises(SpecError) as caught:
        ThreatWord.of(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_several_are_told_apart_by_name_or_radius():
    assert len(Asked.parse({"attacks": ["fgsm", "bim", "bim:steps=3,as=short"]}).attacks) == 3
    assert len(Asked.parse({"attacks": ["fgsm:radii=0.1", "fgsm:radii=0.2"]}).attacks) == 2
    assert Asked.parse({"attacks": "fgsm"}).attacks == (ThreatWord(name="fgsm"),)
    for attacks in (["fgsm", "fgsm:radii=0.1"], ["fgsm:radii=0.1,0.2", "fgsm:radii=0.2"], ["bim", "bim:steps=3"]):
        with pytest.raises(SpecError, match="attacks: expected each attack once at a radius, or as=NAME, got"):
            Asked.parse({"attacks": attacks})
    with pytest.raises(SpecError, match="attacks: expected at least one attack"):
        Asked.parse({"attacks": []})


def test_users_files():
    found = user_file("path/to/mine.py:strong")
    assert found is not None
    assert (str(found[0]), found[1]) == ("path/to/mine.py", "strong")
    assert user_file("fgsm") is None
    assert ThreatWord.of("mine.py:strong:radii=0.1").radii == (0.1,)


def test_knowledge():
    found = Knowledge.parse({"proxies": "m.py:f", "truth": {"name": "m.py:g", "weights": "a.pt"}})
    assert [proxy.name for proxy in found.proxies] == ["m.py:f"]
    assert found.truth is not None
    assert found.truth.weights == "a.pt"
    assert Knowledge.parse(found.plain()) == found
