"""Rows of the papers' tables from summaries that are made up, in which no number stands twice."""

from itertools import count
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from feint.experiments.papers.ace import summary as ace
from feint.experiments.papers.out_domain import summary as out_domain
from feint.experiments.papers.smith_gal import summary as smith_gal
from feint.runs.run import Run

NAMES = ("aurc", "nll", "brier", "accuracy", "kept", "effective_radius", "gradients", "queries")


@pytest.fixture
def number():
    """Another number each time."""
    numbers = count(1)
    return lambda: next(numbers) / 1000


def test_smith_gal_has_each_detectors_own_victim_measure_attack_and_radius(number):
    measures = ("predictive_entropy", "mutual_information")
    found = {
        protocol: [
            {
                "name": name,
                "attacks": [
                    {
                        "attack": attack, "radius": radius / 255, "changed": number(),
                        "all": {measure: {"auroc": number()} for measure in measures},
                        "successful": None if attack == "mim" else {each: {"auroc": number()} for each in measures},
                    }
                    for attack in ("fgsm", "bim", "mim") for radius in (5, 10)
                ],
            }
            for name in ("deterministic", "MC dropout")
        ]
        for protocol in ("corrected", "as-released")
    }  # fmt: skip
    rows = smith_gal.rows_of(found)
    assert len(rows) == 3 * 2 * 3
    whose = {
        "deterministic entropy": (0, "predictive_entropy"),
        "MC entropy": (1, "predictive_entropy"),
        "MC mutual information": (1, "mutual_information"),
    }
    for row in rows:
        which, measure = whose[row["detector"]]
        expected = {name: row[name] for name in ("detector", "attack", "radius", "paper")}
        for protocol, victims in found.items():
            (entry,) = (
                each
                for each in victims[which]["attacks"]
                if each["attack"] == row["attack"] and each["radius"] == row["radius"] / 255
            )
            expected[protocol] = entry["all"][measure]["auroc"]
            expected[f"{protocol} (S)"] = entry["successful"] and entry["successful"][measure]["auroc"]
            expected[f"{protocol}, changed"] = entry["changed"]
        assert row == expected
    told = {(row["detector"], row["radius"], row["attack"]): row["paper"] for row in rows}
    assert told["MC mutual information", 10, "bim"] == 0.71
    assert told["deterministic entropy", 5, "fgsm"] == 0.44


def audit(number, *, fresh, selector=False):
    """An audit's summary: clean and at two radii."""

    def row(**more):
        found = {name: number() for name in NAMES} | more
        found["selective_risk"] = [{"value": at, "risk": number()} for at in (0.5, 0.9)]
        if fresh:
            own, std = ({name: number() for name in NAMES} for _ in range(2))
            found["draws"] = {"repeats": 2, "own": own, "std": std}
        return found

    found = {"run": {"id": "audit-1"}, "images": 24, "warnings": [], "clean": row()}
    found["attacked"] = [row(radius=0.01), row(radius=0.02)]
    if selector:
        judged = [
            {name: number() for name in ("coverage", "risk", "selective_risk")}
            | {"calibrated": {name: number() for name in ("coverage", "risk")} if at else None}
            for at in range(3)
        ]
        named = {f"calibrated_{each}": [number(), number()] for each in ("thresholds", "coverages")} | {"wanted": 0.7}
        found["selector"] = {**named, "clean": judged[0], "attacked": judged[1:]}
    return found


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("selector", [False, True])
def test_rows_of_an_audit_are_its_own_numbers(number, fresh, selector):
    summary = audit(number, fresh=fresh, selector=selector)
    rows = ace.rows_of({"victim": "v", "title": "black box"}, summary)
    entries = [(None, summary["clean"]), *((row["radius"], row) for row in summary["attacked"])]
    assert len(rows) == len(entries) == 3
    for at, (row, (radius, entry)) in enumerate(zip(rows, entries, strict=True)):
        expected = {"victim": "v", "setting": "black box", "radius": radius, "run": "audit-1"}
        expected |= {name: entry[name] for name in NAMES}
        expected |= {f"risk_at_{point['value']}": point["risk"] for point in entry["selective_risk"]}
        if fresh:
            own = entry["draws"]["own"]
            expected |= {"own_draws_aurc": own["aurc"], "own_draws_kept": own["kept"]}
            expected["aurc_std"] = entry["draws"]["std"]["aurc"]
        if selector:
            chosen = [summary["selector"]["clean"], *summary["selector"]["attacked"]][at]
            expected |= {name: chosen[name] for name in ("coverage", "risk", "selective_risk")}
            calibrated = chosen["calibrated"] or {"coverage": None, "risk": None}
            expected |= {f"calibrated_{name}": calibrated[name] for name in ("coverage", "risk")}
        assert row == expected


