"""The tables of the paper on out-domain attacks: rows, children, what stands beside, and victims that are there."""

import json

import numpy as np
import pytest

from feint.errors import SpecError
from feint.experiments.papers.out_domain import CIFAR, MNIST
from feint.experiments.papers.out_domain import paper as printed
from feint.experiments.papers.out_domain.beside import papers, whole
from feint.experiments.papers.out_domain.recipes import named, training
from feint.experiments.papers.out_domain.settings import ROWS, CifarSettings, MnistSettings
from feint.experiments.training import TRAINING, TrainingSettings
from feint.reports.text import text
from feint.runs.runners import local
from feint.victims.settings import VictimSettings

NETWORK = """
import torch
from torch import nn


def build():
    return nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 3))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images by split in three folders, foreign ones, and a network."""
    from PIL import Image

    folder, drawn = tmp_path_factory.mktemp("paper"), np.random.default_rng(0)
    (folder / "network.py").write_text(NETWORK)
    for split, count in (("train", 30), ("test", 24)):
        for at in range(count):
            place = folder / "own" / split / "abc"[at % 3] / f"{at:02d}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            pixels = drawn.integers(0, 100, (8, 8), dtype=np.uint8)
            pixels[:, (at % 3) * 2 : (at % 3) * 2 + 3] += 120
            Image.fromarray(pixels).save(place)
    np.savez(
        folder / "foreign.npz", images=drawn.integers(0, 256, (20, 8, 8), dtype=np.uint8), labels=np.arange(20) % 4
    )
    return folder


def settings(folder, **values):
    told = {
        "data": str(folder / "own"), "foreign": str(folder / "foreign.npz"),
        "network": f"{folder / 'network.py'}:build",
        "rows": "single,ensemble,adversarial-2,duq,sngp,sngp-25", "members": 2, "epochs": 2, "images": 15, "threads": 1,
        "radii": [0.1, 0.2], "batch_size": 10,
    }  # fmt: skip
    return MnistSettings.parse({**told, **values})


def run(folder, asked):
    return local.run(MNIST, asked, folder / "runs", victims=folder / "victims", allow_code=True, progress=False)


@pytest.fixture(scope="module")
def found(folder):
    return run(folder, settings(folder))


def rows(found, **where):
    return [row for row in found.summary["rows"] if all(row[name] == value for name, value in where.items())]


def test_the_rows_of_the_table(found):
    assert [each["row"] for each in found.summary["victims"]] == [
        "single", "ensemble", "adversarial-2", "duq", "sngp", "sngp-25",
    ]  # fmt: skip
    ensembles = {"ensemble", "adversarial-2"}
    for name in ("single", "ensemble", "adversarial-2", "duq", "sngp", "sngp-25"):
        attacks = {row["attack"] for row in rows(found, row=name, direction="accept")}
        expected = {"", "ten steps", "one step"} | ({"one step per member"} if name in ensembles else set())
        assert attacks == expected
        assert {row["attack"] for row in rows(found, row=name, direction="reject")} == {"", "ten steps"}
    factors = {each["row"]: each["mean_field"] for each in found.summary["victims"]}
    assert factors["sngp-25"] == 25
    assert factors["sngp"] == pytest.approx(np.pi / 8)
    assert factors["single"] is None
    assert all(row["reject_kernel"] is not None for row in rows(found, row="duq"))


def test_figures_are_those_of_the_runs_below(found):
    for row in found.summary["rows"]:
        child = found.run.children[f"attack-{row['row']}"]
        (below,) = [
            each
            for each in child["rows"]
            if (each["data"], each["attack"], each["radius"]) == (row["data"], row["attack"], row["radius"])
        ]
        assert row["reject"] == below["reject"][-1]
        assert row["entropy"] == below["entropy"]


def test_who_is_trained_once(found, folder):
    trained = {name for name in found.run.children if name.startswith("train-")}
    assert trained == {"train-ensemble", "train-adversarial-2", "train-duq", "train-sngp"}
    cards = {
        json.loads(path.read_text())["name"]: json.loads(path.read_text())
        for path in folder.glob("victims/*/card.json")
    }
    (hard,) = [card for name, card in cards.items() if name.startswith("out-domain-mnist-adversarial-2-")]
    assert hard["adversarial"]["radii"] == [0.2]
    assert hard["adversarial_loss"] == "mean"
    assert len(hard["members"]) == 2
    assert found.run.children["attack-ensemble"]["victims"][0]["members"] == 2
    assert found.run.children["attack-single"]["victims"][0]["members"] == 1


def test_the_report_says_what_is_known_of_the_release(found):
    said = " ".join(text(found.report).split())
    assert "member by member" in said
    assert "512" in said
    assert found.summary["release"] == list(printed.RELEASE)
    assert "ensembles of 2, 2 epochs" in found.summary["differences"]


