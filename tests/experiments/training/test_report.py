"""What a training's report says of how it was done."""

import feint
from feint.reports import Facts, Figure, text


def test_a_recipe_is_told_in_words_and_each_member_by_its_number(tmp_path):
    (tmp_path / "small.py").write_text(
        "from torch import nn\n\n\ndef build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))\n"
    )
    recipe = {"epochs": 2, "training_batch": 20, "channels_last": True}
    settings = {"name": "small", "network": f"{tmp_path / 'small.py'}:build", "members": 2, "recipe": recipe}
    settings |= {"data": {"split": "train", "first": 60}, "test": {"first": 60}, "threads": 1}
    report = feint.run("train", settings, root=tmp_path, victims=tmp_path / "victims", allow_code=True).report
    (facts,) = (block for block in report.blocks() if isinstance(block, Facts))
    said = "epochs 2, training batch 20, optimizer adam, learning rate 1e-3, schedule constant, share 1, channels last"
    assert facts.items["recipe"] == said
    assert [block.title for block in report.blocks() if isinstance(block, Figure)] == ["Member 0", "Member 1"]
    headings = [line for line in text.text(report, full=True).splitlines() if line.startswith("#")]
    assert len(headings) == len(set(headings))
