import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from feint.app.web.reading import limits
from feint.app.web.reading.compare import compare
from feint.app.web.reading.runs import Reader, report, rows, tables
from feint.errors import SpecError, StoreError
from feint.reports import Figure
from feint.runs.folder import files

KEPT = Reader()
DROPS = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(64, 10))
"""
pytestmark = pytest.mark.usefixtures("plain_report")


@pytest.fixture
def run(root):
    return next((root / "runs").glob("audit-*"))


def _records(run, **where):
    table = pq.read_table(run / "tables" / "records").to_pandas()
    for name, value in where.items():
        table = table[table[name] == value]
    return table


def test_a_threshold_answers_as_the_records_say(run):
    known = limits.choices(KEPT, run)
    assert known["on"] == ["clean", "radius 0.05", "radius 0.1"]
    measure = known["measure"][0]
    found = limits.tried(KEPT, run, "radius 0.1", measure, 0.5)
    table = _records(run, variant="attacked", radius=0.1)
    values = table[f"measure:{measure}"].to_numpy()
    limit = np.sort(values)[(len(values) - 1) // 2]
    below = table[values <= limit]
    wrong = (below["prediction"] != below["label"]).mean()
    assert f"{100 * len(below) / len(table):.1f} % of images are answered" in found["told"]
    assert f"{100 * wrong:.1f} % of those answers are wrong" in found["told"]
    bars, curve = (each.chart for each in found["panels"].values())
    assert any(layer.get("encoding", {}).get("x", {}).get("datum") == limit for layer in bars["layer"])
    point = {way: place["datum"] for way, place in curve["layer"][-1]["encoding"].items()}
    assert point == {"x": pytest.approx(100 * len(below) / len(table)), "y": pytest.approx(100 * wrong)}
    for wrong_one in ({"on": "radius 9"}, {"measure": "luck"}):
        with pytest.raises(SpecError, match="expected one of"):
            limits.tried(KEPT, run, **{"on": "clean", "measure": measure, "share": 0.5, **wrong_one})


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A run on foreign images, which are noise."""
    from feint.app.cli import main

    root = tmp_path_factory.mktemp("foreign")
    pixels = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)
    np.savez(root / "noise.npz", images=pixels, labels=np.arange(30) % 10)
    asked = ["ood", "--data", "digits", "--foreign", str(root / "noise.npz"), "--without", "3", "--attack", "fgsm"]
    assert main([*asked, "--radii", "0.05,0.1", "--limit", "40", "--quiet", "--out", str(root / "runs")]) == 0
    return next((root / "runs").glob("ood-*"))


def test_a_threshold_tells_foreign_images_as_the_records_say(foreign):
    known = limits.choices(KEPT, foreign)
    victim = "the embedded digit network: noise.npz"
    assert known["on"] == [victim, f"{victim}, fgsm, radius 0.05", f"{victim}, fgsm, radius 0.1"]
    assert "mutual_information" not in known["measure"]  # one network has none
    found = limits.tried(KEPT, foreign, known["on"][2], "max_probability", 0.8)
    table = _records(foreign, victim=0, judge=0)
    own = table[(table["data"] == 0) & (table["attack"] == "")]["measure:max_probability"].to_numpy()
    moved = table[(table["data"] == 1) & (table["radius"] == 0.1)]["measure:max_probability"].to_numpy()
    limit = np.quantile(np.concatenate([own, moved]), 0.8, method="lower")
    true, false = (moved > limit).mean(), (own > limit).mean()
    assert f"{100 * true:.1f} % of foreign images are found" in found["told"]
    assert f"{100 * false:.1f} % of in-domain images are flagged too" in found["told"]
    point = {way: place["datum"] for way, place in found["panels"][limits.CURVE].chart["layer"][-1]["encoding"].items()}
    assert point == {"x": pytest.approx(100 * false), "y": pytest.approx(100 * true)}


