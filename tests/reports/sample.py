"""Reports of made-up but likely values: as an audit writes them, and one with every kind of chart and block."""

import numpy as np

from feint.reports import (
    Column,
    Command,
    Details,
    Facts,
    Figure,
    Notes,
    Picture,
    Pictures,
    Report,
    Section,
    Stat,
    Stats,
    Table,
    Text,
    charts,
    formats,
)

HOSTILE = (
    "\"quotes\" and 'more'",
    "<script>alert(1)</script>",
    "$x$ \\alpha {{x}}",
    '<a href="http://example.com">link</a>',
    "مرحبا \u202egnp.exe",
    "long " * 100,
    "\x1b[31mred\x1b[0m\x07",
    "caf\udce9",
    "image",
    "a.b[0]",
)
RADII = (5e-5, 5e-4, 5e-3)


def audit(radii=RADII, names=("zero", "one"), inputs=600, cards=20) -> Report:
    """What an audit of the digits might say."""
    rng = np.random.default_rng(0)
    stages = (None, *radii)
    coverage = np.arange(1, inputs + 1) / inputs
    wrong = 0.04
    best = np.maximum(0, (coverage - (1 - wrong)) / coverage)
    worst = np.minimum(1, wrong / coverage)
    share = {radius: at / max(len(radii), 1) for at, radius in enumerate(stages)}
    curves = [
        charts.Curve(
            r,
            coverage,
            best * (1 - share[r]) + (0.9 * share[r]) * worst * coverage**0.2 + 0.001,
            0.002 + 0.04 * share[r],
        )
        for r in stages
    ]
    confidences, bins = [], []
    for r in stages:
        correct = rng.random(inputs) > wrong
        sure = np.where(correct ^ (rng.random(inputs) < share[r]), 1 - rng.beta(1, 9, inputs), rng.beta(4, 3, inputs))
        confidences.append((r, sure, correct))
        edges = np.linspace(0, 1, 16)
        where = np.clip(np.digitize(sure, edges) - 1, 0, 14)
        count = np.bincount(where, minlength=15)
        with np.errstate(invalid="ignore"):
            mean, right = (np.bincount(where, weights=w, minlength=15) / count for w in (sure, correct))
        bins.append(charts.Calibration(r, edges, count, mean, right, 0.021 + 0.1 * share[r], 0.02))
    shown = [stages[at] for at in charts.some(len(stages))]
    groups = [(charts.stage(r), [risk + 0.3 * share[r] for risk in (0.001, 0.01, 0.02, 0.012)]) for r in shown]
    promises = ("80 % answered", "90 % answered", "95 % answered", "at most 1 % wrong")
    scores = Table(
        "scores",
        (
            Column("radius", format=formats.radius),
            Column("AURC", format=formats.times1000()),
            Column("E-AURC", format=formats.times1000()),
            Column("AUGRC", format=formats.times1000()),
            Column("NLL", "nats", formats.fixed()),
            Column("Brier", "0 to 2", formats.fixed()),
            Column("ECE", format=formats.percent()),
            Column("accuracy", format=formats.percent(2)),
            Column("kept", format=formats.percent(2)),
            Column("eff. radius", format=formats.radius),
            Column("gradients", "per image", formats.fixed(1)),
            Column("queries", "per image", formats.fixed(1)),
        ),
        tuple(
            (
                "clean" if r is None else r,
                0.002 + 0.04 * share[r],
                0.001 + 0.04 * share[r],
                0.002,
                0.13,
                0.06,
                0.02,
                0.96,
            )
            + ((None,) * 4 if r is None else (1.0, r * 0.9, 1.0, 2.4))
            for r in stages
        ),
        caption="Clean and attacked, lower is better but for accuracy and kept",
        terminal=True,
        marked=0,
    )
    classes = Table(
        "classes",
        (
            Column("class", "true"),
            Column("images", "count", formats.count),
            Column("accuracy", format=formats.percent()),
        ),
        tuple((name, 60, float(share)) for name, share in zip(names, np.linspace(0.9, 1, len(names)), strict=True)),
        caption="Confidence by true class, radius 5e-3",
    )
    return Report(
        title="feint audit: digits-cnn on digits",
        headline="An attack that moved no pixel by more than 5e-3 of the full range and changed no predicted label "
        "made the area under the risk-coverage curve 21 times as large (2.0 to 42.0, × 1000).",
        sections=(
            Section(
                "",
                (
                    Stats(
                        (
                            Stat("AURC × 1000", "2.0 → 42.0", "at radius 5e-3, 1.3 of 255 grey levels"),
                            Stat("Accuracy, %", "96.0 → 96.0", "share of correct predictions"),
                            Stat("Calibration error, %", "2.1 → 12.1", "ECE, 15 bins"),
                            Stat("Predictions kept", "100.0 %", "same class as before the attack"),
                        )
                    ),
                ),
            ),
            Section(
                "Does confidence tell right from wrong?",
                (
                    Text.of(
                        "Let the classifier answer only the images it is surest of, and count how many of those "
                        "answers are wrong. A curve that stays low until the far right is a confidence to rely on; one "
                        "that starts high gives wrong answers exactly where it is surest. The shaded area is "
                        "everything possible at this accuracy."
                    ),
                    charts.risk_coverage(curves, best, worst),
                ),
            ),
            Section(
                "What becomes of a shipped threshold",
                (
                    Text.of("Say you ship a threshold at which your system answers 90 % of the images."),
                    charts.bars(
                        "thresholds",
                        "Wrong answers",
                        promises,
                        groups,
                        charts.by_radius(shown),
                        axis="risk (% of answers wrong)",
                        times=100,
                    ),
                ),
            ),
            Section("In numbers", (Text.of("One row for the images as they are, one per radius."), scores)),
            Section("Where the confidence went", (Text.of("How confident it is."), charts.confidence(confidences))),
            Section("Can a confidence be taken at its word?", (Text.of("15 bins."), charts.reliability(bins))),
            Section(
                "What the attack looks like", (Text.of("The images that moved most."), _gallery(rng, names, cards))
            ),
            Section("Class by class", (Text.of("How sure it is."), classes)),
            Section(
                "To be noted",
                (
                    Notes(("radius 5e-3, asked 3 times with fresh draws: AURC × 1000 41.2 ± 0.3",), terminal=True),
                    Details("2 images were skipped", (Notes(("a.png: truncated", "b.png: no image")),)),
                ),
            ),
            Section(
                "How it was made",
                (
                    Facts(
                        {"data": "digits", "network": "digits-cnn", "weights": "digits.safetensors", "resize": "none"}
                    ),
                    Command("feint audit --network digits-cnn --data digits --radii 5e-5 5e-4 5e-3"),
                ),
            ),
        ),
        glossary={
            "AURC": "Area under the risk-coverage curve. Shown × 1000.",
            "Radius": "The most a pixel may change.",
        },
        warnings=("the network's outputs look like probabilities: declare them with --outputs probabilities",),
    )


