"""The experiments of the paper on ACE, on the victims and data at hand, laid out as its tables 1 to 3.

Reference: Galil & El-Yaniv 2021, "Disrupting Deep Uncertainty Estimation Without Harming Accuracy", tables 1 (softmax),
2 (deep ensembles) and 3 (MC dropout).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

from feint.errors import SpecError
from feint.experiments.audit import audit
from feint.experiments.spec import AttackSpec, AuditSpec, DataSpec, NetworkSpec, VictimSpec

Experiment = Literal["ace-softmax", "ace-ensemble", "ace-mc-dropout"]

WHITE_RADII, BLACK_RADII = (5e-5, 5e-4, 5e-3), (5e-4, 5e-3, 5e-2)
"""The paper's radii, of the full range [0, 1], when the weights are known and when they are not."""

PAPER = "the paper's victims are ImageNet classifiers such as MobileNetV2, EfficientNet-B0 and ResNet-50"
KINDS: dict[Experiment, str] = {
    "ace-softmax": "",
    "ace-ensemble": ", several of one kind",
    "ace-mc-dropout": ", with dropout",
}


@final
@dataclass(frozen=True)
class Case:
    """One block of a table: a victim in a setting, at several radii.

    Attributes:
        title: what tells it from the other blocks.
        victim: whom.
        attack: how.
        radii: how far.
    """

    title: str
    victim: VictimSpec
    attack: AttackSpec
    radii: tuple[float, ...]


@final
@dataclass(frozen=True)
class Cast:
    """Who takes part.

    Attributes:
        networks: victims of ace-softmax and ace-mc-dropout, members of ace-ensemble.
        proxies: of the black box; where there are none, each victim of ace-softmax is attacked through all the others.
        matching: proxies of the ensemble's own families.
        foreign: proxies of other families.
        sizes: numbers of members, taken from the front.
        draws: numbers of passes of MC dropout.
    """

    networks: tuple[NetworkSpec, ...]
    proxies: tuple[NetworkSpec, ...] = ()
    matching: tuple[NetworkSpec, ...] = ()
    foreign: tuple[NetworkSpec, ...] = ()
    sizes: tuple[int, ...] = ()
    draws: tuple[int, ...] = (30, 10)


def cases(experiment: Experiment, cast: Cast, white: tuple[float, ...], black: tuple[float, ...]) -> Iterator[Case]:
    """The blocks of an experiment's table.

    Raises:
        SpecError: nobody to attack, or sizes beyond the number of members.
    """
    if not cast.networks:
        raise SpecError("network: expected at least one --network, got none")
    for role, given in (("matching", cast.matching), ("foreign", cast.foreign), ("sizes", cast.sizes)):
        if given and experiment != "ace-ensemble":
            raise SpecError(f"{role}: expected it with ace-ensemble, got {experiment}")
    match experiment:
        case "ace-softmax":
            yield from _softmax(cast, white, black)
        case "ace-ensemble":
            yield from _ensemble(cast, white, black)
        case "ace-mc-dropout":
            yield from _mc_dropout(cast, white, black)


def _softmax(cast: Cast, white: tuple[float, ...], black: tuple[float, ...]) -> Iterator[Case]:
    for network in cast.networks:
        victim = VictimSpec(networks=(network,))
        yield Case("white box", victim, AttackSpec(), white)
        proxies = cast.proxies or tuple(other for other in cast.networks if other != network)
        if proxies:
            through = "1 proxy" if len(proxies) == 1 else f"{len(proxies)} proxies"
            yield Case(f"black box, {through}", victim, AttackSpec(proxies=proxies), black)


def _ensemble(cast: Cast, white: tuple[float, ...], black: tuple[float, ...]) -> Iterator[Case]:
    sizes, most = cast.sizes or (len(cast.networks),), len(cast.networks)
    if strange := [size for size in sizes if not 1 <= size <= most]:
        raise SpecError(f"sizes: expected 1 to {most} members, no more than there are networks; got {strange[0]}")
    for size in sizes:
        victim = VictimSpec(name=f"ensemble of {size}", networks=cast.networks[:size])
        yield Case("white box", victim, AttackSpec(), white)
        for title, proxies in (("matching", cast.matching), ("foreign", cast.foreign), ("other", cast.proxies)):
            if proxies:
                yield Case(f"black box, {title} proxies", victim, AttackSpec(proxies=proxies), black)


