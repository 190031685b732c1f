"""The images behind marks of charts whose marks are no records of one victim: blends, spreads, papers' tables."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

pytest.importorskip("nicegui")
from feint.app.cli import main
from feint.app.web.parts.picked import criteria
from feint.app.web.reading import children, limits
from feint.app.web.reading.runs import Reader, opened, report
from feint.app.web.studio.behind import behind
from feint.app.web.studio.warm import Warm
from feint.errors import SpecError
from feint.reports import Figure

KEPT = Reader()
pytestmark = pytest.mark.usefixtures("plain_report")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An autoencoder and an ensemble of the digits, each trained for an epoch."""
    root = tmp_path_factory.mktemp("behind")
    for asked in ("vae --network vae:latent=2", "nets --network digits --members 2"):
        assert _made(root, "train", *asked.split(), "--data", "digits", "--epochs", "1") == 0
    return root


def _made(root, *asked):
    return main([*asked, "--quiet", "--out", str(root / "runs"), "--victims", str(root / "victims")])


def _figures(run):
    return {each.name: each for each in report(KEPT, run).blocks() if isinstance(each, Figure)}


def test_behind_a_bar_and_a_place_of_blends_are_pairs_with_what_lies_between_them(root):
    asked = ["--autoencoder", "vae", "--victim", "nets", "--data", "digits", "--pairs", "30", "--paths", "10"]
    assert _made(root, "interpolate", *asked, "--resamples", "5") == 0
    (run,) = (root / "runs").glob("interpolate-*")
    kept, figures = Warm(str(root / "victims")), _figures(run)
    with np.load(next(run.glob("arrays/pairs/*.npz"))) as arrays:
        pairs = dict(arrays)
    with np.load(next(run.glob("arrays/blends/0-pixel.npz"))) as arrays:
        values = arrays["halves/mutual_information"]
        along = arrays["paths/mutual_information"][:, 3]
    (panel,) = (each for each in figures["halves"].panels if "mutual information" in each.title)
    low, high = float(np.sort(values)[10]), float(np.sort(values)[20])
    where = criteria(panel.title, {"name": "pixel blend", "low": low, "high": high, "k": "k1"}, "halves")
    found = behind(kept, str(run), where)
    wanted = np.flatnonzero((values >= low) & (values < high))
    assert found["told"].startswith("10 pairs; the first 8. Between each, its blends at 50 % of the way")
    assert [item["sample"] for item in found["items"]] == wanted[:8].tolist()
    first = found["items"][0]
    assert f"(image {pairs['first'][wanted[0]]})" in first["told"]
    assert [each["label"] for each in first["pictures"]][::4] == ["first image", "second image"]
    assert {"figure": "halves", "panel": "nets, mutual information", "x": float(values[wanted[0]])} in first["places"]
    assert len({each["png"] for each in first["pictures"]}) == 5

    empty = criteria(panel.title, {"name": "pixel blend", "low": 0.0, "high": 0.0}, "halves")
    assert behind(kept, str(run), empty)["told"].startswith("0 pairs.")

    (way,) = (each for each in figures["path_0"].panels if each.title == "mutual information")
    where = criteria(way.title, {"x": 0.3, "s0": 1.0, "series": "pixel blend"}, "path_0")
    found = behind(kept, str(run), where)
    near = np.argsort(np.abs(along - np.median(along)), kind="stable")[:8]
    assert [item["sample"] for item in found["items"]] == near.tolist()
    assert "at 30 % of the way" in found["told"]
    with pytest.raises(SpecError, match="figure: expected one of blends"):
        behind(kept, str(run), {"radius": 0.1})


def test_a_pixel_blend_is_the_mean_of_both_ends(root):
    import torch

    from feint.app.web.studio import blended

    (run,) = (root / "runs").glob("interpolate-*")
    found, _ = opened(run)
    scene = blended._scene(Warm(str(root / "victims")), found)
    pairs = found.arrays("pairs")
    chosen = [np.searchsorted(scene.dataset.samples, pairs[name][4]) for name in ("first", "second")]
    ends = [scene.dataset.only([int(at)]).inputs for at in chosen]
    half = blended.Pairs(*ends).blend(scene, "pixel", 0.5)
    assert torch.allclose(half, (ends[0] + ends[1]) / 2)


def test_behind_a_point_of_a_spread_is_its_image_marked_in_both_clouds(root):
    assert _made(root, "spread", "--victim", "nets", "--data", "digits", "--limit", "60") == 0
    (run,) = (root / "runs").glob("spread-*")
    table = pq.read_table(run / "tables" / "spread").to_pandas()
    row = table[table["information"] > 0].iloc[17]
    (panel,) = _figures(run)["spread"].panels
    datum = {"k": "k0", "x": float(f"{row['information']:.4g}"), "y": float(f"{row['variance']:.4g}")}
    found = behind(Warm(str(root / "victims")), str(run), criteria(panel.title, datum, "spread"))
    first = found["items"][0]
    assert first["sample"] == row["sample"]
    marked = {(each["x"], each["y"]) for each in first["places"]}
    assert marked == {(row["information"], row["variance"]), (row["information"], row["limit"])}
    ground = criteria(panel.title, {"ground": True, "x": datum["x"], "y": datum["y"]}, "spread")
    assert behind(Warm(str(root / "victims")), str(run), ground)["items"][0]["sample"] == row["sample"]
    assert criteria("clean", {"ground": True, "x": 1.0, "y": 2.0}, "confidence") == {}


