"""A form for an experiment: a field for each flag of its command, and what they come to."""

import shlex
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from nicegui import ui

from feint import catalog
from feint.app.flags import Flag, flags_of, values_of
from feint.app.web import admission
from feint.app.web.elements import Field
from feint.errors import FeintError
from feint.runs.things import loaded

from .forms import Asked, Thing, WordForm, field_for
from .frame import text

HIDDEN = ("network", "proxy", "truth", "on-error")
"""Flags that only the command line has: what they load is no victim of the store."""

ADMITTED: Mapping[str, Callable[[Any], Any]] = {
    "attack": admission.threat,
    "estimator": lambda word: admission.victim(None, word),
    "network": admission.architecture,
}
"""What an address may fill in."""


@final
class Asking:
    """One visitor's form.

    Args:
        experiment: whose.
        said: what is filled in first, by flag.
        things: the catalog's, by kind.
        victims: names of trained ones.
        check: refuses what may not be asked for.
        tell: is told when anything changes.
    """

    def __init__(
        self,
        experiment: str,
        said: Mapping[str, str],
        things: Mapping[str, Mapping[str, Thing]],
        victims: Sequence[str],
        check: Callable[[str, Mapping[str, Any]], None],
        tell: Callable[[], Any],
    ) -> None:
        names = {**catalog.EXPERIMENTS, **catalog.PAPERS}
        self.experiment = experiment
        trains = experiment == "train"
        self.flags = [
            each for each in flags_of(loaded(names[experiment]).settings) if trains or each.name not in HIDDEN
        ]
        self._said = {name: value for name, value in said.items() if value}
        self._things = things
        self._victims = victims
        self._check = check
        self._tell = tell
        self._words: dict[str, WordForm] = {}
        self._lay()

    def _lay(self) -> None:
        groups: dict[str, list[Flag]] = {}
        order = {"options": 0, "data": 1, "victim": 2, "victims": 2, "running": 9}
        for flag in sorted(self.flags, key=lambda each: order.get("options" if each.positional else each.group, 5)):
            groups.setdefault("options" if flag.positional else flag.group, []).append(flag)
        first = next(iter(groups), "")
        for group, flags in groups.items():
            with ui.element("section"):
                text("h2", group)
                inside = ui.element("div")
                if group not in (first, "data", "victim", "victims", "options"):
                    with inside, ui.element("details"):
                        text("summary", "Show")
                        inside = ui.element("div")
                inside.classes("columns")
                with inside:
                    for flag in flags:
                        with ui.element("div"):
                            self._field(flag)

    def _field(self, flag: Flag) -> None:
        kinds = {"attack": "attacks", "estimator": "estimators"}
        if self.experiment == "train":
            kinds["network"] = "architectures"
        if flag.name in kinds and flag.kind == "one":
            known = self._things[kinds[flag.name]]
            first = self._said.get(flag.name) or ("" if flag.name == "estimator" else flag.default)
            word = admission.mapping_of(first, flag.name) if first else None
            if word is not None:
                ADMITTED[flag.name](first)
            needed = flag.name == "network" or (flag.name == "attack" and not flag.default)
            none = "" if needed else "as by default"
            self._words[flag.name] = WordForm(flag.name, known, word, self._told, none=none)
            return
        value = self._said.get(flag.name, "")
        if flag.kind == "many" and not flag.name.endswith("radii"):
            Field(flag.name, "area", value, help=f"{flag.help} One a line.", on_change=self._setter(flag.name))
            return
        if flag.name in ("victim", "autoencoder", "data"):
            options = ["digits"] if flag.name == "data" else list(self._victims)
            Field(flag.name, "text", value, options=options, help=flag.help, on_change=self._setter(flag.name))
            return
        asked = Asked(flag.name, flag.choices, flag.default, flag.help, flag.kind == "switch")
        field_for(asked, value, self._setter(flag.name))

    def _setter(self, name: str) -> Callable[[str], Any]:
        async def put(value: str) -> None:
            self._said[name] = str(value).strip()
            await self._told()

        return put

    async def _told(self) -> None:
        found = self._tell()
        if hasattr(found, "__await__"):
            await found

    @property
    def said(self) -> dict[str, str]:
        """What is filled in, by flag."""
        words = {name: form.text for name, form in self._words.items()}
        return {name: value for name, value in {**self._said, **words}.items() if value}

    @property
    def command(self) -> str:
        """The command line that does the same."""
        parts = [
            "feint",
            *(("reproduce", self.experiment) if self.experiment in catalog.PAPERS else (self.experiment,)),
        ]
        said = self.said
        for flag in self.flags:
            for value in said.get(flag.name, "").splitlines():
                parts += [value] if flag.positional else [f"--{flag.name}", *([] if flag.kind == "switch" else [value])]
        return shlex.join(parts)

    def spec(self) -> dict[str, Any]:
        """What ``feint run`` reads.

        Raises:
            FeintError: something that does not fit, or may not be asked for from a page.
        """
        given = Namespace()
        for flag in self.flags:
            if value := self.said.get(flag.name, ""):
                found: Any = value.splitlines() if flag.kind == "many" else True if flag.kind == "switch" else value
                setattr(given, ".".join(flag.path), found)
        values = values_of(given, self.flags)
        self._check(self.experiment, values)
        return {"experiment": self.experiment, **values}

    def wrong(self) -> str:
        """What does not fit, in one line; "" where all does."""
        try:
            self.spec()
        except FeintError as error:
            return str(error)
        return ""
