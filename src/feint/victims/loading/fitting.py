"""What estimators are fitted to that are put around a trained network: which images, and that they are others."""

from typing import Final

from feint.data import Dataset
from feint.errors import SpecError
from feint.runs.machine import Machine
from feint.victims.data import load_data
from feint.victims.settings import DataSettings, EstimatorWord
from feint.victims.whole import is_fitted

DIGITS: Final = DataSettings(source="digits", split="train")
"""What the embedded network was trained on."""


def fitted_to(word: EstimatorWord, trained_on: DataSettings | None) -> EstimatorWord:
    """An estimator's word with the images that it is fitted to; as it is, if it is not fitted to any.

    Args:
        word: the estimator.
        trained_on: what its network was trained on, if that is known: where the word names no images, or says only how
            many of them.

    Raises:
        SpecError: images for an estimator that needs none, or none for one that needs them.
    """
    if not is_fitted(word):
        if word.fit is not None:
            raise SpecError(f"{word.name}.fit: expected none, for nothing in it is fitted, got {word.fit.source}")
        return word
    said = {} if word.fit is None else {name: getattr(word.fit, name) for name in word.fit.model_fields_set}
    if "source" in said:
        return word
    if trained_on is None:
        raise SpecError(
            f"{word.name}.fit: expected the images that it is fitted to, as in {word.name}:fit=path/to/train, got none"
        )
    return word.but(fit=trained_on.but(**said))


def load_fitting(word: EstimatorWord, dataset: Dataset, machine: Machine) -> Dataset | None:
    """The images that an estimator is fitted to, numbered as those that it will see; None if it is not fitted to any.

    Args:
        word: resolved (``fitted_to``).
        dataset: what it will be asked about.
        machine: has what was handed in as an object.

    Raises:
        DataError: they cannot be read, or have classes that the data lack.
        SpecError: none are named; they are of another shape than the data, or some of them are among the data.
    """
    if not is_fitted(word):
        return None
    word = fitted_to(word, None)
    assert word.fit is not None
    found = load_data(word.fit, machine).matched(dataset.classes)
    if found.shape != dataset.shape:
        expected, came = ("x".join(map(str, shape)) for shape in (dataset.shape, found.shape))
        raise SpecError(f"{word.name}.fit: expected images of {expected}, as {dataset.name} has, got {came}")
    if found.overlaps(dataset):
        raise SpecError(
            f"{word.name}.fit: expected other images than those that are judged, got some of {word.fit.source} for both"
        )
    return found