def test_foreign_images_behind_a_bar_are_those_of_the_records(foreign, tmp_path):
    from feint.app.web.parts.picked import criteria
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    table = _records(foreign, victim=0, judge=0, data=1)
    moved = table[table["radius"] == 0.1]
    sure = 100 * (1 - moved["measure:max_probability"])
    kept = Warm(str(tmp_path))
    where = criteria("the embedded digit network", {"low": 90.0, "high": 100.0, "name": "foreign, radius 0.1"})
    found = behind(kept, str(foreign), where)
    assert found["told"].startswith(f"{(sure >= 90).sum()} images")
    samples = [f"image {at}" for at in moved["sample"][sure >= 90]][:8]
    assert [item["told"].split(":")[0] for item in found["items"]] == samples
    with np.load(foreign.parents[1] / "noise.npz") as arrays:
        assert {int(at) for at in moved["sample"]} == {at for at in range(30) if arrays["labels"][at] != 3}
        shown = _pixels(found["items"][0]["pictures"][0]["png"])
        assert (shown == arrays["images"][int(moved["sample"][sure >= 90].iloc[0])]).all()
    on = limits.choices(KEPT, foreign)["on"][0]
    bar = {"on": on, "measure": "margin", "low": 0.0, "high": 2.0, "kind": "in-domain images"}
    assert behind(kept, str(foreign), bar)["told"].startswith("40 images")


def _near(values, kept, share):
    """The places of the eight values nearest to the one below which a share of some lies."""
    limit = np.quantile(values[kept], share, method="lower")
    return np.argsort(np.abs(values - limit), kind="stable")[:8]


def _told(found):
    return [item["told"].split(":")[0] for item in found["items"]]


def test_behind_a_place_on_a_curve_are_the_images_nearest_to_its_threshold(run, foreign, tmp_path):
    from feint.app.web.parts.picked import criteria
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    kept = Warm(str(tmp_path))
    where = {"on": "radius 0.1", "measure": "margin", "across": 0.7, "kind": "near"}
    table = _records(run, variant="attacked", radius=0.1)
    values = table["measure:margin"].to_numpy()
    near = _near(values, values == values, 0.7)
    assert _told(behind(kept, str(run), where)) == [f"image {at}" for at in table["sample"].to_numpy()[near]]

    figure = next(each for each in report(KEPT, foreign).blocks() if isinstance(each, Figure) and each.name == "roc")
    datum = {"name": "radius 0.1", "area": 0.5, "across": 20.0, "x": 0.0, "y": 0.0}
    table = _records(foreign, victim=0, judge=0)
    table = table[(table["attack"] == "") & (table["data"] == 0) | (table["data"] == 1) & (table["radius"] == 0.1)]
    table = table.sort_values("data", kind="stable")
    values = table["measure:max_probability"].to_numpy()
    near = _near(values, (table["data"] == 0).to_numpy(), 0.8)
    found = behind(kept, str(foreign), criteria(figure.panels[0].title, datum, figure.name))
    assert _told(found) == [f"image {at}" for at in table["sample"].to_numpy()[near]]
    labels = ["before the attack" if at else "the image" for at in table["data"].to_numpy()[near]]
    assert [item["pictures"][0]["label"] for item in found["items"]] == labels
    with pytest.raises(SpecError, match="panel: expected one with a detector"):
        behind(kept, str(foreign), criteria("elsewhere", datum, figure.name))
    with pytest.raises(SpecError, match="panel: expected one with a detector"):
        behind(kept, str(run), criteria("elsewhere", datum, figure.name))


def test_behind_a_threshold_s_bar_are_the_wrong_answers_that_it_lets_through(tmp_path):
    from feint.app.cli import main
    from feint.app.web.parts.picked import criteria
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    assert main(["audit", "--limit", "60", "--radii", "0.05,0.1", "--quiet", "--out", str(tmp_path)]) == 0
    (run,) = tmp_path.glob("audit-*")
    summary = json.loads((run / "summary.json").read_text())
    (bars,) = (each for each in report(KEPT, run).blocks() if isinstance(each, Figure) and each.name == "thresholds")
    (row,) = (each for each in summary["thresholds"] if (each["calibrated_to"], each["value"]) == ("coverage", 0.9))
    for stage, radius, said in (("clean", None, row["clean"]), ("radius 0.1", 0.1, row["attacked"][-1])):
        where = criteria("", {"category": "90 % answered", "group": stage, "value": 1.0}, bars.name)
        chosen = {"variant": "attacked", "radius": radius} if radius else {"variant": "clean"}
        table = _records(run, **chosen)
        passed = table["measure:max_probability"] <= row["threshold"]
        wrong = passed & (table["prediction"] != table["label"])
        assert wrong.sum() == round(said["risk"] * passed.sum())
        found = behind(Warm(str(tmp_path)), str(run), where)
        assert _told(found) == [f"image {at}" for at in table["sample"][wrong]][:8]
    assert wrong.any()
    with pytest.raises(SpecError, match="threshold: expected one of the run's, got 'none such'"):
        behind(Warm(str(tmp_path)), str(run), {"kind": "none such"})


