"""`feint ood`, end to end on a few images: what is attacked, who judges, and that the summary is the records'."""

import numpy as np
import pytest

from feint.errors import DataError, SpecError
from feint.experiments.out_domain import OOD, OodSettings
from feint.reports import Figure, Pictures
from feint.runs.runners import local

COMMON = {"radii": [0.02, 0.1], "threads": 1, "batch_size": 8, "seed": 1}


@pytest.fixture(scope="module")
def foreign(small):
    drawn = np.random.default_rng(5).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    np.savez(small.folder / "foreign.npz", images=drawn, labels=np.arange(20) % 4)
    return str(small.folder / "foreign.npz")


def settings(small, foreign, **values):
    networks = [small.network("build"), small.network("other")]
    told = {"data": small.data, "foreign": foreign, "victims": [{"networks": networks, "average": "logit"}]}
    return OodSettings.parse({**COMMON, **told, **values})


def run(folder, asked):
    return local.run(OOD, asked, folder, progress=False)


ATTACKS = [
    "pgd:reach=1,start=0.001,as=ten",
    "pgd:steps=1,reach=1,start=0.001,goal=accept,as=one",
    "pgd:steps=1,reach=1,keep=last,members=per-member,goal=accept,as=each",
]


@pytest.fixture(scope="module")
def found(small, foreign, tmp_path_factory):
    return run(tmp_path_factory.mktemp("ood"), settings(small, foreign, attacks=ATTACKS))


def rows(found, **where):
    return [row for row in found.summary["rows"] if all(row[name] == value for name, value in where.items())]


def test_a_radius_has_one_colour_in_all_figures(found):
    figures = {block.name: block for block in found.report.blocks() if isinstance(block, Figure)}
    shades = {mark.name: mark.colour for mark in figures["reject-rates"].legend}
    assert {mark.name: mark.colour for mark in figures["roc"].legend} == shades
    last = figures["confidence"].legend[-1]
    assert last.colour == shades[last.name.removeprefix("foreign, ")]


def test_both_directions_and_every_attack(found):
    expected = {
        (True, "", None), (False, "", None),
        *((True, name, radius) for name in ("ten", "one", "each") for radius in (0.02, 0.1)),
        *((False, "ten", radius) for radius in (0.02, 0.1)),
    }  # fmt: skip
    assert {(row["foreign"], row["attack"], row["radius"]) for row in found.summary["rows"]} == expected
    assert len(found.summary["rows"]) == len(expected)


def test_foreign_images_are_accepted_and_in_domain_ones_rejected(found):
    (clean,), moved = rows(found, foreign=True, attack=""), rows(found, foreign=True, attack="ten")
    assert moved[1]["entropy"] < moved[0]["entropy"] < clean["entropy"]
    assert moved[1]["auroc"] < moved[0]["auroc"] < clean["auroc"]
    (clean,), moved = rows(found, foreign=False, attack=""), rows(found, foreign=False, attack="ten")
    assert moved[1]["entropy"] > moved[0]["entropy"] > clean["entropy"]
    assert moved[1]["reject"][-1] >= clean["reject"][-1]
    assert clean["auroc"] is None
    assert {"accuracy", "nll", "brier"} <= set(clean)


def test_ten_steps_keep_the_best_and_stay_within(found):
    table = found.run.table("records")
    for radius in (0.02, 0.1):
        for data, sign in ((0, 1), (1, -1)):
            before = table.column("measure:max_probability", attack="", data=data)
            after = table.column("measure:max_probability", attack="ten", data=data, radius=radius)
            assert (sign * (after - before) >= -1e-6).all(), "never worse than the original"
            linf = table.column("linf", attack="ten", data=data, radius=radius)
            assert linf.max() == pytest.approx(radius, rel=1e-4)
            assert linf.max() <= radius + 1e-6


def test_what_the_members_see_of_their_own_is_averaged(found):
    (row,) = rows(found, attack="each", radius=0.1)
    assert row["members"] == "per-member"
    table = found.run.table("records")
    assert len(table.column("sample", attack="each", radius=0.1)) == 20
    assert table.column("gradients", attack="each", radius=0.1).tolist() == [2] * 20