def test_a_table_of_audits_takes_each_blocks_own_and_says_who_warns(number):
    children = {"00": audit(number, fresh=False, selector=True), "01": audit(number, fresh=False, selector=True)}
    children["02"] = audit(number, fresh=False, selector=True)
    children["00"]["warnings"] = ["both", "one"]
    children["01"]["warnings"] = ["both"]
    children["02"]["warnings"] = ["alone"]
    blocks = [
        {"victim": victim, "title": title} for victim, title in (("a", "direct"), ("a", "indirect"), ("b", "direct"))
    ]
    run = Mock(
        spec=Run,
        about={"blocks": blocks, "networks": ["a", "b"]},
        children=children,
        experiment=SimpleNamespace(name="ace-selectivenet"),
        settings=SimpleNamespace(data=SimpleNamespace(source="data/cifar")),
    )
    found = ace.summarise(run)
    assert [(row["victim"], row["setting"]) for row in found["rows"]] == [
        (block["victim"], block["title"]) for block in blocks for _ in range(3)
    ]
    assert found["rows"][4]["aurc"] == children["01"]["attacked"][0]["aurc"]
    assert found["warnings"] == ["a: both", "a, direct: one", "b: alone"]
    assert found["experiment"] == "ace-selectivenet"
    assert found["differences"] == (
        "the paper's victims are ResNet-18 and VGG-16 with selectors, on CIFAR-10; here a, b on 24 images of cifar; "
        "gradients are exact here, and in the released code of a softmax in float32"
    )
    assert found["calibrated"] == [
        {
            "victim": block["victim"], "setting": block["title"], "wanted": 0.7,
            **{
                name: children[f"{at:02d}"]["selector"][name]
                for name in ("calibrated_thresholds", "calibrated_coverages")
            },
        }
        for at, block in enumerate(blocks)
    ]  # fmt: skip


def attack(number):
    """The summary of an attack between domains: in-domain and foreign images, clean and attacked."""
    names = ("images", "entropy", "rejected_at_5", "auroc", "aupr", "fpr95", "accuracy", "nll", "brier")
    rates = ("reject", "reject_kernel", "reject_normalised")
    rows = [
        {
            "data": data, "foreign": data != "own", "attack": "" if radius is None else "fgsm", "radius": radius,
            "members": "joint", **{name: number() for name in names},
            **{name: [number(), number()] if name != "reject_kernel" else None for name in rates},
        }
        for data in ("own", "far") for radius in (None, 0.02)
    ]  # fmt: skip
    return {"taus": [0.5, 0.9], "rows": rows, "warnings": ["w"], "victims": [{"estimator": "softmax"}]}


def test_rows_between_domains_are_their_own_numbers_foreign_ones_first(number):
    found = attack(number)
    about = {"row": "single", "title": "a network", "mean_field": None}
    rows = list(out_domain.rows_of("out-domain-mnist", about, found))
    order = [found["rows"][2], found["rows"][3], found["rows"][0], found["rows"][1]]
    clean = {row["data"]: row for row in found["rows"] if row["radius"] is None}
    for row, own in zip(rows, order, strict=True):
        plain = [*out_domain.NAMES[:2], *out_domain.NAMES[5:], "data", "attack", "members", "radius"]
        assert {name: row[name] for name in plain} == {name: own[name] for name in plain}
        assert (row["reject"], row["reject_kernel"]) == (own["reject"][1], None)
        assert row["reject_normalised"] == own["reject_normalised"][1]
        assert row["rates"] == own["reject"]
        assert (row["row"], row["victim"], row["mean_field"]) == ("single", "a network", None)
        assert row["direction"] == ("accept" if own["foreign"] else "reject")
        assert row["auroc_clean"] == clean[own["data"]]["auroc"]
        assert row["domain_reject"] == clean["own"]["reject"][1]
        assert own["foreign"] or row["paper"] is None


TRAINED = {"accuracy": 0.91, "seconds_an_epoch": 7.5}
VICTIMS = [
    ({"row": "duq", "trained": "t", "members": 1}, 0.91, 7.5),
    ({"row": "single", "trained": "t", "members": 1}, None, 7.5),  # one of the ensemble that was trained
    ({"row": "single", "trained": "t", "members": 5}, 0.91, 7.5),
    ({"row": "single", "trained": None, "members": 1}, 0.88, None),
]


@pytest.mark.parametrize(("row", "accuracy", "seconds"), VICTIMS)
def test_victims_are_told_of_as_they_were_trained_or_as_their_cards_say(number, row, accuracy, seconds):
    about = {**row, "title": "a network", "epochs": 3, "mean_field": 1.0, "card_accuracy": 0.88}
    found = out_domain._victim(about, {"t": TRAINED, f"attack-{row['row']}": attack(number)})
    assert found == {
        "row": row["row"], "title": "a network", "members": row["members"], "epochs": 3, "mean_field": 1.0,
        "accuracy": accuracy, "seconds_an_epoch": seconds, "estimator": "softmax",
    }  # fmt: skip