def test_every_curve_of_a_detection_report_is_known_again(tmp_path):
    from feint.app.cli import main
    from feint.app.web.parts.picked import criteria
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    asked = ["detect", "--attack", "fgsm", "--attack", "ace", "--radii", "0.05,0.1", "--limit", "40", "--quiet"]
    assert main([*asked, "--resamples", "5", "--out", str(tmp_path)]) == 0
    (run,) = tmp_path.glob("detect-*")
    table, kept, seen = _records(run, repeat=0), Warm(str(tmp_path)), set()
    for figure in (each for each in report(KEPT, run).blocks() if isinstance(each, Figure)):
        for panel in figure.panels:
            datum = {"name": "1 − max. probability", "area": 0.5, "across": 30.0}
            found = behind(kept, str(run), criteria(panel.title, datum, figure.name))
            attack, far = panel.title.split(": ")[1].split(",")[0].split()
            here = (table["attack"] == attack) & (table["radius"] == float(far))
            positive = here & (table["kind"] == "attacked")
            if panel.title.endswith("(S)"):
                positive &= table["prediction"] != table["clean_prediction"]
            some = table[(table["kind"] == "clean") | (here & (table["kind"] == "noise")) | positive]
            values, marked = some["measure:max_probability"].to_numpy(), (some["kind"] == "attacked").to_numpy()
            sought = marked if figure.name == "detection-pr" else ~marked
            near = _near(values, sought, 0.7)
            assert _told(found) == [f"image {at}" for at in some["sample"].to_numpy()[near]], panel.title
            seen.add((figure.name, attack, far, panel.title.endswith("(S)")))
    assert len(seen) == 8
    assert {True, False} == {changed for *_, changed in seen}


def test_behind_a_place_of_a_latent_plane_are_the_images_encoded_nearest_to_it(tmp_path):
    from feint.app.cli import main
    from feint.app.web.parts.picked import criteria
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    place = ["--quiet", "--out", str(tmp_path / "runs"), "--victims", str(tmp_path / "victims")]
    assert main(["train", "vae", "--network", "vae:latent=2", "--data", "digits", "--epochs", "1", *place]) == 0
    assert main(["train", "net", "--network", "digits", "--data", "digits", "--epochs", "1", *place]) == 0
    asked = ["latent", "--autoencoder", "vae", "--victim", "net", "--data", "digits", "--limit", "40", "--side", "8"]
    assert main([*asked, *place]) == 0
    (run,) = (tmp_path / "runs").glob("latent-*")
    with np.load(next(run.glob("**/plane*.npz"))) as arrays:
        codes = arrays["encoded"]
    table = pq.read_table(run / "tables" / "images").to_pandas()
    samples = sorted(set(table["sample"]))
    assert len(samples) == len(codes) == 40
    near = np.argsort(np.linalg.norm(codes - codes[7], axis=1), kind="stable")[:8]
    assert near[0] == 7
    label = table[table["sample"] == samples[7]]["label"].iloc[0]
    names = {each.name for each in report(KEPT, run).blocks() if isinstance(each, Figure)}
    here = {"x": float(codes[7, 0]), "y": float(codes[7, 1])}
    for name, more in (("plane", "c"), ("map_predictive_entropy", "c"), ("plane", "ground"), ("confident", "ground")):
        assert name in names
        where = criteria("", {**here, more: True}, name)
        found = behind(Warm(str(tmp_path / "victims")), str(run), where)
        assert _told(found) == [f"image {samples[at]}" for at in near]
        assert found["items"][0]["told"] == f"image {samples[7]}: it is {label}; 0 away on the plane"


