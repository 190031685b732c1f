"""What an audit does not import: libraries that cost more than all else that it does."""

import subprocess
import sys

SCRIPT = """
import sys
from pathlib import Path
from feint.experiments.audit import AUDIT, AuditSettings
from feint.runs import local

settings = {"data": sys.argv[1], "victim": {"networks": [sys.argv[2]]}, "radii": [0.01], "threads": 1}
result = local.run(AUDIT, AuditSettings.parse(settings), Path(sys.argv[3]), progress=False)
assert (result.folder / "report.html").is_file()
sys.exit(str(found) if (found := [name for name in ("matplotlib", "plotly", "scipy.stats") if name in sys.modules]) else 0)
"""


def test_an_audit_imports_no_library_for_plots_or_statistics(small, tmp_path):
    command = [sys.executable, "-c", SCRIPT, small.data, str(small.network("build")), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
