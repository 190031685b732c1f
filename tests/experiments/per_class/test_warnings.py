"""What must be known before the figures of a run by class are believed."""

from types import SimpleNamespace

import pyarrow as pa

from feint.experiments.per_class.summary import COLUMNS, summarise

CLEAN = {"condition": "clean", "radius": 0.0, "softmax": 0.5, "variance": 0.1, "native": 0.5, "directionless": False}
ABOUT = {"victims": ["own"], "classes": ["a", "b", "c"], "outputs": [3], "data": "four images", "warnings": []}


def run_of(records):
    table = pa.Table.from_pylist(records).select(COLUMNS)
    return SimpleNamespace(
        settings=SimpleNamespace(passes=3, attack_passes=3),
        about=ABOUT,
        table=lambda name: SimpleNamespace(read=lambda columns, victim: table),
    )


def records(right, lost=0):
    """Four images, clean and attacked; attacked none is predicted right, and so many have no gradient."""
    clean = [{**CLEAN, "sample": at, "label": at % 3, "prediction": (at + (at >= right)) % 3} for at in range(4)]
    attacked = [
        {**each, "condition": "fgsm", "radius": 0.1, "prediction": (each["label"] + 1) % 3, "directionless": at < lost}
        for at, each in enumerate(clean)
    ]
    return [*clean, *attacked]


def test_accuracy_is_that_of_the_images_without_an_attack():
    assert summarise(run_of(records(right=4)))["warnings"] == []
    (said,) = summarise(run_of(records(right=0)))["warnings"]
    assert said.startswith("every clean image is misclassified")


def test_a_class_without_a_name_is_called_by_its_number():
    run = run_of(records(right=4))
    run.about = {**ABOUT, "classes": ["a", "b"]}
    (victim,) = summarise(run)["victims"]
    assert [each["name"] for each in victim["conditions"][0]["classes"]] == ["a", "b", "2"]


def test_inputs_without_a_gradient_are_counted_of_all_images():
    (said,) = summarise(run_of(records(right=4, lost=1)))["warnings"]
    assert said.startswith("fgsm at 0.1: the gradient is zero everywhere for 1 of 4 images")
