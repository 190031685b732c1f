"""From a summary to what the report shows of it."""

import re

import numpy as np
import pytest
from feint.experiments.audit_report import headline, notes, scores, thresholds

from feint.experiments import AuditSpec, audit

ROW = {name: 0.1 for name in ("aurc", "e_aurc", "augrc", "nll", "brier", "ece", "ks", "accuracy")}


def summary(measure, threshold):
    answered = {"coverage": 0.9, "risk": 0.05}
    found = {
        "calibrated_to": "coverage", "value": 0.9, "threshold": threshold, "clean": answered,
        "attacked": [{"radius": 0.1, "coverage": 0.0, "risk": None}],
    }  # fmt: skip
    attacked = {**ROW, "radius": 0.1, "effective_radius": 0.075, "kendall_tau": -0.5, "kept": 1.0, "queries": 1.0}
    return {"measure": measure, "clean": ROW, "attacked": [attacked], "thresholds": [found]}


def test_scores_carry_calibration_order_and_what_is_unspent():
    clean, attacked = scores(summary("max_probability", 0.1))
    assert (clean.ks, clean.kendall_tau, clean.unspent) == (0.1, None, None)
    assert (attacked.ks, attacked.kendall_tau) == (0.1, -0.5)
    assert attacked.unspent == pytest.approx(0.025)


def test_a_threshold_is_said_as_the_confidence_where_it_is_one():
    (found,) = thresholds(summary("max_probability", 0.0625))
    assert found.bound == "confidence ≥ 93.75 %"
    assert (found.clean.radius, found.clean.coverage, found.clean.risk) == (None, 0.9, 0.05)
    assert (found.attacked[0].radius, found.attacked[0].coverage, found.attacked[0].risk) == (0.1, 0.0, None)
    (found,) = thresholds(summary("predictive_entropy", 0.0625))
    assert found.bound == "predictive entropy ≤ 0.0625"


def test_an_audit_shows_what_its_summary_says(tmp_path, linear):
    network, images = linear
    spec = AuditSpec.parse(
        {"data": {"source": str(images)}, "victim": {"networks": [network]}, "radii": [0.01, 0.1], "threads": 1}
    )
    found = audit(spec, tmp_path / "runs", progress=False)
    text = (found.folder / "report.html").read_text()
    for title in ("What becomes of a shipped threshold", "taken at its word", "How far the attack went"):
        assert title in text
    first = found.summary["attacked"][0]
    assert f"ECE {100 * first['ece']:.1f} %, KS {100 * first['ks']:.1f} %" in text
    assert f"<td>{first['kendall_tau']:.3f}".replace("-", "−") in text
    names = {path.stem for path in (found.folder / "figures").iterdir()}
    assert names >= {"reliability", "thresholds"}
    counts = re.findall(r'data-figure="reliability-\d">(.*?)</script>', text)
    assert len(counts) == 3
    assert np.isclose(found.summary["thresholds"][0]["clean"]["coverage"], 0.5, atol=0.1)


def test_a_victim_that_draws_is_judged_by_fresh_draws():
    found = summary("predictive_entropy", 0.1)
    found["clean"] = {
        **ROW,
        "kept": None,
        "fresh": {"repeats": 2, "mean": ROW | {"kept": 0.99}, "std": ROW | {"kept": 0.01}},
    }
    fresh = ROW | {"aurc": 0.3, "kept": 0.875, "accuracy": 0.5}
    found["attacked"][0]["fresh"] = {"repeats": 2, "mean": fresh, "std": ROW | {"kept": 0.01}}
    sentence = headline(found)
    assert "changed 12.50% of the predicted labels under fresh draws" in sentence
    assert "3 times as large (100.00 to 300.00, x 1000)" in sentence
    clean, attacked = notes(found)
    assert clean.startswith("clean, asked 2 times with fresh draws: AURC x 1000 100.00")
    assert "accuracy 50.00%, labels kept 87.50% +- 1.00%" in attacked


def test_a_victim_that_does_not_draw_has_no_notes():
    found = summary("max_probability", 0.1)
    assert notes(found) == ()
    assert "fresh" not in headline(found)


def test_no_errors_are_no_finding():
    found = summary("max_probability", 0.1)
    found["clean"] = ROW | {"aurc": 0.0}
    found["attacked"][0]["aurc"] = 0.0
    assert "did not make the confidence rank errors worse" in headline(found)
