"""The Python face: experiments on objects at hand, and on settings."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import feint
from feint.errors import DataError, FeintError, SpecError
from feint.predictive import Categorical

pytestmark = pytest.mark.usefixtures("plain_report")
DRAWN = np.random.default_rng(0)
PIXELS = DRAWN.integers(0, 256, (24, 8, 8), dtype=np.uint8)
LABELS = DRAWN.integers(0, 3, 24)
IMAGES = torch.tensor(PIXELS)[:, None].float() / 255


class Small(nn.Module):
    def __init__(self, dropout: float = 0.0, seed: int = 0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            layers = (nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3))
            self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 4 * self.layers(images - 0.5)


@pytest.fixture
def on(tmp_path: Path):
    """A verb on a victim, the images, and a folder of the test's own."""

    def call(verb, victim, images=IMAGES, labels=LABELS, **values):
        common = {"radii": [0.05], "threads": 1, "batch_size": 8, "root": tmp_path}
        return getattr(feint, verb)(victim, images, labels, **{**common, **values})

    return call


def records(result, variant="attacked"):
    table = result.records.arrow(variant=variant)
    return {name: table.column(name).to_pylist() for name in table.column_names}


def test_a_module_audited_is_left_as_it_was(on):
    network = Small().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    result = on("audit", network, classes=["a", "b", "c"])
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert result.summary["images"] == 24
    assert [row["name"] for row in result.summary["classes"]] == ["a", "b", "c"]
    network.eval()
    own = network(IMAGES).argmax(1)
    assert result.summary["clean"]["accuracy"] == pytest.approx((own.numpy() == LABELS).mean())
    assert result.summary["attacked"][0]["kept"] == 1
    assert result.run.about["victim"] == "Small"
    again = on("audit", network, classes=["a", "b", "c"])
    assert again.folder == result.folder
    assert on("audit", Small(seed=1), classes=["a", "b", "c"]).folder != result.folder


def test_the_same_images_in_every_shape_are_the_same_records(on):
    network = Small().eval()
    expected = records(on("audit", network, IMAGES))
    given = {
        "channels last": IMAGES.permute(0, 2, 3, 1).numpy(),
        "grey": IMAGES[:, 0].numpy(),
        "bytes": PIXELS,
        "labels as a list": (IMAGES, LABELS.tolist()),
        "a loader": (DataLoader(TensorDataset(IMAGES, torch.tensor(LABELS)), batch_size=5), None),
        "batches": ([(IMAGES[:20], LABELS[:20]), (IMAGES[20:], LABELS[20:])], None),
    }
    for name, images in given.items():
        pair = images if isinstance(images, tuple) else (images, LABELS)
        assert records(on("audit", network, *pair)) == expected, name


def test_a_file_of_data_and_a_data_set(on, tmp_path: Path):
    np.savez(tmp_path / "images.npz", images=PIXELS, labels=LABELS)
    network = Small().eval()
    expected = records(on("audit", network))
    path = str(tmp_path / "images.npz")
    for data in (path, Path(path), {"source": path}, feint.data.load(path)):
        assert records(on("audit", network, data, None)) == expected
    first = on("audit", network, {"source": path, "first": 5}, None)
    assert first.summary["images"] == 5


@pytest.mark.parametrize("average", ["probability", "logit"])
def test_estimators_are_taken_as_they_are(on, average):
    members = [feint.Softmax(Small(seed=seed).eval()) for seed in (0, 1)]
    ensemble = feint.DeepEnsemble(members, average)
    result = on("audit", ensemble)
    with torch.no_grad():
        own = ensemble(IMAGES).prediction.numpy()
    assert records(result, "clean")["prediction"] == own.tolist()
    assert result.summary["attacked"][0]["kept"] == 1
    assert result.run.about["stochastic"] is False
    assert ("measure:mutual_information" in result.records.table.names) == (average == "probability")