def _mc_dropout(cast: Cast, white: tuple[float, ...], black: tuple[float, ...]) -> Iterator[Case]:
    for network in cast.networks:
        for draws in cast.draws:
            name = f"{_short(network.name)}, {draws} passes"
            victim = VictimSpec(name=name, networks=(network,), estimator="mc-dropout", draws=draws)
            yield Case("white box, direct", victim, AttackSpec(), white)
            yield Case("white box, indirect", victim, AttackSpec(indirect=True), white)
            if cast.proxies:
                yield Case("black box", victim, AttackSpec(proxies=cast.proxies), black)


def reproduce(
    experiment: Experiment,
    cast: Cast,
    data: DataSpec,
    *,
    root: Path,
    white: tuple[float, ...] = WHITE_RADII,
    black: tuple[float, ...] = BLACK_RADII,
    running: dict[str, Any] | None = None,
    command: str = "",
    fresh: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Run an experiment of the paper: one audit for each block of its table, each in a run folder of its own.

    Args:
        experiment: which table.
        cast: who takes part.
        data: the images.
        root: where run folders lie; audits that are there already are read.
        white: radii of the white box.
        black: radii of the black box.
        running: further fields of ``AuditSpec``: seed, device, threads, batch_size, repeats.
        command: the command line to show.
        fresh: compute again what is there.
        progress: bars on standard error.

    Returns:
        ``experiment``, ``differences`` and ``rows``: one per victim, setting and radius, as in ``rows_of``.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    blocks = [
        (case, AuditSpec(data=data, victim=case.victim, attack=case.attack, radii=case.radii, **(running or {})))
        for case in cases(experiment, cast, white, black)
    ]
    rows: list[dict[str, Any]] = []
    images = 0
    for case, spec in blocks:
        summary = audit(spec, root, command=command, fresh=fresh, progress=progress).summary
        images = summary["images"]
        rows += rows_of(case, summary)
    here = f"{', '.join(_short(network.name) for network in cast.networks)} on {images} images of {data.source}"
    differences = f"{PAPER}{KINDS[experiment]}; here {here}"
    return {"experiment": experiment, "command": command, "differences": differences, "rows": rows}


def rows_of(case: Case, summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a block: the clean one (radius None), then one per radius.

    A victim that draws is reported as fresh draws judge it, with the figure under the attack's own draws beside.
    """
    run = summary["run"]["id"]
    names = ("aurc", "nll", "brier", "accuracy", "kept", "effective_radius", "gradients", "queries")
    rows: list[dict[str, Any]] = []
    for radius, entry in [(None, summary["clean"]), *((row["radius"], row) for row in summary["attacked"])]:
        row = {"victim": _short(case.victim.title), "setting": case.title, "radius": radius, "run": run}
        row |= {name: entry.get(name) for name in names}
        row |= {f"risk_at_{point['value']}": point["risk"] for point in entry["selective_risk"]}
        if "fresh" in entry:
            row |= {"own_draws_aurc": entry["aurc"], "own_draws_kept": entry.get("kept")}
            mean = entry["fresh"]["mean"]
            row |= {name: mean[name] for name in ("aurc", "nll", "brier", "accuracy", "kept")}
            row |= {f"risk_at_{point['value']}": point["risk"] for point in mean["selective_risk"]}
            row["aurc_std"] = entry["fresh"]["std"]["aurc"]
        rows.append(row)
    return rows


def _short(name: str) -> str:
    """A network's name without the path of its file."""
    return ", ".join(part.rsplit(":", 1)[-1] for part in name.split(", "))


def text_rows(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table in a terminal."""
    heads = ["victim", "setting", "radius", "AURC x1000", "NLL", "Brier", "accuracy %", "kept %", "eff. radius"]
    heads += ["risk@25%", "risk@95%", "gradients", "queries"]
    drawn = any("own_draws_aurc" in row for row in rows)
    if drawn:  # the others are of fresh draws then
        heads.append("AURC, attack's draws")

    def cell(value: float | None, pattern: str) -> str:
        return "-" if value is None else format(value, pattern)

    return heads, [
        [
            row["victim"],
            row["setting"],
            "clean" if row["radius"] is None else f"{row['radius']:g}",
            f"{1000 * row['aurc']:.2f}" + (f" +- {1000 * row['aurc_std']:.2f}" if "aurc_std" in row else ""),
            cell(row["nll"], ".3f"),
            cell(row["brier"], ".3f"),
            cell(100 * row["accuracy"], ".2f"),
            cell(None if row["kept"] is None else 100 * row["kept"], ".2f"),
            cell(row["effective_radius"], ".3g"),
            cell(row["risk_at_0.25"], ".3f"),
            cell(row["risk_at_0.95"], ".3f"),
            cell(row["gradients"], ".1f"),
            cell(row["queries"], ".1f"),
            *([f"{1000 * row['own_draws_aurc']:.2f}"] if drawn else []),
        ]
        for row in rows
    ]
