"""The paper's figures: whole, and in agreement with what its own text says of them."""

import re
from pathlib import Path

import pytest

from feint.experiments.papers.ace import paper
from feint.experiments.papers.ace.paper import PAPER_CLAIMS, PAPER_TABLE_1, PAPER_TABLE_2, PAPER_TABLE_3, PAPER_TABLE_4

TABLES = {1: PAPER_TABLE_1, 2: PAPER_TABLE_2, 3: PAPER_TABLE_3, 4: PAPER_TABLE_4}
BLOCKS = {1: 5, 2: 2, 3: 4, 4: 4}


def blocks(table):
    rows = TABLES[table]
    return [rows[start : start + 4] for start in range(0, len(rows), 4)]


@pytest.mark.parametrize("table", TABLES)
def test_blocks_of_one_victim_and_setting_begin_clean_and_get_worse(table):
    assert len(TABLES[table]) == 4 * BLOCKS[table]
    assert len({row[:2] for row in TABLES[table]}) == BLOCKS[table]
    radii = (0, 5e-5, 5e-4, 5e-3) if table == 4 else (0, 5e-4, 5e-3, 5e-2)
    for block in blocks(table):
        assert len({row[:2] for row in block}) == 1
        assert tuple(row.epsilon for row in block) == radii
        assert all(0 < row.effective <= row.epsilon for row in block[1:])
        for name in ("aurc", "brier"):
            values = [getattr(row, name) for row in block]
            assert values == sorted(values)
        risks = [row.selective_risk for row in block]
        assert risks == sorted(risks) if table == 4 else risks == [None] * 4


@pytest.mark.parametrize("table", [1, 2, 4])
def test_accuracy_is_unharmed_where_nothing_is_drawn(table):
    assert all(len({row.accuracy for row in block}) == 1 for block in blocks(table))


def test_the_same_victim_is_the_same_when_clean():
    for table in (2, 4):
        clean = {(block[0].victim, *block[0][3:]) for block in blocks(table)}
        assert len(clean) == len({block[0].victim for block in blocks(table)})


def test_table_1_says_what_the_text_says_of_it():
    for clean, *_, attacked in blocks(1):
        assert 3.5 <= attacked.aurc / clean.aurc <= 6.54
        assert 1.6 < attacked.brier / clean.brier < 2


def test_table_4_says_what_the_text_says_of_it():
    direct, indirect = blocks(4)[2:]
    assert direct[0].victim == paper.VGG16
    assert [direct[0].selective_risk, direct[3].selective_risk, indirect[3].selective_risk] == [0.0067, 0.0772, 0.0829]


def test_claims_have_a_key_each():
    assert len({claim.name for claim in PAPER_CLAIMS}) == len(PAPER_CLAIMS)


def test_the_documentation_answers_every_claim():
    documented = (Path(__file__).parents[4] / "docs" / "ace-results.md").read_text().split("## The paper's claims")[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in documented.splitlines() if "| `" in line]
    assert [re.findall("`(.+?)` ", row[0] + " ")[0] for row in rows] == [claim.name for claim in PAPER_CLAIMS]
    for row in rows:
        assert re.match("(for|against|partly|no evidence yet)(, |: |$)", row[4]), row
        assert row[3]
