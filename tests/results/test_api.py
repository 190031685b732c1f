import subprocess
import sys

import feint.results


def test_the_public_names():
    assert feint.results.__all__ == [
        "MEASURE",
        "VARIANTS",
        "AuditReport",
        "ClassScore",
        "Confidences",
        "GalleryItem",
        "RiskCurve",
        "Rounding",
        "RunFolder",
        "Score",
        "column",
        "measures_of",
        "plain_table",
        "radius_text",
        "run_id",
        "schema",
        "select",
        "table",
        "versions",
        "write_report",
    ]


def test_no_torch_and_nothing_that_draws_is_imported():
    code = (
        "import sys, feint.results; print([name for name in ('torch', 'matplotlib', 'plotly') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
