import pytest

from feint.app.web.reading.compare import compare
from feint.app.web.reading.runs import Reader
from feint.reports import Figure

KEPT = Reader()
pytestmark = pytest.mark.usefixtures("plain_report")


@pytest.fixture
def run(root):
    return next((root / "runs").glob("audit-*"))


def test_runs_are_called_by_their_victims_and_what_tells_them_apart(run, tmp_path):
    from feint.app.cli import main

    asked = ["audit", "--limit", "40", "--radii", "0.05,0.1", "--seed", "1", "--quiet", "--out", str(tmp_path)]
    assert main(asked) == 0
    found = compare(KEPT, [run, next(tmp_path.glob("audit-*"))])
    (figure,) = (block for block in found.blocks() if isinstance(block, Figure))
    names = [f"the embedded digit network, seed {seed}" for seed in (0, 1)]
    assert [mark.name for mark in figure.panels[0].legend] == names
    for table in found.tables():
        if table.name == "compare":
            assert list(dict.fromkeys(row[0] for row in table.rows)) == names
        else:
            assert [column.title for column in table.columns[1:]] == names


def test_settings_that_differ_are_in_plain_words(run, tmp_path):
    from feint.app.cli import main

    asked = ["audit", "--limit", "40", "--radii", "0.1", "--crop", "8", "--quiet"]
    assert main([*asked, "--out", str(tmp_path)]) == 0
    (table,) = (
        each for each in compare(KEPT, [run, next(tmp_path.glob("audit-*"))]).tables() if each.name == "settings"
    )
    found = {row[0]: row[1:] for row in table.rows}
    assert found["radii"] == ("0.05, 0.1", "0.1")
    assert found["data.crop"] == ("none", "8")
    assert not [cell for row in table.rows for cell in row if "None" in cell or "[" in cell]