def test_behind_a_bar_of_a_paper_s_table_are_the_images_of_its_run(root):
    asked = ["--victim", "nets", "--data", "digits", "--limit", "40"]
    assert _made(root, "reproduce", "ace-softmax", *asked) == 0
    (run,) = (root / "runs").glob("ace-softmax-*")
    kept, (figure,) = Warm(str(root / "victims")), [_figures(run)["aurc"]]
    made = children.children(KEPT, run)
    assert len(made) == len({one for _, one in made}) > 1
    seen = {}
    for row in json.loads((run / "summary.json").read_text())["rows"]:
        name = f"{row['victim']}, {row['setting']}"
        at = seen[name] = seen.get(name, -1) + 1
        group = f"radius {at} of 9" if at else "clean"
        told = behind(kept, str(run), criteria("", {"category": name, "group": group, "value": 1.0}, figure.name))
        table = pq.read_table(root / "runs" / row["run"] / "tables" / "records").to_pandas()
        table = table[table["variant"] == ("clean" if row["radius"] is None else "attacked")]
        table = table if row["radius"] is None else table[table["radius"] == row["radius"]]
        wrong = table[table["prediction"] != table["label"]].sort_values("measure:max_probability", kind="stable")
        assert [item["sample"] for item in told["items"]] == wrong["sample"].tolist()[:8]
        assert f"of run {row['run']}" in told["told"]
    with pytest.raises(SpecError, match="stands for a whole run"):
        behind(kept, str(run), {"radius": 0.1, "low": 0.0, "high": 1.0})


def test_a_mark_of_a_training_says_that_it_stands_for_an_epoch(root):
    run = next((root / "runs").glob("train-*"))
    with pytest.raises(SpecError, match="stands for an epoch"):
        behind(Warm(str(root / "victims")), str(run), {"coverage": 0.01})


def test_the_curves_of_smith_and_gal_s_table_are_known_again_under_both_protocols(root):
    from PIL import Image

    pixels = np.random.default_rng(0)
    for split in ("train", "test"):
        for name, level in (("cats", 60), ("dogs", 180)):
            place = root / "pets" / split / name
            place.mkdir(parents=True)
            for at in range(12):
                noisy = (level + pixels.integers(-50, 50, (8, 8, 3))).astype(np.uint8)
                Image.fromarray(noisy).save(place / f"{at}.png")
    (root / "features.py").write_text("from torch import nn\n\n\ndef features():\n    return nn.Flatten()\n")
    asked = ["--data", str(root / "pets"), "--features", f"{root / 'features.py'}:features", "--passes", "3"]
    assert _made(root, "reproduce", "smith-gal-table-1", *asked, "--resamples", "5") == 0
    (run,) = (root / "runs").glob("smith-gal-*")
    table = pq.read_table(run / "tables" / "records").to_pandas()
    table = table[table["repeat"] == table.groupby("victim")["repeat"].transform("min")]
    kept, seen, figures = Warm(str(root / "victims")), set(), _figures(run)
    assert limits.choices(KEPT, run)["on"]
    for name in ("detection-roc-corrected", "detection-roc-as-released"):
        noise, positive, column = {True: ("grey", "clipped", "released:"), False: ("noise", "attacked", "measure:")}[
            name.endswith("released")
        ]
        for panel in figures[name].panels:
            datum = {"name": "entropy", "area": 0.5, "across": 30.0}
            found = behind(kept, str(run), criteria(panel.title, datum, name))
            victim, said = panel.title.split(": ")
            attack, level = said.split(",")[0].split()
            own = table[table["victim"] == ("deterministic", "MC dropout").index(victim)]
            near_radius = np.isclose(own["radius"], int(level.partition("/")[0]) / 255)
            here = (own["attack"] == attack) & near_radius
            marked = here & (own["kind"] == positive)
            if panel.title.endswith("(S)"):
                marked &= own["prediction"] != own["clean_prediction"]
            some = own[(own["kind"] == "clean") | (here & (own["kind"] == noise)) | marked]
            values, attacked = some[f"{column}predictive_entropy"].to_numpy(), (some["kind"] == positive).to_numpy()
            limit = np.quantile(values[~attacked], 0.7, method="lower")
            near = np.argsort(np.abs(values - limit), kind="stable")[:8]
            assert [item["sample"] for item in found["items"]] == some["sample"].to_numpy()[near].tolist(), panel.title
            seen.add((name, attack, level))
    assert len(seen) == 12
