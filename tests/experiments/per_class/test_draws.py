"""By class, a victim with dropout: attacked on the attack's own draws, judged by others."""

import numpy as np
import pytest

from feint import networks
from feint.data import load
from feint.estimators import MCDropout, predict
from feint.experiments.per_class import PER_CLASS
from feint.runs.runners import local

pytestmark = pytest.mark.usefixtures("plain_report")
PASSES, SEED = 5, 7


def test_clean_images_are_judged_by_draws_that_no_attack_has_seen(small, tmp_path):
    settings = PER_CLASS.settings.parse(
        {
            "data": small.data,
            "victims": [{"networks": [small.network("dropout")], "outputs": "logits"}],
            "attacks": ["fgsm"],
            "passes": PASSES,
            "attack_passes": 3,
            "seed": SEED,
            "batch_size": 24,
            "threads": 1,
        }
    )
    found = local.run(PER_CLASS, settings, tmp_path, allow_code=True, progress=False)
    network = networks.load(small.network("dropout"))
    images, labels, samples = load(small.data).gather(range(24))
    judged = predict(MCDropout(network, draws=PASSES, seed=SEED + 1), images, samples, batch_size=24)
    own = judged.log_probs.exp().numpy()[:, np.arange(24), labels.numpy()]
    rows = found.run.table("records").read(condition="clean")
    assert rows["softmax"].to_numpy() == pytest.approx(own.mean(0), abs=1e-6)
    assert rows["variance"].to_numpy() == pytest.approx(own.var(0), abs=1e-6)
    assert rows["prediction"].to_pylist() == judged.prediction.tolist()
    (victim,) = found.summary["victims"]
    for each in victim["conditions"][0]["classes"]:
        chosen = labels.numpy() == each["label"]
        assert each["mean_softmax"] == pytest.approx(own.mean(0)[chosen].mean(), abs=1e-6)
        assert each["confidence"] == pytest.approx(1 - 2 * own.std(0)[chosen].mean(), abs=1e-5)
        assert each["accuracy"] == pytest.approx((judged.prediction.numpy() == labels.numpy())[chosen].mean())