def _gallery(rng, names, cards) -> Pictures:
    items = []
    for at in range(cards):
        image = np.kron(rng.random((4, 4, 1)), np.ones((2, 2, 1)))
        change = rng.choice([-1.0, 0.0, 1.0], image.shape)
        name = names[at % len(names)]
        items.append(
            Picture(
                (image, 0.5 + 0.5 * change, image + 0.005 * change),
                ("before", "added, × 100", "after"),
                f"{name}-{at}.png",
                (f"predicted {name}, correct", "confidence 99.1 % → 52.3 %, radius 5e-3"),
            )
        )
    return Pictures("gallery", "Before, what was added, after", tuple(items), layout="cards")


def everything(names=("0", "1", "2", "3")) -> Report:
    """One of every chart that audits do not have."""
    rng = np.random.default_rng(1)
    x = np.linspace(0, 1, 500)
    sides = {
        side: charts.detection(
            side,
            [
                (
                    f"lenet: {attack}, (S)",
                    [
                        charts.Detector(
                            name, x, x ** (0.2 + 0.3 * at) if side == "roc" else 1 - 0.5 * x**3 / (at + 1), 0.9
                        )
                        for at, name in enumerate(
                            ("mutual information", "predictive entropy", "max probability", names[0])
                        )
                    ],
                )
                for attack in ("fgsm 5/255", "bim 5/255", "noise", names[-1])
            ],
            foremost=("mutual information",),
        )
        for side in ("roc", "pr")
    }
    accuracy = np.sort(rng.random(len(names)))
    clouds = [
        charts.Cloud(
            kind,
            accuracy,
            np.clip(accuracy + shift + 0.05 * rng.standard_normal(len(names)), 0, 1),
            shade,
            tuple(names),
        )
        for kind, shift, shade in (("clean", 0.0, charts.CLEAN), ("attacked", -0.2, charts.WRONG))
    ]
    clean = rng.beta(6, 2, 900)
    span = charts.intervals(
        clean,
        clean * 0.7,
        clean + 0.5 * (1 - clean),
        rng.random(900) < clean,
        threshold=0.6,
        title="radius 5e-3: 41.0 % cross",
    )
    grid = np.linspace(-3, 3, 120)
    distance = np.abs(np.hypot(*np.meshgrid(grid, grid)) - 1.5)
    places = rng.standard_normal((2000, 2)) * 0.2 + 1.5 * np.stack([np.cos(a := rng.random(2000) * 6.28), np.sin(a)], 1)
    points = charts.Points(places, (a * len(names) / 6.283).astype(int), tuple(names))
    border = (distance, 0.6)
    maps = (
        charts.heat(distance, 3.0, name="entropy", span=(0, 1.6), points=points, border=border, title="lenet: entropy"),
        charts.heat(
            np.cos(distance) ** 2,
            3.0,
            name="mutual information",
            span=(0, 1.6),
            points=points,
            border=border,
            title="dropout: mutual information",
        ),
    )
    codes = (distance > 0.6).astype(int) + (distance > 1.0)
    kinds = {"near": "#f4f5f7", "far": "#c9ced6", "confident": charts.ATTACKED[0]}
    steps = np.linspace(0, 1, 11)
    blends = {
        "latent blend": charts.CLEAN,
        "pixel blend": charts.WRONG,
        "pixel blend of the reconstructions": charts.ATTACKED[0],
    }
    paths = [
        charts.Line(
            name,
            4 * h * steps * (1 - steps),
            shade,
            band=(3 * h * steps * (1 - steps), 5 * h * steps * (1 - steps)),
        )
        for h, (name, shade) in zip((0.3, 0.9, 0.7), blends.items(), strict=True)
    ]
    halves = [charts.Sample(n, rng.gamma(2 + at, 0.2, 2000), c, at == 2) for at, (n, c) in enumerate(blends.items())]
    information = 10 ** rng.uniform(-6, -1, 3000)
    spread = [charts.Cloud("sum of variances", information, information * 10 ** rng.normal(0, 0.3, 3000), charts.WRONG)]
    strip = tuple(Picture(tuple(rng.random((11, 8, 8, 1))), tuple(f"{s:.1f}" for s in steps), name) for name in blends)
    tiles = Picture(
        tuple(np.clip(np.linspace(0, 1, 256)[:, None, None, None] + 0.3 * rng.random((256, 8, 8, 1)), 0, 1)),
        (),
        "decoded",
    )
    epochs = np.arange(1, 21)
    history = charts.training(
        {"training": list(2 / epochs), "validation": list(2.2 / epochs**0.9)},
        {"validation": list(1 - 0.5 / epochs)},
        best=19,
    )
    return Report(
        "feint everything",
        "Every chart there is.",
        (
            Section("Detection", (Text.of("For every threshold."), *sides.values())),
            Section(
                "By class",
                (
                    Figure.of(
                        "scatter",
                        "By class",
                        "scatter",
                        (charts.scatter(clouds, x_title="accuracy", y_title="confidence", fit=True),),
                    ),
                ),
            ),
            Section("Span", (Figure.of("span", "A confidence is an interval", "intervals", (span,)),)),
            Section(
                "Plane",
                (
                    Figure.of(
                        "plane",
                        "The latent plane",
                        "plane",
                        (
                            charts.plane(3.0, points=points, border=border, title="encoded"),
                            charts.regions(
                                codes,
                                kinds,
                                3.0,
                                letters={"a": (0.0, 0.0), "b": (9.0, -9.0)},
                                title="regions",
                            ),
                        ),
                    ),
                    Figure.of("maps", "Uncertainty over the latent plane", "maps", maps),
                    Pictures("mosaic", "Decoded", (tiles,), layout="mosaic"),
                ),
            ),
            Section(
                "Interpolate",
                (
                    Figure.of(
                        "halves",
                        "Half-way",
                        "histograms",
                        (charts.histograms(halves, x_title="entropy (nats)", y_title="% of pairs", title="lenet"),) * 1,
                    ),
                    Pictures("strips", "One pair", strip, layout="strip"),
                    Figure.of(
                        "path",
                        "Along the way",
                        "curves",
                        (
                            charts.lines(
                                steps,
                                paths,
                                x_title="way",
                                y_title="entropy (nats)",
                                y_domain=(0, 1.2),
                                title="entropy",
                            ),
                        ),
                    ),
                ),
            ),
            Section(
                "Spread",
                (
                    Figure.of(
                        "spread",
                        "Spread",
                        "scatter",
                        (
                            charts.scatter(
                                spread,
                                x_title="mutual information (nats)",
                                y_title="approximation (nats)",
                                domain=(1e-7, 1),
                                log=True,
                            ),
                        ),
                    ),
                ),
            ),
            Section("Training", (history,)),
        ),
    )
