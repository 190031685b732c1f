"""The report of blends: histograms half-way, areas under ROC curves, and what happens along the way."""

from typing import Final

import numpy as np

from feint.experiments.about import Summary, between, told
from feint.experiments.glossary import BLENDS, chosen, title
from feint.reports import Column, Figure, Panel, Picture, Pictures, Report, Table, charts, formats
from feint.runs.run import Run

from .pairs import KINDS
from .settings import InterpolationSettings
from .summary import read_blends

COLOURS: Final = {"latent": charts.CLEAN, "pixel": charts.ATTACKED[1], "reconstruction": charts.ATTACKED[0]}
MEASURES: Final = ("predictive_entropy", "mutual_information")
AREA: Final = formats.fixed(3)


def headline(summary: Summary) -> str:
    """The finding in one sentence."""
    areas = {victim["name"]: victim["auroc"]["pixel"] for victim in summary["victims"]}
    known = {name: [each[key]["estimate"] for key in MEASURES] for name, each in areas.items() if MEASURES[1] in each}
    found = [f"{name} {information:.3f} against {entropy:.3f}" for name, (entropy, information) in known.items()]
    apart = f"AUROC by which mutual information and entropy tell pixel blends from latent blends: {'; '.join(found)}."
    return apart if found else "Mutual information is not applicable: no victim has more than one draw."


def report(run: Run, summary: Summary) -> Report:
    """What the blends tell a person."""
    settings: InterpolationSettings = run.settings
    strips = run.arrays("strips")
    pair = tuple(Picture(tuple(strips[kind]), title=name) for kind, name in KINDS.items())
    shown = Pictures("strips", "One pair, from its first image to its second", pair, layout="strip")
    paths = [_path(run, which, victim["name"]) for which, victim in enumerate(run.about["victims"])]
    sections = {
        "Half-way": _halves(run, summary),
        "Which measure tells pixel blends from latent blends?": _areas(summary),
        "Along the way": (shown, *paths),
    }
    along = f"{settings.pairs} of different classes; {min(settings.paths, settings.pairs)} along the way"
    terms = chosen("Entropy", "Mutual information", "Latent blend", "Pixel blend") | BLENDS
    who, facts = settings.autoencoder.name, {"pairs": along}
    return told(run, summary, headline(summary), sections, of=who, facts=facts, glossary=terms)


def _halves(run: Run, summary: Summary) -> Figure:
    """Histograms half-way: of entropy and of mutual information, where there is some, victim by victim."""
    panels: list[Panel] = []
    for which, victim in enumerate(summary["victims"]):
        halves = read_blends(run, which, "halves")
        for name in (name for name in MEASURES if name in halves["latent"]):
            over, x_title = "reconstruction", f"{title(name)} (nats)"
            kinds = ((kind, said, halves[kind][name]) for kind, said in KINDS.items())
            samples = [charts.Sample(said, values, COLOURS[kind], kind == over) for kind, said, values in kinds]
            head = f"{victim['name']}, {title(name)}: AUROC {between(AREA, victim['auroc']['pixel'][name])}"
            panels.append(charts.histograms(samples, x_title=x_title, y_title="% of pairs", title=head))
    head = f"Half-way between {summary['pairs']:,} pairs of different classes"
    alt = f"Histograms half-way, by kind of blend. {'; '.join(panel.title for panel in panels)}."
    return Figure.of("halves", head, alt, panels)


def _areas(summary: Summary) -> Table:
    """The AUROC of every measure."""
    rows: list[tuple[str, ...]] = []
    for victim in summary["victims"]:
        found, more = victim["auroc"], victim["information_less_entropy"]
        scores = {title(name): [found[kind][name] for kind in found] for name in found["pixel"]}
        scores |= {"information less entropy": [more[kind] for kind in more]} if more else {}
        rows += [(victim["name"], name, *(between(AREA, each) for each in both)) for name, both in scores.items()]
    areas = (Column(head, "95 % interval") for head in ("AUROC of pixel blends", "of reconstructions' blends"))
    columns = (Column("victim"), Column("measure"), *areas)
    caption = f"{summary['pairs']:,} pairs of different classes, blended half-way"
    return Table("auroc", columns, tuple(rows), caption, terminal=True)


def _path(run: Run, which: int, name: str) -> Figure:
    """A victim's measures along the way."""
    paths = read_blends(run, which, "paths")
    steps = np.linspace(0, 1, run.settings.steps)
    panels: list[Panel] = []
    for measure in (measure for measure in MEASURES if measure in paths["latent"]):
        series: list[charts.Line] = []
        for kind, said in KINDS.items():
            low, middle, high = np.quantile(paths[kind][measure], [0.25, 0.5, 0.75], axis=0)
            series.append(charts.Line(said, middle, COLOURS[kind], band=(low, high)))
        way, nats = "way from the first image to the second", f"{title(measure)} (nats)"
        panels.append(charts.lines(steps, series, x_title=way, y_title=nats, x_domain=(0, 1), title=title(measure)))
    pairs = len(paths["latent"]["predictive_entropy"])
    head = f"{name}: between two images (median and quartiles of {pairs} pairs)"
    return Figure.of(f"path_{which}", head, f"Measures along the way, {name}.", panels)
