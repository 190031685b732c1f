"""Audits of real networks on real images, few of them: labels kept, accuracy unchanged, AURC up."""

import json
from pathlib import Path

import pytest

CASES = {
    "cifar10": (["data/cifar10/test1000.npz", "--batch-size", 20], "cifar10_resnet20", 40, "5e-4,5e-3"),
    "imagenet": (
        ["data/imagenet_sample", "--resize", 256, "--crop", 224, "--batch-size", 4],
        "imagenet_squeezenet1_1",
        8,
        "5e-3",
    ),
}


@pytest.mark.usefixtures("plain_report")
@pytest.mark.parametrize("case", CASES)
def test_audit(feint, real_data: Path, case):
    (data, *options), network, limit, radii = CASES[case]
    victim = ["--data", real_data / data, "--network", f"{real_data / 'zoo.py'}:{network}"]
    outcome = feint("audit", *victim, *options, "--first", limit, "--radii", radii, "--quiet", "--json", "--threads", 1)
    assert outcome.code == 0, outcome
    summary = json.loads(outcome.out)
    assert 0.3 < summary["clean"]["accuracy"] < 1
    for row in summary["attacked"]:
        assert (row["accuracy"], row["kept"]) == (summary["clean"]["accuracy"], 1.0)
        assert row["aurc"] > summary["clean"]["aurc"]
