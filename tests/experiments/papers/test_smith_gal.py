"""The table of Smith & Gal from records that are made up: as released from released rows, corrected from the others."""

from unittest.mock import Mock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from feint import catalog
from feint.experiments.detection import records
from feint.experiments.papers.smith_gal.summary import summarise
from feint.runs.folder.tables import Table
from feint.runs.run import Run

NAMES = ("deterministic", "MC dropout")
IMAGES = 8


def table(seed):
    """Every kind of input that the experiment has, with measures drawn at random."""
    drawn, rows = np.random.default_rng(seed), []
    wheres = [("clean", "", 0.0), ("clean, clipped", "", 0.0)]
    for attack in ("fgsm", "bim", "mim"):
        for radius in (5 / 255, 10 / 255):
            wheres += [(kind, attack, radius) for kind in ("attacked", "clipped", "noise", "grey")]
    for kind, attack, radius in wheres:
        for sample in range(IMAGES):
            row = {"kind": kind, "attack": attack, "radius": radius, "sample": sample, "repeat": 1, "label": 0}
            row |= {"clean_prediction": 0, "prediction": int(drawn.integers(2)), "directionless": False}
            row |= {name: float(drawn.random()) for name in ("linf", "l2")}
            row |= {f"measure:{name}": float(drawn.random()) for name in catalog.MEASURES}
            rows.append(row | {f"released:{name}": float(drawn.random()) for name in records.RELEASED_MEASURES})
    names = records.SCHEMA.names
    return pa.table({name: [row.get(name, 0) for row in rows] for name in names}).cast(records.SCHEMA)


def auroc(found, attack, radius, prefix, measure, kinds, successful):
    """The share of pairs that are in the right order."""
    here = pc.and_(pc.equal(found["attack"], attack), pc.equal(found["radius"], radius))

    def scores(kind, mask):
        rows = found.filter(pc.and_(pc.equal(found["kind"], kind), mask))
        if successful and kind == kinds[0]:
            rows = rows.filter(pc.not_equal(rows["prediction"], rows["clean_prediction"]))
        return rows[prefix + measure].to_numpy()

    positive, noisy = (scores(kind, here) for kind in kinds)
    negative = np.concatenate([scores("clean", pc.equal(found["attack"], "")), noisy])
    return (positive[:, None] > negative).mean()


@pytest.fixture(scope="module")
def found():
    return [table(seed) for seed in (0, 1)]


def test_both_protocols_are_of_their_own_rows(found):
    run = Mock(spec=Run)
    run.about = {"victims": NAMES, "classes": ["a", "b"], "data": "cats", "accuracy_images": 99}
    run.settings = Mock(resamples=0, seed=0)
    run.table.return_value = Mock(spec=Table)
    run.table.return_value.read.side_effect = lambda victim: found[victim]
    run.arrays.return_value = {"right": np.array([True, False, True, True])}
    summary = summarise(run)
    assert (summary["accuracy"], summary["accuracy_images"], summary["data"]) == (0.75, 99, "cats")
    assert summary["protocol"] == "corrected"
    assert [victim["name"] for victim in summary["victims"]] == list(NAMES)
    assert len(summary["rows"]) == 18
    whose = {"deterministic entropy": (0, "predictive_entropy"), "MC entropy": (1, "predictive_entropy")}
    whose["MC mutual information"] = (1, "mutual_information")
    for row in summary["rows"]:
        which, measure = whose[row["detector"]]
        rows = found[which]
        for protocol, prefix, kinds in (
            ("corrected", "measure:", ("attacked", "noise")),
            ("as-released", "released:", ("clipped", "grey")),
        ):
            where = (row["attack"], row["radius"] / 255, prefix, measure, kinds)
            assert row[protocol] == pytest.approx([auroc(rows, *where, successful=False)] * 3)
            assert row[f"{protocol} (S)"] == pytest.approx([auroc(rows, *where, successful=True)] * 3)
            chosen = rows.filter(
                pc.and_(
                    pc.equal(rows["kind"], kinds[0]),
                    pc.and_(pc.equal(rows["attack"], where[0]), pc.equal(rows["radius"], where[1])),
                )
            )
            assert row[f"{protocol}, changed"] == np.mean(chosen["prediction"].to_numpy() != 0)
    for name, own in zip(NAMES, found, strict=True):
        first = summary["means"][name][0]
        clean = own.filter(pc.equal(own["kind"], "clean"))
        assert first["kind"] == "clean"
        assert first["margin"] == pytest.approx(clean["measure:margin"].to_numpy().mean())
