"""By class, victims that were trained with a head of their own, recomputed by numpy from the records."""

import numpy as np
import pytest

from feint.errors import SpecError
from feint.experiments.per_class import PER_CLASS
from feint.experiments.training import TRAINING
from feint.reports import text
from feint.runs.runners import local

NETWORK = """
from torch import nn


def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
"""
WORDS = {"duq": "duq:length=16,sigma=0.3,penalty=0", "sngp": "sngp:random_features=32", "due": "due:draws=4"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("heads")
    (root / "network.py").write_text(NETWORK)
    for name, word in WORDS.items():
        settings = TRAINING.settings.parse(
            {
                "name": name,
                "network": f"{root / 'network.py'}:build",
                "estimator": word,
                "data": {"split": "train", "first": 200},
                "test": {"first": 20},
                "recipe": {"epochs": 2, "training_batch": 20, "validation_share": 0.0, "learning_rate": 0.01},
                "threads": 1,
            }
        )
        local.run(TRAINING, settings, root / "trainings", victims=root, progress=False)
    return root


def run(root, **values):
    settings = PER_CLASS.settings.parse(
        {"data": {"first": 30}, "victims": list(WORDS), "attacks": ["fgsm"], "passes": 6, "threads": 1, **values}
    )
    return local.run(PER_CLASS, settings, root / "runs", victims=root, allow_code=True, progress=False)


def test_one_pass_has_its_own_uncertainty_and_several_their_variance(root):
    found = run(root)
    records = found.run.table("records")
    for which, victim in enumerate(found.summary["victims"]):
        assert victim["name"] == list(WORDS)[which]
        for entry in victim["conditions"]:
            for each in entry["classes"]:
                where = {"victim": which, "condition": entry["condition"], "label": each["label"]}
                native = records.column("native", **where)
                variance = records.column("variance", **where)
                assert len(native) == each["images"]
                if victim["name"] == "due":
                    assert np.isnan(native).all()
                    assert each["variance"] == pytest.approx(variance.mean())
                    assert each["confidence"] == pytest.approx(1 - 2 * np.sqrt(variance).mean())
                    assert variance.min() > 0
                else:
                    assert each["variance"] is None
                    assert each["confidence"] == pytest.approx(1 - native.mean())
                    assert 0 < each["confidence"] < 1
                right = records.column("prediction", **where) == each["label"]
                assert each["accuracy"] == pytest.approx(right.mean())
    assert "1 - that, averaged likewise" in text.text(found.report, full=True)


def test_there_are_no_masks_of_which_an_attack_could_see_some(root):
    with pytest.raises(SpecError, match="attack-passes: expected as many as passes, of duq, which has no dropout"):
        run(root, attack_passes=3)
