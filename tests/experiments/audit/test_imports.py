"""What an audit does not import: libraries that cost more than all else that it does."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pathlib import Path
from feint.experiments.audit import AUDIT, AuditSettings
from feint.runs.runners import local

settings = {"data": sys.argv[1], "radii": [0.01], "threads": 1}
settings |= {"victim": {"networks": [sys.argv[3]]}} if len(sys.argv) > 3 else {}
result = local.run(AUDIT, AuditSettings.parse(settings), Path(sys.argv[2]), progress=False)
assert (result.folder / "report.html").is_file()
found = [name for name in ("matplotlib", "plotly", "scipy.stats") if name in sys.modules]
sys.exit(str(found) if found else 0)
"""


@pytest.mark.parametrize("data", ["images", "digits"])
def test_an_audit_imports_no_library_for_plots_or_statistics(small, tmp_path, data):
    given = ["digits", str(tmp_path)] if data == "digits" else [small.data, str(tmp_path), small.network("build")]
    command = [sys.executable, "-c", SCRIPT, *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
