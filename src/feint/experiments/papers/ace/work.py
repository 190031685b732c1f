"""The audits that a table of the paper on ACE is made of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

from feint.data import Dataset
from feint.errors import SpecError
from feint.experiments.audit import AUDIT
from feint.experiments.audit.settings import AuditSettings
from feint.runs.machine import Machine
from feint.runs.work import Child, Children, Work
from feint.threats.settings import Knowledge, ThreatWord
from feint.victims.cards import read_victim
from feint.victims.data import load_data, matched
from feint.victims.loading.networks import load_members
from feint.victims.settings import NetworkWord, VictimSettings
from feint.victims.victim import SOFTMAX, identity_of, load_victim, resolved
from feint.victims.whole import is_whole

from .settings import AceSettings, EnsembleSettings, MCDropoutSettings, SelectiveNetSettings

ACE = ThreatWord(name="ace")


@final
@dataclass(frozen=True)
class Block:
    """One block of a table: a victim in a setting, at several radii.

    Attributes:
        title: what tells it from the other blocks.
        victim: whom.
        knowledge: what the attacker knows.
        radii: how far.
        attack: what it raises and lowers, if not what ranks.
        measure: what ranks the inputs, if not the usual one.
    """

    title: str
    victim: VictimSettings
    knowledge: Knowledge
    radii: tuple[float, ...]
    attack: ThreatWord = ACE
    measure: str | None = None


def prepare(settings: AceSettings | SelectiveNetSettings, machine: Machine) -> Work:
    """The audits of a table.

    Raises:
        FeintError: whatever does not load or does not go together.
    """
    if isinstance(settings, SelectiveNetSettings):
        settings = settings.but(victims=tuple(_selecting(victim, machine) for victim in settings.victims))
    elif settings.victim is not None:
        card = read_victim(machine.victims, settings.victim, allow_code=machine.allow_code)
        if is_whole(word := card.estimator or SOFTMAX):
            raise SpecError(f"victim: expected networks that predict by themselves, got {word.name} around them")
        settings = settings.but(networks=(*settings.networks, *card.networks), victim=None)
    dataset = load_data(settings.data, machine)
    settings = machine.settled(settings, dataset.shape, len(dataset))
    blocks = list(blocks_of(settings))
    common = {name: getattr(settings, name) for name in ("data", "seed", "batch_size", "threads", "device")}
    runs: dict[str, Child] = {}
    for index, block in enumerate(blocks):
        repeats = {"repeats": settings.repeats} if isinstance(settings, MCDropoutSettings) else {}
        exact = block.victim.estimator is not None and not (block.knowledge.indirect or block.knowledge.proxies)
        arithmetic = "exact" if exact or isinstance(settings, SelectiveNetSettings) else settings.arithmetic
        values: dict[str, Any] = {"victim": block.victim, "knowledge": block.knowledge, "radii": block.radii}
        values |= {"attack": block.attack, "measure": block.measure, "arithmetic": arithmetic}
        runs[f"{index:02d}"] = Child(AUDIT, AuditSettings.parse({**common, **values, **repeats}))
    return Work(
        settings=settings,
        identity={"images": dataset.fingerprint(), "weights": _identities(settings, blocks, dataset, machine)},
        about={
            "data": dataset.name,
            "blocks": [
                {"title": each.title, "victim": name}
                for each, name in zip(blocks, called_by([each.victim for each in blocks]), strict=True)
            ],
            "networks": _names(settings),
        },
        stages=[Children("audits", runs)],
    )


def _selecting(victim: VictimSettings, machine: Machine) -> VictimSettings:
    """A victim with what its card says.

    Raises:
        SpecError: there is none, or it has no selector.
    """
    found = resolved(victim, machine)
    if (name := (found.estimator or SOFTMAX).name) != "selective-net":
        raise SpecError(f"victim: expected a selector (feint train NAME --estimator selective-net), got {name}")
    if len(found.networks) > 1:
        raise SpecError(f"victim: expected one network with a selector, got {len(found.networks)}: {found.title}")
    return found


def called_by(victims: Sequence[VictimSettings]) -> list[str]:
    """What victims are called: of those whose networks are of one kind, the second and later are numbered."""
    alike: dict[str, list[VictimSettings]] = {}
    names: list[str] = []
    for victim in victims:
        known = alike.setdefault(name := short(victim.title), [])
        known += [] if victim in known else [victim]
        at = known.index(victim) + 1
        network, comma, passes = name.partition(", ")
        names.append(name if at == 1 else f"{network} ({at}){comma}{passes}")
    return names


def _names(settings: AceSettings | SelectiveNetSettings) -> list[str]:
    if isinstance(settings, SelectiveNetSettings):
        return [short(victim.title) for victim in settings.victims]
    return [network.short for network in settings.networks]


def _identities(
    settings: AceSettings | SelectiveNetSettings, blocks: Sequence[Block], dataset: Dataset, machine: Machine
) -> dict[str, Any]:
    """Identifies every network that takes part, one in memory at a time; those of the blocks know only their words.

    Raises:
        NetworkError: one cannot be loaded, or does not fit the images.
    """
    if isinstance(settings, SelectiveNetSettings):
        found: dict[str, Any] = {}
        for victim in settings.victims:
            seen = matched(dataset, [victim])
            found[victim.title] = load_victim(victim, seen, machine, seed=settings.seed).identity()
        return found
    words = {str(word): word for block in blocks for word in (*block.victim.networks, *block.knowledge.proxies)}
    shape, device = dataset.shape, machine.device
    return {name: identity_of(load_members([word], shape, machine), shape, device) for name, word in words.items()}


def short(name: str) -> str:
    """Networks' names without the paths of their files."""
    return ", ".join(part.rsplit(":", 1)[-1] for part in name.split(", "))


