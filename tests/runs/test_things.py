"""Things of the catalog: made of texts, read, described from their own docstrings."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from feint.errors import AttackError, SpecError
from feint.runs import things
from feint.runs.settings import Number, Settings


@dataclass(frozen=True)
class Inner:
    """What is searched.

    Attributes:
        tries: how
            often.
    """

    tries: int = 3


@dataclass(frozen=True)
class Other:
    """Another search."""

    far: bool = False


@dataclass(frozen=True)
class Thing:
    """A thing: with settings.

    More about it.

    Attributes:
        step: of each; may be a fraction.
        many: several.
        mode: one of two.
        loose: yes or no.
        most: None for no end.
        search: within.
    """

    step: float = 0.5
    many: tuple[int, ...] = (1, 2)
    mode: Literal["up", "down"] = "up"
    loose: bool = False
    most: float | None = None
    search: Inner | Other = field(default_factory=Inner)

    def __post_init__(self):
        if self.step > 1:
            raise AttackError(f"step: expected at most 1, got {self.step}")


KINDS = {"search": {"inner": f"{__name__}:Inner", "other": f"{__name__}:Other"}}


def factory(network, draws: int = 10, *, seed: int = 0):
    """Made by a function.

    Args:
        network: what is asked.
        draws: how often.
        seed: of the draws.
    """
    return network, draws, seed


class Model(Settings):
    """Settings of pydantic's.

    Attributes:
        count: of them.
        share: of all.
    """

    count: int
    share: Number = 0.5


def made(**settings):
    return things.made(Thing, settings, what="thing", kinds=KINDS)


def test_texts_are_read_as_the_fields_want():
    found = made(step="2/255", mode="down", loose="true", most="none", many=["3", 4])
    assert found == Thing(step=2 / 255, mode="down", loose=True, most=None, many=(3, 4))
    assert made(most="1/4").most == 0.25
    assert made(many="3,4").many == made(many=["3,4"]).many == (3, 4)
    assert made(many="7").many == made(many=7).many == (7,)
    assert made() == Thing()


def test_things_inside_things():
    assert made(search="other").search == Other()
    assert made(search={"name": "other", "far": "yes"}).search == Other(far=True)
    assert made(search={"tries": "7"}).search == Inner(7)  # of the default one
    assert made(search=Other()).search == Other()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"stepp": 1}, "thing: expected settings one of step, many, mode, loose, most, search, got 'stepp'; did you"),
        ({"mode": "dwn"}, "thing.mode: expected 'up' or 'down', got 'dwn'; did you mean 'down'?"),
        ({"step": "far"}, "thing.step: expected a valid number, unable to parse string as a number, got 'far'"),
        ({"step": "none"}, "thing.step: expected a valid number"),
        ({"many": "3,x"}, "thing.many: expected a valid integer, unable to parse string as an integer, got"),
        ({"step": 2}, "thing.step: expected at most 1, got 2"),
        ({"search": "othr"}, "thing.search: expected one of inner, other, got 'othr'; did you mean 'other'?"),
        ({"search": {"name": "inner", "far": 1}}, "thing.search: expected settings one of tries, got 'far'"),
        ({"search": {"tries": "x"}}, "thing.search.tries: expected a valid integer"),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_the_nearest(settings, expected):
    with pytest.raises(SpecError) as caught:
        made(**settings)
    assert str(caught.value).startswith(expected)


def test_functions_and_what_they_are_given():
    assert things.made(factory, {"draws": "3"}, what="f", given={"network": "n"}) == ("n", 3, 0)
    with pytest.raises(SpecError, match=r"^f: expected a value for network, got none$"):
        things.made(factory, {}, what="f")
    with pytest.raises(SpecError, match=r"^f: expected settings one of draws, seed, got 'network'"):
        things.made(factory, {"network": 1}, what="f", given={"network": "n"})
    assert things.read(factory, {"draws": "3"}, what="f", apart=("network", "seed"), whole=True) == {"draws": 3}
    assert things.read(Thing, {}, what="t", whole=True)["mode"] == "up"


def test_settings_of():
    found = {each.name: each for each in things.settings_of(Thing)}
    assert list(found) == ["step", "many", "mode", "loose", "most", "search"]
    assert found["step"].default == 0.5
    assert found["step"].help == "of each; may be a fraction."
    assert found["mode"].choices == ("up", "down")
    assert found["step"].choices == ()
    assert not found["step"].required
    assert [(each.name, each.required, each.help) for each in things.settings_of(factory)] == [
        ("network", True, "what is asked."),
        ("draws", False, "how often."),
        ("seed", False, "of the draws."),
    ]
    assert [(each.name, each.required, each.help) for each in things.settings_of(Model)] == [
        ("count", True, "of them."),
        ("share", False, "of all."),
    ]


def test_described():
    assert things.described(Inner) == {"tries": "how often."}

    class Derived(Model):
        """With one more, and one that it says better.

        Attributes:
            more: of them.
            share: of some.
        """

        more: int = 1

    assert things.described(Derived).items() >= {"count": "of them.", "share": "of some.", "more": "of them."}.items()

    class Made:
        """Says nothing of it here."""

        def __init__(self, size: int = 1) -> None:
            """Make one.

            Args:
                size: of it.
            """

    assert things.described(Made) == {"size": "of it."}
    assert [(each.name, each.help) for each in things.settings_of(Made)] == [("size", "of it.")]
    assert things.summary_of(Thing) == "A thing: with settings."
    assert things.described(lambda value: value) == {}


def test_plain_is_read_back():
    thing = Thing(step=0.25, many=(3,), search=Other(far=True))
    plain = things.plain(thing, {Other: "other", Inner: "inner"})
    assert plain["search"] == {"name": "other", "far": True}
    assert plain["many"] == [3]
    assert made(**plain) == thing


def test_loaded():
    assert things.loaded("feint.runs.things:Setting") is things.Setting