def test_an_estimator_that_draws_is_judged_by_fresh_draws(on):
    estimator = feint.MCDropout(Small(dropout=0.5).eval(), draws=4, seed=3)
    result = on("audit", estimator, repeats=2)
    assert result.summary["measure"] == "predictive_entropy"
    draws = result.summary["attacked"][0]["draws"]
    assert draws["repeats"] == 2
    assert draws["std"]["nll"] > 0  # the draws are others
    assert estimator.seed == 3
    both = feint.DeepEnsemble([estimator, feint.MCDropout(Small(0.5, 1).eval(), draws=4, seed=9)])
    assert on("audit", both, repeats=1).summary["clean"]["nll"] > 0


def test_an_estimator_of_ones_own(on):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = Small()

        def forward(self, inputs: torch.Tensor, samples: torch.Tensor | None = None) -> Categorical:
            found = Categorical.from_logits(self.network(inputs))
            return Categorical(found.log_probs, native=inputs.flatten(1).mean(1).double())

    result = on("audit", Own().eval(), measure="native")
    assert result.summary["measure"] == "native"
    assert records(result, "clean")["measure:native"] == pytest.approx(IMAGES.flatten(1).mean(1).tolist(), rel=1e-6)


def test_a_callable_has_no_gradient_and_is_attacked_by_questions(on):
    network, asked = Small().eval(), []

    def forest(images):
        asked.append(len(images))
        with torch.no_grad():
            return network(torch.as_tensor(images)).softmax(1).numpy()

    result = on("audit", forest, attack="square:queries=20", radii=[0.1])
    row = result.summary["attacked"][0]
    assert result.run.about["victim"] == "forest"
    assert (row["kept"], row["gradients"]) == (1.0, 0.0)
    assert row["queries"] > 0
    assert sum(asked) > 24
    assert row["aurc"] > result.summary["clean"]["aurc"]
    with torch.no_grad():
        own = network(IMAGES).argmax(1)
    assert records(result, "clean")["prediction"] == own.tolist()
    assert all(row == 0 for row in records(result, "random")["gradients"])


def test_a_callable_that_returns_no_rows(on):
    with pytest.raises(FeintError, match=r"a victim returns \(N, C\)|C >= 2") as raised:
        on("audit", lambda images: torch.zeros(len(images)), attack="square:queries=5")
    assert "\n" not in str(raised.value)


def test_labels_attacked(on):
    result = on("attack", Small().eval(), attack="pgd:steps=3", radii=[0.1])
    found = records(result)
    changed = np.array(found["prediction"]) != np.array(found["clean_prediction"])
    assert result.summary["attacked"][0]["success"] == pytest.approx(changed.mean())
    with np.load(result.folder / "attacked.npz") as file:
        assert np.abs(file["images"] - file["originals"]).max() <= 0.1 + 1e-6
        assert np.allclose(file["originals"][:, :, :, 0], PIXELS / 255)


def test_attacks_detected(on):
    victims = [Small().eval(), feint.MCDropout(Small(dropout=0.5).eval(), draws=3)]
    result = on("detect", victims, attacks=["fgsm", "bim:steps=2"], resamples=5, radii=[0.2])
    assert [victim["name"] for victim in result.summary["victims"]] == ["Small", "MCDropout"]
    assert [each["attack"] for each in result.summary["victims"][0]["attacks"]] == ["fgsm", "bim"]


def test_confidence_moved(on):
    result = on("span", Small().eval(), attack="ace", threshold=0.6)
    found = result.records.arrow()
    low, clean, high = (found.column(name).to_numpy() for name in ("low", "clean", "high"))
    assert ((low <= clean) & (clean <= high)).all()
    with torch.no_grad():
        own = Small().eval()(IMAGES).softmax(1).amax(1)
    assert clean == pytest.approx(own.numpy(), abs=1e-6)
    assert result.summary["threshold"] == 0.6


def test_what_comes_back_shows_itself(on):
    result = on("audit", Small().eval())
    assert repr(result).startswith(f"Result({result.run.id}: An attack ")
    assert str(result).startswith(result.report.headline)
    html = result._repr_html_()
    assert "<table" in html
    assert "<html" not in html
    assert result.summary == json.loads((result.folder / "summary.json").read_text())
    assert set(result.figures) == {"risk_coverage", "thresholds", "confidence", "reliability", "rounding"}
    frame = result.records.pandas(variant="clean")
    assert len(frame) == 24
    assert frame["label"].tolist() == LABELS.tolist()
    assert len(result.records) == 4 * 24
    assert result.records.of(7).column("sample").to_pylist() == [7] * 4
    assert f"{4 * 24} rows" in repr(result.records)


