import contextlib

import pytest
import torch

import feint.training
from feint.errors import SpecError
from feint.training import seeded
from feint.training.augment import CropFlip
from feint.training.layout import arranged


def test_exports():
    names = "AdversarialClassifier Classifier Epoch History Perturb Recipe fit seeded"
    assert feint.training.__all__ == names.split()
    assert all(hasattr(feint.training, name) for name in feint.training.__all__)


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"weight_decay": -1.0},
        {"momentum": 1.0},
        {"patience": 0},
        {"validation_share": 1.0},
        {"share": 0.0},
        {"optimizer": "lion"},
        {"schedule": "step"},
        {"augment": "mixup"},
    ],
)
def test_recipe_names_the_value_it_refuses(recipe, values):
    ((name, value),) = values.items()
    with pytest.raises(SpecError, match=f"recipe expects {name} .*, got {value!r}$"):
        recipe(**values)


@pytest.mark.parametrize("values", [{"epochs": 1}, {"batch_size": 1}, {"patience": 1}, {"share": 1.0}])
def test_recipe_takes_what_lies_at_the_edge(recipe, values):
    (name,) = values
    assert getattr(recipe(**values), name) == values[name]


def test_steps_are_those_of_the_paper_on_out_domain_attacks(recipe):
    """A tenth after 30 of 80 epochs, a hundredth after 60."""
    asked = recipe(epochs=80, schedule="steps", learning_rate=0.01)
    rates = [asked.rate(epoch / 80) for epoch in range(80)]
    assert rates == pytest.approx([0.01] * 30 + [0.001] * 30 + [0.0001] * 20)


def test_recipe_is_a_value(recipe):
    assert recipe() == recipe()
    assert hash(recipe()) == hash(recipe())


def test_seeded_restores_after_an_exception():
    before = torch.get_rng_state()
    with contextlib.suppress(KeyError), seeded(1):
        {}[torch.rand(1)]
    assert torch.equal(before, torch.get_rng_state())


def test_crop_flip_shifts_and_mirrors():
    images = torch.rand(64, 3, 16, 8)
    crop_flip = CropFlip(64, (3, 16, 8), torch.Generator().manual_seed(0))
    positions = torch.randperm(64)
    outputs = crop_flip(images[positions], positions)
    for position, output in zip(positions.tolist(), outputs, strict=True):
        image = images[position]
        if crop_flip.mirrored[position]:
            framed = torch.nn.functional.pad(image, (1, 1, 2, 2))
            left, top = int(crop_flip.lefts[position]), int(crop_flip.tops[position])
            expected = framed[:, top : top + 16, left : left + 8].flip(2)
        else:
            framed = torch.nn.functional.pad(image, (1, 1, 2, 2))
            left, top = int(crop_flip.lefts[position]), int(crop_flip.tops[position])
            expected = framed[:, top : top + 16, left : left + 8]
        assert torch.equal(output, expected)
    assert crop_flip.mirrored.any()
    assert not crop_flip.mirrored.all()
    assert crop_flip.tops.unique().tolist() == [0, 1, 2, 3, 4]


def test_layout_does_not_depend_on_where_images_come_from():
    for channels in (1, 3):
        rows = torch.rand(2, channels, 4, 5)
        pixels = torch.empty(rows.shape, memory_format=torch.channels_last).copy_(rows)
        for images in (rows, pixels):
            assert arranged(images, False).stride() == rows.stride()
            assert arranged(images, True).stride() == pixels.stride()
            assert torch.equal(arranged(images, True), rows)
