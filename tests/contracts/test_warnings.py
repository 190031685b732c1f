"""What must be known before a number is believed is said by every experiment that asks a victim, and everywhere."""

import json

import pytest

from feint.app.cli import main
from feint.reports.page import page

from .conftest import EVERY
from .experiments import line

UNTRAINED = ("train", "smith-gal-table-1", "ace-selectivenet", "out-domain-mnist", "out-domain-cifar")
"""Of whose victims nothing is declared: not trained before, or with heads of their own."""
SEVERAL = ("ood",)
"""Whose attack here is on the members of an ensemble."""


@pytest.mark.parametrize("name", [name for name in EVERY if name not in UNTRAINED])
def test_probabilities_taken_for_logits_are_said(bench, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    case = bench.case(name)
    only = {"network": [bench.inputs["networks.py:probable"]], "average": None, "size": None}
    if name in SEVERAL:
        only = {"network": [bench.inputs[f"networks.py:{each}"] for each in ("probable", "likely")]}
    arguments = line(case, {flag: only[flag] for flag in only if flag in case.flags})
    title = ["reproduce", name] if name.startswith("ace-") else [name]
    assert main([*title, *arguments, "--victims", str(bench.inputs.victims), "--quiet", "--json", "--allow-code"]) == 0
    out, err = capsys.readouterr()
    warnings = json.loads(out)["warnings"]
    (said,) = (each for each in warnings if "declared as logits, but look like probabilities" in each)
    assert f"feint: warning: {said}\n" in err


@pytest.mark.parametrize("name", [name for name in EVERY if name != "train"])
def test_what_is_warned_of_stands_at_the_top_of_the_page(bench, name):
    result = bench.reference(name)
    assert result.report.warnings == tuple(result.summary["warnings"])
    assert len(set(result.report.warnings)) == len(result.report.warnings)
    assert ('<aside class="warnings"' in page(result.report)) == bool(result.report.warnings)