def blocks_of(settings: AceSettings | SelectiveNetSettings) -> Iterator[Block]:
    """The blocks of a table.

    Raises:
        SpecError: sizes beyond the number of members.
    """
    match settings:
        case EnsembleSettings():
            yield from _ensemble(settings)
        case MCDropoutSettings():
            yield from _mc_dropout(settings)
        case SelectiveNetSettings():
            yield from _selective_net(settings)
        case _:
            yield from _softmax(settings)


def _softmax(settings: AceSettings) -> Iterator[Block]:
    for network in settings.networks:
        victim = VictimSettings(networks=(network,))
        yield Block("white box", victim, Knowledge(), settings.white_radii)
        proxies = settings.proxies or tuple(other for other in settings.networks if other != network)
        if proxies:
            through = "1 proxy" if len(proxies) == 1 else f"{len(proxies)} proxies"
            yield Block(f"black box, {through}", victim, Knowledge(proxies=proxies), settings.black_radii)


def _ensemble(settings: EnsembleSettings) -> Iterator[Block]:
    sizes, most = settings.sizes or (len(settings.networks),), len(settings.networks)
    if strange := [size for size in sizes if size > most]:
        raise SpecError(f"size: expected 1 to {most} members, no more than there are networks; got {strange[0]}")
    for size in sizes:
        victim = VictimSettings(name=f"ensemble of {size}", networks=settings.networks[:size])
        yield Block("white box", victim, Knowledge(), settings.white_radii)
        kinds: list[tuple[str, tuple[NetworkWord, ...]]] = [
            ("matching", settings.matching_proxies),
            ("foreign", settings.foreign_proxies),
            ("other", settings.proxies),
        ]
        for title, proxies in kinds:
            if proxies:
                yield Block(f"black box, {title} proxies", victim, Knowledge(proxies=proxies), settings.black_radii)


def _mc_dropout(settings: MCDropoutSettings) -> Iterator[Block]:
    for network in settings.networks:
        for draws in settings.draws:
            victim = VictimSettings.parse(
                {
                    "name": f"{short(network.name)}, {draws} passes",
                    "networks": (network,),
                    "estimator": {"name": "mc-dropout", "draws": draws},
                }
            )
            yield Block("white box, direct", victim, Knowledge(), settings.white_radii)
            yield Block("white box, indirect", victim, Knowledge(indirect=True), settings.white_radii)
            if settings.proxies:
                yield Block("black box", victim, Knowledge(proxies=settings.proxies), settings.black_radii)


def _selective_net(settings: SelectiveNetSettings) -> Iterator[Block]:
    """Aimed at the selector, and at the softmax; the selector judges both."""
    for victim in settings.victims:
        for title, attack in (("direct", ACE), ("indirect", ACE.but(measure="max_probability"))):
            yield Block(title, victim, Knowledge(), settings.radii, attack, "native")