def test_a_row_is_what_the_records_say(found):
    table = found.run.table("records")
    doubt = table.column("measure:max_probability", data=1, attack="ten", radius=0.1)
    (row,) = rows(found, foreign=True, attack="ten", radius=0.1)
    assert row["reject"][-1] == pytest.approx(1 - (1 - doubt > 0.9).mean())
    own = table.column("measure:max_probability", data=0, attack="")
    pairs = (doubt[:, None] > own).mean() + (doubt[:, None] == own).mean() / 2
    assert row["auroc"] == pytest.approx(pairs)
    assert row["rejected_at_5"] == pytest.approx((doubt > np.sort(own)[int(np.ceil(0.95 * len(own))) - 1]).mean())


def test_the_gallery_has_the_images_whose_confidence_rose_most(found):
    gallery, table = found.run.arrays("gallery"), found.run.table("records")
    before = 1 - table.column("measure:max_probability", data=1, attack="")
    after = 1 - table.column("measure:max_probability", data=1, attack="ten", radius=0.1)
    order = np.argsort(before - after, kind="stable")[:6]
    assert gallery["sample"].tolist() == table.column("sample", data=1, attack="")[order].tolist()
    assert np.abs(gallery["attacked"] - gallery["original"]).max() == pytest.approx(0.1, abs=1e-6)
    (block,) = [block for block in found.report.blocks() if isinstance(block, Pictures)]
    assert len(block.items) == 6


def test_victims_judge_what_was_found_for_each_other(small, foreign, tmp_path):
    victims = [{"networks": [small.network(name)], "name": name} for name in ("build", "other")]
    asked = settings(small, foreign, victims=victims, across=True, attacks=["bim:goal=accept"], radii=[0.1])
    found = run(tmp_path, asked)
    attacked = {(row["victim"], row["judge"]): row for row in rows(found, attack="bim")}
    assert set(attacked) == {(a, b) for a in ("build", "other") for b in ("build", "other")}
    for judge in ("build", "other"):
        other = {"build": "other", "other": "build"}[judge]
        assert attacked[judge, judge]["entropy"] < attacked[other, judge]["entropy"], "its own attack is the stronger"
    (table,) = [table for table in found.report.tables() if table.name == "across"]
    assert [row[0] for row in table.rows] == ["none", "build", "other"]
    assert table.rows[1][4:] == tuple(attacked["build", judge]["auroc"] for judge in ("build", "other"))


def test_a_measure_flags_and_is_attacked(small, foreign, tmp_path):
    found = run(tmp_path, settings(small, foreign, measure="margin", attacks=["bim:goal=accept"], radii=[0.1]))
    (word,) = found.run.settings.attacks
    assert word.measure == "margin"
    (row,) = rows(found, attack="bim")
    assert row["auroc"] == row["measures"]["margin"]["auroc"] != row["measures"]["predictive_entropy"]["auroc"]


def test_labels_of_foreign_images_are_left_out(small, foreign, tmp_path):
    found = run(tmp_path, settings(small, foreign, without="0,2-3", attacks=["fgsm:goal=accept"], radii=[0.1]))
    samples = found.run.table("records").column("sample", data=1, attack="")
    assert samples.tolist() == list(range(1, 20, 4))
    with pytest.raises(DataError, match="expected images with other labels"):
        run(tmp_path, settings(small, foreign, without="0-3"))
    with pytest.raises(DataError, match="expected labels from 0 to 3 to leave out, got 4"):
        run(tmp_path, settings(small, foreign, without="4"))
    with pytest.raises(SpecError, match="expected labels and ranges of them"):
        settings(small, foreign, without="dogs")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"attacks": "fgsm:goal=labels"}, "fgsm.goal: expected accept or reject"),
        ({"across": True}, "across: expected several victims"),
        ({"foreign": []}, "foreign: expected .*at least 1"),
    ],
)
def test_what_is_refused(small, foreign, tmp_path, values, expected):
    with pytest.raises(SpecError, match=expected):
        run(tmp_path, settings(small, **{"foreign": foreign, **values}))


def test_a_victim_that_draws_is_judged_by_draws_that_the_attack_has_not_seen(small, foreign, tmp_path):
    victims = [{"networks": [small.network("dropout")], "estimator": "mc-dropout:draws=5"}]
    found = run(tmp_path, settings(small, foreign, victims=victims, attacks=["bim:goal=accept"], radii=[0.1]))
    assert "has not seen" in str(found.report)
    assert rows(found, attack="bim")[0]["measures"]["mutual_information"]["mean"] > 0
