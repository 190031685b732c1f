"""The line that training tells on."""

from dataclasses import asdict

from feint.training import Epoch, Recipe
from feint.training.progress import Bar


def test_the_line_goes_on_from_where_training_was(capsys):
    bar = Bar(Recipe(epochs=4), images=50, done=2)
    assert (bar.bar.total, bar.bar.n, bar.bar.unit) == (200, 100, " images")
    assert bar.bar.desc == "epoch 3/4: "
    bar.advance(30)
    assert bar.bar.n == 130
    bar.tell(Epoch(3, 0.12346, 0.5, 0.75, 1.0))
    assert bar.bar.desc == "epoch 4/4: "
    assert bar.bar.postfix == "loss=0.1235, validation loss=0.5000, accuracy=75.00 %"
    bar.tell(Epoch(4, 0.1, None, None, 1.0))
    assert (bar.bar.desc, bar.bar.postfix) == ("epoch 4/4: ", "loss=0.1000")
    bar.close()
    assert "epoch 4/4" in capsys.readouterr().err


def test_a_recipe_says_what_is_usual():
    assert asdict(Recipe()) == {
        "epochs": 10, "batch_size": 128, "optimizer": "adam", "learning_rate": 1e-3, "weight_decay": 0.0,
        "momentum": 0.9, "schedule": "constant", "patience": None, "validation_share": 0.1, "share": 1.0,
        "augment": "none", "channels_last": False,
    }  # fmt: skip