def test_victims_that_are_there_are_taken(found, folder):
    common = {
        "network": f"{folder / 'network.py'}:build", "data": str(folder / "own"), "threads": 1,
        "recipe": {"epochs": 1, "training_batch": 8}, "members": 3,
    }  # fmt: skip
    for own in (
        {"name": "mine"},
        {"name": "hard", "adversarial": "fgsm:radii=0.2"},
        {"name": "odd", "adversarial": "fgsm"},
    ):
        local.run(
            TRAINING,
            TrainingSettings.parse({**common, **own}),
            folder / "runs",
            victims=folder / "victims",
            progress=False,
        )
    taken = run(folder, settings(folder, rows="single,ensemble,adversarial-2", trained=["mine", "hard"]))
    assert set(taken.run.children) == {"attack-single", "attack-ensemble", "attack-adversarial-2"}
    assert [each["members"] for each in taken.summary["victims"]] == [1, 3, 3]
    assert taken.run.children["attack-ensemble"]["rows"] != found.run.children["attack-ensemble"]["rows"]
    with pytest.raises(SpecError, match=r"expected one trained at 0.1 or 0.2, got odd, at 0.0313"):
        run(folder, settings(folder, trained="odd"))
    with pytest.raises(SpecError, match="expected one for each row"):
        run(folder, settings(folder, trained=["mine", "mine"]))


@pytest.mark.parametrize("experiment", ["out-domain-mnist", "out-domain-cifar"])
def test_every_figure_of_the_paper_stands_beside_the_same_row_attack_and_radius(experiment):
    radii, table = printed.TABLES[experiment]
    assert len(whole(experiment)) == 4 * len(table) == 24
    for row, values in table.items():
        ours = "sngp-25" if row == "sngp" else row
        attack = "one step per member" if row in ("ensemble", "adversarial-1", "adversarial-2") else "ten steps"
        assert papers(experiment, ours, "", None) == {"entropy": values.entropy, "reject": values.reject}
        for at, radius in enumerate(radii):
            expected = {"entropy": values.entropies[at], "reject": values.rejects[at]}
            assert papers(experiment, ours, attack, radius) == expected
            assert papers(experiment, ours, "one step", radius) is None
        assert papers(experiment, ours, attack, 0.5) is None
    assert papers(experiment, "single", "", None) is None
    assert papers(experiment, "sngp", "", None) is None, "the paper's factor is the released one"


def test_quick_and_full_recipes():
    told = {"data": "a", "foreign": "b"}
    quick = MnistSettings.parse({**told, "quick": True}).filled()
    assert (quick.members, quick.epochs, quick.training_images, quick.images) == (2, 3, 20_000, 500)
    assert quick.rows == ROWS
    assert training(quick, "ensemble", "x").test.limit == 2000
    assert training(quick, "duq", "x").recipe.learning_rate == 0.15
    full = training(MnistSettings.parse({**told, "recipe": "paper"}).filled(), "ensemble", "x")
    recipe = full.recipe
    assert full.test.limit is None
    assert (full.members, recipe.epochs, recipe.training_batch, recipe.learning_rate) == (10, 80, 256, 0.01)
    assert (recipe.optimizer, recipe.momentum, recipe.weight_decay, recipe.schedule) == ("sgd", 0.9, 1e-4, "steps")
    small = CifarSettings.parse({**told, "quick": True}).filled()
    assert small.network is not None
    assert (small.network.name, small.training_images, small.radii) == ("cifar-resnet20", 2000, (0.016, 0.031, 0.063))
    large = training(CifarSettings.parse(told).filled(), "duq", "x")
    assert large.network.name == "cifar-resnet18"
    assert large.estimator.settings == {"length": 512}
    assert CIFAR.settings is CifarSettings


def test_names_go_by_what_is_trained():
    def name(identity=("images", "network"), **values):
        asked = MnistSettings.parse({"data": "a", "foreign": "b", "epochs": 1, **values}).filled()
        return named(training(asked, "duq", "x"), {"begins as": list(identity)}).name

    assert name().startswith("x-duq-")
    assert name() == name(radii=[0.5]), "how it is attacked is no part of it"
    assert len({name(), name(epochs=2), name(identity=("others", "network"))}) == 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"data": {"source": "a", "limit": 5}}, "limit: expected none"),
        ({"adversarial_radii": [0.1]}, "adversarial-radii: expected two"),
        ({"quick": True, "recipe": "paper"}, "recipe: expected ours"),
        ({"rows": ["duc"]}, "rows: expected"),
        ({"rows": []}, "row: expected at least one"),
    ],
)
def test_what_is_refused(values, expected):
    with pytest.raises(SpecError, match=expected):
        MnistSettings.parse({"data": "a", "foreign": "b", **values})


def test_a_victim_of_a_foreign_kind(folder):
    assert VictimSettings(card="x").title == "x"
    with pytest.raises(SpecError, match="victim: expected one in"):
        run(folder, settings(folder, trained="nobody"))