def _pixels(png):
    """A picture again as it was, before it was shown larger."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        wide = np.asarray(opened.convert("L"))
    step = wide.shape[0] // 8
    return wide[step // 2 :: step, step // 2 :: step]


def test_what_a_click_says_stands_in_an_address_and_is_read_again():
    from urllib.parse import parse_qsl, urlencode

    from feint.app.web.parts.picked import criteria, where_of

    marks = [
        ("radius 0.1", {"span": "50 to 55 %", "kind": "wrong"}),
        ("", {"x": 40.0, "series": "radius 0.05"}),
        ("radius 0.1: 5 % cross", {"place": 20.5, "kind": "correct"}),
        ("digits", {"low": 10.0, "high": 14.0, "name": "in-domain"}),
        ("digits", {"label": "7", "x": 3.0}),
        ("digits: fgsm 0.1, (S)", {"name": "margin", "area": 0.9, "across": 12.5}),
        ("", {"category": "radius 0.2", "group": "success"}),
        ("", {"category": "cat", "group": "clean"}),
    ]
    for title, datum in marks:
        where = criteria(title, datum)
        assert where
        tried = {"on": "clean", "measure": "margin"}  # what the slider stands at is no click
        assert where_of(dict(parse_qsl(urlencode({**tried, **where})))) == where
    bar = {"on": "clean", "measure": "margin", "low": 0.1, "high": 0.2, "kind": "wrong"}
    near = {"on": "clean", "measure": "margin", "across": 0.125, "kind": "near"}
    assert [where_of(dict(parse_qsl(urlencode(each)))) for each in (bar, near)] == [bar, near]
    assert where_of({"share": "0.5"}) == {}
    for wrong in ("nan", "inf", "x", "1e999", ""):
        with pytest.raises(SpecError, match="low: expected a number"):
            where_of({"low": wrong})


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        (["span", "--radii", "0.05"], {"radius": 0.05, "place": 0.5}),
        (["attack", "fgsm", "--radii", "0.1"], {"radius": 0.1, "changed": True}),
        (["per-class", "--passes", "2", "--radii", "0.1", "--network", "drops.py:build"], {"panel": "", "name": "4"}),
        (["detect", "--attack", "fgsm", "--radii", "0.1"], {"measure": "margin", "low": 0.0, "high": 2.0}),
    ],
)
def test_a_mark_of_every_experiment_with_images_shows_them(tmp_path, asked, where):
    from feint.app.cli import main
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    (tmp_path / "drops.py").write_text(DROPS)
    asked = [each.replace("drops.py", str(tmp_path / "drops.py")) for each in asked]
    assert main([*asked, "--limit", "40", "--quiet", "--out", str(tmp_path)]) == 0
    (run,) = tmp_path.glob(f"{asked[0]}-*")
    table = _records(run)
    if asked[0] == "detect":
        where = {**where, "on": limits.choices(KEPT, run)["on"][0], "kind": "attacked inputs"}
    shown = {
        "span": lambda: table.sort_values("clean", kind="stable")[16:24],
        "attack": lambda: table.query("variant == 'attacked' and prediction != clean_prediction"),
        "per-class": lambda: table.query("condition == 'clean' and label == 4").sort_values("softmax"),
        "detect": lambda: table.query("kind == 'attacked'"),
    }
    wanted = shown[asked[0]]()["sample"].tolist()
    found = behind(Warm(str(tmp_path)), str(run), where)
    assert wanted
    assert found["told"].startswith(f"{len(wanted)} image")
    assert [item["told"].split(":")[0] for item in found["items"]] == [f"image {at}" for at in wanted][:8]


def test_a_comparison_has_the_numbers_of_the_summaries(run):
    found = compare(KEPT, [run, run])
    (figure,) = (block for block in found.blocks() if isinstance(block, Figure))
    assert figure.panels
    table = next(each for each in found.tables() if each.name == "compare")
    summary = json.loads((run / "summary.json").read_text())
    at = [column.title for column in table.columns].index("AURC")
    assert [row[at] for row in table.rows[:3]] == [
        summary["clean"]["aurc"],
        *(each["aurc"] for each in summary["attacked"]),
    ]
    low, high = (float(part) for part in table.rows[0][at + 1].split(" to "))
    assert low <= 1000 * summary["clean"]["aurc"] <= high
    for row, stage in zip(table.rows[:3], [summary["clean"], *summary["attacked"]], strict=True):
        told = dict(zip(((each.title, each.subtitle) for each in table.columns), row, strict=True))
        low, high = (float(part) for part in told["95 % interval", "accuracy"].split(" to "))
        assert low <= 100 * stage["accuracy"] <= high
        if "radius" in stage:
            low, high = (float(part) for part in told["95 % interval", "effective radius"].split(" to "))
            assert low <= stage["effective_radius"] * (1 + 1e-2)
            assert stage["effective_radius"] <= high * (1 + 1e-2)
    with pytest.raises(SpecError, match="expected 2 to 8"):
        compare(KEPT, [run])


def test_a_victim_that_draws_is_judged_by_fresh_draws_everywhere(tmp_path):
    from feint.app.cli import main
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    (tmp_path / "drops.py").write_text(DROPS)
    victim = ["--network", f"{tmp_path / 'drops.py'}:build", "--estimator", "mc-dropout:draws=2", "--repeats", "2"]
    asked = ["audit", *victim, "--limit", "20", "--radii", "0.1", "--threads", "1", "--quiet"]
    assert main([*asked, "--out", str(tmp_path / "runs")]) == 0
    (run,) = (tmp_path / "runs").glob("audit-*")
    table = _records(run, variant="attacked", radius=0.1)
    fresh = table[table["repeat"] > 0]
    wrong = fresh["prediction"] != fresh["label"]
    found = limits.tried(KEPT, run, "radius 0.1", limits.choices(KEPT, run)["measure"][0], 1.0)
    assert f"{100 * wrong.mean():.1f} % of those answers are wrong" in found["told"]
    assert wrong.mean() != (table["prediction"] != table["label"])[table["repeat"] == 0].mean()
    named = behind(Warm(str(tmp_path)), str(run), {"radius": 0.1, "low": 0.0, "high": 1.0, "correct": False})
    assert named["told"].startswith(f"{fresh[wrong]['sample'].nunique()} images")
    attacked = next(each for each in compare(KEPT, [run, run]).tables() if each.name == "compare").rows[1]
    mean = json.loads((run / "summary.json").read_text())["attacked"][0]["aurc"]
    assert mean in attacked
    low, high = (float(part) for part in [each for each in attacked if " to " in str(each)][1].split(" to "))
    assert low <= 1000 * mean <= high


def test_rows_are_those_of_the_records_in_parts(run):
    assert tables(KEPT, run)["records"]["rows"] == len(_records(run))
    found = rows(KEPT, run, "records", {"variant": "clean"}, 38, 5)
    assert found["total"] == 40
    assert [row["sample"] for row in found["rows"]] == _records(run, variant="clean")["sample"].tolist()[38:]


def test_the_report_of_a_run_that_is_not_done_is_of_what_is_there(run, tmp_path):
    import shutil

    half = tmp_path / run.name
    shutil.copytree(run, half)
    state = files.read_sealed(half / "run.json")
    files.write_sealed(half / "run.json", {**state, "state": "running"})
    (half / "summary.json").unlink()
    assert report(KEPT, half).headline == report(KEPT, run).headline
    shutil.rmtree(half / "ledger")
    with pytest.raises(StoreError, match="not enough yet"):
        report(KEPT, half)


def test_the_images_behind_a_mark_are_those_of_the_records(run, root):
    from feint.app.web.studio.behind import behind
    from feint.app.web.studio.warm import Warm

    kept = Warm(str(root / "victims"))
    found = behind(kept, str(run), {"radius": 0.1, "low": 0.0, "high": 1.0, "correct": False})
    table = _records(run, variant="attacked", radius=0.1)
    wrong = table[table["prediction"] != table["label"]]
    assert found["told"].startswith(f"{len(wrong)} image")
    assert [item["told"].split(":")[0] for item in found["items"]] == [f"image {at}" for at in wrong["sample"]][:8]
    assert all(len(item["pictures"]) == 5 for item in found["items"])
