"""ACE in the arithmetic of its released code: what takes it, what is refused, and what it changes."""

import pytest

from feint.errors import SpecError
from feint.experiments.audit import AUDIT
from feint.experiments.audit.settings import AuditSettings
from feint.runs.runners import local

pytestmark = pytest.mark.usefixtures("plain_report", "whole_runs")

FEW = {"data": {"limit": 20}, "radii": [0.05], "threads": 1}


def audited(folder, **values):
    return local.run(AUDIT, AuditSettings.parse({**FEW, **values}), folder, progress=False)


def test_a_flag_and_a_word_are_one_run(tmp_path):
    flag = audited(tmp_path, arithmetic="as-released")
    word = audited(tmp_path, attack="ace:arithmetic=as-released")
    assert flag.run.id == word.run.id
    assert "released code's arithmetic" in flag.run.about["attack"]
    assert flag.run.id != audited(tmp_path).run.id


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"attack": "ace:arithmetic=as-released", "arithmetic": "exact"}, "expected that of the attack"),
        ({"attack": "ace:goal=underconfidence", "arithmetic": "as-released"}, "expects the goal disrupt"),
        ({"measure": "predictive_entropy", "arithmetic": "as-released"}, "expects an attack on max_probability"),
    ],
)
def test_what_it_says_nothing_about_is_refused(values, expected, tmp_path):
    with pytest.raises(SpecError, match=expected):
        audited(tmp_path, **values)


def test_the_released_numbers_of_an_audit(real_data, tmp_path):
    """AURC x 1000 and effective radii of the authors' code for CIFAR-10's first 1,000 test images, within 0.5 %."""
    source = {"source": str(real_data / "data" / "cifar10" / "test1000.npz")}
    victim = {"networks": [f"{real_data / 'zoo.py'}:cifar10_resnet20"]}
    told = {"data": source, "victim": victim, "radii": [5e-5, 5e-4, 5e-3], "baseline": "none"}
    found = audited(tmp_path, **told, arithmetic="as-released").summary["attacked"]
    for row, area, effective in zip(found, (12.47, 30.16, 208.52), (4.98e-5, 4.84e-4, 3.09e-3), strict=True):
        assert 1000 * row["aurc"] == pytest.approx(area, rel=5e-3)
        assert row["effective_radius"] == pytest.approx(effective, rel=5e-3)
