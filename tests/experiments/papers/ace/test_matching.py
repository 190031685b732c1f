"""Which rows of the paper stand beside ours."""

import pytest

from feint.experiments.papers.ace import paper
from feint.experiments.papers.ace.matching import TABLES, papers_rows

OURS = {
    paper.TEN: "black box, 2 proxies",
    paper.MATCHING: "black box, matching proxies",
    paper.FOREIGN: "black box, foreign proxies",
    paper.INDIRECT_PROXIES: "black box",
    paper.DIRECT: "direct",
    paper.INDIRECT: "indirect",
}
PAPER = {
    "ace-softmax": (1, paper.PAPER_TABLE_1),
    "ace-ensemble": (2, paper.PAPER_TABLE_2),
    "ace-mc-dropout": (3, paper.PAPER_TABLE_3),
    "ace-selectivenet": (4, paper.PAPER_TABLE_4),
}


def victims(rows):
    return [row["victim"] for row in rows]


def test_every_table_is_the_papers():
    assert TABLES == PAPER


@pytest.mark.parametrize("experiment", PAPER)
def test_every_row_of_the_paper_stands_beside_the_same_setting_and_radius(experiment):
    table = PAPER[experiment][1]
    for row in table:
        found = papers_rows(experiment, "ours", OURS[row.setting], row.epsilon or None)
        assert row._asdict() in found
        assert all((each["setting"], each["epsilon"]) == (row.setting, row.epsilon) for each in found)
        assert len(found) == len({each.victim for each in table})
        assert papers_rows(experiment, "ours", OURS[row.setting], 0.3) == []


@pytest.mark.parametrize("experiment", list(PAPER)[:3])
def test_of_a_white_box_the_papers_first_tables_have_nothing(experiment):
    for setting in ("white box", "white box, direct", "white box, indirect", "black box, other proxies"):
        if experiment != "ace-softmax" or setting.startswith("white"):
            assert papers_rows(experiment, "ours", setting, None) == []
            assert papers_rows(experiment, "ours", setting, 5e-3) == []


def test_a_victim_of_the_papers_stands_beside_itself_alone():
    black = OURS[paper.TEN]
    assert victims(papers_rows("ace-softmax", "imagenet_mobilenet_v2_100_224_qat", black, 0.05)) == ["MobileNetV2"]
    assert victims(papers_rows("ace-softmax", "vgg16", black, None)) == ["VGG16"]
    assert len(papers_rows("ace-softmax", "mobilenet_v1", black, 0.05)) == 5
    assert victims(papers_rows("ace-selectivenet", "cifar-resnet18", "direct", 5e-3)) == [paper.RESNET18]


def test_as_many_passes_stand_beside_each_other():
    found = papers_rows("ace-mc-dropout", "cnn, 10 passes", "black box", 5e-3)
    assert victims(found) == ["MobileNetV2, 10 passes", "VGG16, 10 passes"]
    assert len(papers_rows("ace-mc-dropout", "cnn, 20 passes", "black box", 5e-3)) == 4
    assert victims(papers_rows("ace-mc-dropout", "vgg16, 30 passes", "black box", None)) == ["VGG16, 30 passes"]
