"""What an audit does not import: libraries that cost more than all else that it does."""

import json
import subprocess
import sys

SCRIPT = """
import json, sys
from pathlib import Path
from feint.experiments.audit import AUDIT, AuditSettings
from feint.runs.runners import local

for asked in json.loads(sys.argv[1]):
    result = local.run(AUDIT, AuditSettings.parse(asked), Path(sys.argv[2]), progress=False)
    assert (result.folder / "report.html").is_file()
    found = [name for name in ("matplotlib", "plotly", "scipy.stats") if name in sys.modules]
    if found:
        sys.exit(f"{asked}: {found}")
"""


def test_an_audit_imports_no_library_for_plots_or_statistics(small, tmp_path):
    """Of one's own images and network, then of the digits, whose network is trained first."""
    common = {"radii": [0.01], "threads": 1}
    own = {**common, "data": small.data, "victim": {"networks": [small.network("build")]}}
    asked = json.dumps([own, {**common, "data": "digits"}])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, asked, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