def test_settings_and_names(tmp_path: Path):
    np.savez(tmp_path / "images.npz", images=PIXELS, labels=LABELS)
    (tmp_path / "net.py").write_text(
        "from torch import nn\nbuild = lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 3))\n"
    )
    values = {"data": str(tmp_path / "images.npz"), "victim": {"networks": [f"{tmp_path / 'net.py'}:build"]}}
    values |= {"radii": [0.05], "threads": 1, "batch_size": 8}
    torch.manual_seed(0)
    first = feint.audit(feint.AuditSettings(**values), root=tmp_path)
    torch.manual_seed(0)
    second = feint.run("audit", root=tmp_path, **values)
    torch.manual_seed(0)
    third = feint.run("audit", feint.AuditSettings(**values), root=tmp_path)
    assert first.folder == second.folder == third.folder
    torch.manual_seed(0)
    other = feint.run("audit", feint.AuditSettings(**values), root=tmp_path, baseline="none")
    assert other.folder != first.folder


REFUSED = {
    "a field": ({"radius": [0.1]}, "radius: expected one of .*, radii, .*got 'radius'; did you mean 'radii'?"),
    "an attack": ({"attack": "sqare"}, "did you mean 'square'?"),
    "a setting": ({"attack": "square:query=3"}, "did you mean 'queries'?"),
    "a radius": ({"radii": [0]}, "radii: expected finite numbers above 0"),
    "a measure": ({"measure": "entropy"}, "measure: expected one of"),
    "classes": ({"classes": ["a", "b"]}, "classes: expected a name for each label, 0 to 2, got 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_one_line_and_leaves_nothing(on, tmp_path: Path, case):
    values, message = REFUSED[case]
    with pytest.raises(FeintError, match=message.replace("?", r"\?")) as raised:
        on("audit", Small().eval(), **values)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_images_that_do_not_go_with_labels(on):
    network = Small().eval()
    with pytest.raises(SpecError, match="labels: expected one for each image, got none"):
        on("audit", network, IMAGES, None)
    with pytest.raises(DataError, match=r"24.*23|23.*24"):
        on("audit", network, IMAGES, LABELS[:23])
    with pytest.raises(DataError, match="images: expected shape"):
        on("audit", network, torch.zeros(24, 5, 8, 8))
    with pytest.raises(DataError, match="uint8 or floats"):
        on("audit", network, PIXELS.astype(np.int64))
    with pytest.raises(DataError, match=r"\[0, 1\]"):
        on("audit", network, 255 * IMAGES)
    with pytest.raises(DataError, match="empty loader"):
        on("audit", network, iter([]), None)
    with pytest.raises(SpecError, match="victim: expected a module, an estimator, a callable or a name, got int"):
        on("audit", 3)


def test_nothing_that_was_handed_in_is_passed_over(on, tmp_path: Path):
    with pytest.raises(SpecError, match="victim: expected one, got 2"):
        on("audit", [Small().eval(), Small(seed=1).eval()])
    with pytest.raises(SpecError, match="images: expected none beside settings"):
        feint.audit(feint.AuditSettings(), IMAGES, LABELS, root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_victims_of_one_class_are_told_apart(on):
    result = on("detect", [Small(seed=seed).eval() for seed in (0, 1)], attacks=["fgsm"], resamples=0)
    assert [victim["name"] for victim in result.summary["victims"]] == ["Small", "Small 2"]
    first, second = (victim["clean"]["accuracy"] for victim in result.summary["victims"])
    with torch.no_grad():
        right = [(Small(seed=seed).eval()(IMAGES).argmax(1).numpy() == LABELS).mean() for seed in (0, 1)]
    assert [first, second] == pytest.approx(right)


def test_an_experiment_by_a_wrong_name():
    with pytest.raises(SpecError, match="got 'audits'; did you mean 'audit'"):
        feint.run("audits")
