"""Table 1 of Smith & Gal 2018: which uncertainty of a classifier of cats and dogs sees an attack.

A pretrained network's features stay as they are; dropout of 0.5 and a linear layer are trained on top. FGSM, BIM and
MIM (L-inf, 5/255 and 10/255) attack the deterministic and the MC dropout network, each for itself, from their own
predictions. ``as-released`` repeats what the authors' script does to its negatives and to attacked images (its bounds);
``corrected`` has neither.

Reference: Smith & Gal 2018, "Understanding Measures of Uncertainty for Adversarial Example Detection", table 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, final

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from feint import data, networks, training
from feint.batching import padded_batches
from feint.data import Dataset, Example, Images
from feint.data.kinds import Targets
from feint.errors import NetworkError, SpecError
from feint.experiments.detection_part import GREY, Detection, Noise, Threat
from feint.experiments.detection_report import detection_report
from feint.experiments.detection_run import compute, summarise
from feint.experiments.detection_scores import mean_measures, of_victim
from feint.experiments.label_attack import LabelAttackSpec
from feint.experiments.machine import default_batch_size
from feint.experiments.noise import RELEASED_BOUNDS
from feint.experiments.run import Array, begun, head, kept, part_count
from feint.experiments.spec import RunSpec, VictimSpec
from feint.experiments.victim import Victim
from feint.results import RunFolder
from feint.results.detection_page import write_figures, write_page

Protocol = Literal["corrected", "as-released"]
NOISE: dict[Protocol, Noise] = {"corrected": "noise", "as-released": GREY}
GREY_LEVEL = 255
STEPS = 10
RADII = {5: 0.5, 10: 1.2}
"""Of 255: the radius, and the step of the iterated attacks."""

Score = Literal["deterministic entropy", "MC entropy", "MC mutual information"]
PAPER: dict[Score, dict[int, dict[str, float]]] = {
    "deterministic entropy": {
        5: {"bim": 0.32, "fgsm": 0.44, "mim": 0.35},
        10: {"bim": 0.30, "fgsm": 0.50, "mim": 0.35},
    },
    "MC entropy": {5: {"bim": 0.07, "fgsm": 0.43, "mim": 0.05}, 10: {"bim": 0.07, "fgsm": 0.48, "mim": 0.05}},
    "MC mutual information": {
        5: {"bim": 0.73, "fgsm": 0.56, "mim": 0.66},
        10: {"bim": 0.71, "fgsm": 0.53, "mim": 0.66},
    },
}
"""AUC of table 1, by detector, radius of 255, and attack (the paper calls FGSM the FGM)."""

DIFFERENCES = (
    "as-released repeats the released script's noise, the bounds that it clips attacked images to, and its measures. "
    "Not repeated: its features are a ResNet-50's and its images Asirra's, here they are those named on the command "
    "line; it draws the images that it attacks, leaves clean and adds noise to apart from each other, here they are "
    "the same; it gives the bounds to its attacks, here they run inside [0, 1] and the images that they end with are "
    "clipped; its successful attacks end at a wrong label, here at another than the clean image's; its MC network "
    "draws anew at every step of an attack, here it keeps its draws"
)
RECIPE = training.Recipe(epochs=60, batch_size=64, learning_rate=1e-3, weight_decay=1e-4)
DETERMINISTIC, MC = "deterministic", "MC dropout"


@final
class SmithGalSpec(RunSpec):
    """What to run the experiment on.

    Attributes:
        source: labelled images of two or more classes with a train and a test split.
        features: "file.py:function", which returns a module from images in [0, 1] to features (N, F).
        images: so many test images, evenly spaced; None for all.
        resize: short side in pixels, or None.
        crop: side of the centre crop, or None.
        passes: of MC dropout.
        resamples: of the bootstrap.
    """

    source: str
    features: str
    images: Annotated[int, Field(gt=0)] | None = None
    resize: Annotated[int, Field(gt=0)] | None = None
    crop: Annotated[int, Field(gt=0)] | None = None
    passes: Annotated[int, Field(gt=1)] = 20
    resamples: Annotated[int, Field(ge=0)] = 200


@final
@dataclass(frozen=True, eq=False)
class Thinned:
    """Some of the images of a data set, evenly spaced: sorted class folders keep their classes in balance."""

    dataset: Dataset
    count: int
    seekable: bool = True
    inputs: type[Images] = Images

    @property
    def targets(self) -> Targets:
        """Class names, by label."""
        return self.dataset.targets

    def __len__(self) -> int:
        return self.count

    def where(self, sample: int) -> str:
        """Which image."""
        return f"{self.dataset.name}, image {self._position(sample)}"

    def read(self, start: int, stop: int) -> Iterator[Example]:
        """Read a range."""
        for sample in range(start, stop):
            found = self.dataset.gather([self._position(sample)])
            yield Example(sample, found.inputs[0].permute(1, 2, 0).numpy(), int(found.targets[0]))

    def fingerprint(self) -> str:
        """Of the whole set, and which of it."""
        return f"{self.dataset.fingerprint()} {self.count} evenly"

    def _position(self, sample: int) -> int:
        return sample * len(self.dataset) // self.count


@final
@dataclass(frozen=True, eq=False)
class Features:
    """Cached features, as the images of one pixel that training gathers."""

    values: Float[Tensor, " N F"]
    labels: Int[Tensor, " N"]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """F channels of one pixel."""
        return self.values.shape[1], 1, 1

    def gather(self, positions: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Features, labels and indices at some positions."""
        rows = torch.as_tensor(positions)
        return self.values[rows, :, None, None], self.labels[rows], rows


def reproduce_smith_gal(
    spec: SmithGalSpec, root: Path, *, command: str = "", fresh: bool = False, progress: bool = True
) -> dict[str, Any]:
    """Run the experiment, or read it where it is there already.

    Args:
        spec: on what.
        root: where run folders lie.
        command: the command line to show.
        fresh: compute again what is there.
        progress: bars on standard error.

    Returns:
        ``summary.json``: ``rows`` of the table, the accuracy, mean entropies by kind of input, and all scores.

    Raises:
        FeintError: bad input, or a folder that cannot be written.
    """
    train, test = (
        data.load(spec.source, split=split, resize=spec.resize, crop=spec.crop) for split in ("train", "test")
    )
    if train.fingerprint() == test.fingerprint():
        raise SpecError(f"data: expected a source with a train and a test split, got {spec.source}")
    whole = test
    if spec.images is not None and spec.images < len(test):
        test = Dataset(test.name, Thinned(test, spec.images))
    # The victims are trained inside the run, on features that it keeps.
    with begun(spec, test, [], progress=progress) as (spec, _, batch_size):
        features = networks.load(spec.features).to(torch.device(spec.device))
        features.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        identity = {
            **spec.model_dump(mode="json"),
            "images": [train.fingerprint(), test.fingerprint()],
            "bounds": RELEASED_BOUNDS,
            "weights": networks.fingerprint(features) + networks.behaviour(features, train.shape, spec.device),
        }
        with torch.inference_mode():
            _rows(features.eval(), torch.full((2, *train.shape), 0.5, device=spec.device))
        parts = part_count(test, batch_size, 2)
        with RunFolder.open(root, "smith-gal-table-1", identity, parts=parts, fresh=fresh) as folder:
            if folder.is_complete:
                return folder.summary
            network = trained(features, train, folder, spec, progress)
            victims = [
                Victim(each, [network], len(train.classes), spec.seed, train.shape, spec.device)
                for each in (
                    VictimSpec(name=DETERMINISTIC),
                    VictimSpec(name=MC, estimator="mc-dropout", draws=spec.passes),
                )
            ]
            noises = tuple(NOISE.values())
            work = Detection(victims, [threats()] * 2, test, noises, 1, spec.seed, batch_size, spec.device)
            work.check()
            accuracy = _accuracy(network, features, whole, folder, spec, progress)
            compute(work, folder, progress)
            table = folder.read()
            found: dict[Protocol, Any] = {
                protocol: summarise(work, table, noise, resamples=spec.resamples) for protocol, noise in NOISE.items()
            }
            summary = {
                "run": head(folder, command),
                "data": spec.source,
                "protocol": "corrected",
                "differences": DIFFERENCES,
                "accuracy": accuracy,
                "accuracy_images": len(whole),
                "rows": rows_of(found),
                "means": {victim.name: mean_measures(of_victim(table, which)) for which, victim in enumerate(victims)},
                "victims": found["corrected"],
                "victims_as_released": found["as-released"],
            }
            writers: dict[Protocol, Any] = {"as-released": write_figures, "corrected": write_page}
            for protocol, write in writers.items():
                told = {**summary, "protocol": protocol, "victims": found[protocol]}
                write(folder, detection_report(folder, table, told, NOISE[protocol], levels=GREY_LEVEL), protocol)
            folder.finish(summary)
            return folder.summary


def threats() -> list[Threat]:
    """FGSM, BIM and MIM at both radii: by attack, then by radius, as figures show them."""
    found: list[Threat] = []
    for kind in ("bim", "fgsm", "mim"):
        for radius, step in RADII.items():
            attack = LabelAttackSpec(kind=kind)
            if kind != "fgsm":
                attack = LabelAttackSpec(kind=kind, steps=STEPS, step=step / GREY_LEVEL)
            found.append(Threat(name=kind, radius=radius / GREY_LEVEL, attack=attack))
    return found


def trained(
    features: nn.Module, train: Dataset, folder: RunFolder, spec: SmithGalSpec, progress: bool
) -> nn.Sequential:
    """The features with dropout and a linear layer on top, trained on cached features.

    Raises:
        NetworkError: features that are not one row per image.
    """
    cached = _cached(features, train, folder, "train", spec, progress)
    with training.seeded(spec.seed):
        head = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(cached.shape[0], len(train.classes)))
    training.fit(head, cached, recipe=RECIPE, seed=spec.seed, progress=False)
    return nn.Sequential(features, head[1], head[2].to(torch.device(spec.device))).eval()


def _accuracy(
    network: nn.Sequential, features: nn.Module, test: Dataset, folder: RunFolder, spec: SmithGalSpec, progress: bool
) -> float:
    """On all test images, from cached features."""
    cached = _cached(features, test, folder, "test", spec, progress)
    with torch.inference_mode():
        logits = network[2](cached.values.to(spec.device))
    return (logits.argmax(1).cpu() == cached.labels).double().mean().item()


def _cached(
    features: nn.Module, images: Dataset, folder: RunFolder, name: str, spec: SmithGalSpec, progress: bool
) -> Features:
    """Features of all images, computed once per run folder."""

    def compute() -> dict[str, Array]:
        values, labels = _compute_features(features, images, spec, progress)
        return {"values": values.numpy(), "labels": labels.numpy()}

    found = kept(folder, f"features-{name}.npz", compute)
    return Features(torch.as_tensor(found["values"]), torch.as_tensor(found["labels"]))


def _compute_features(
    features: nn.Module, images: Dataset, spec: SmithGalSpec, progress: bool
) -> tuple[Float[Tensor, " N F"], Int[Tensor, " N"]]:
    from tqdm import tqdm

    size = spec.batch_size or default_batch_size(images.shape, spec.device)
    values: list[Tensor] = []
    labels: list[Tensor] = []
    features.eval()
    with torch.inference_mode(), tqdm(total=len(images), desc="features", disable=not progress) as bar:
        for batch in images.batches(size):
            for inputs, _, count in padded_batches(batch.inputs.to(spec.device), batch.samples, size):
                values.append(_rows(features, inputs)[:count].float().cpu())
            labels.append(batch.targets)
            bar.update(len(batch.targets))
    return torch.cat(values), torch.cat(labels)


def _rows(features: nn.Module, images: Float[Tensor, " N channels height width"]) -> Float[Tensor, " N F"]:
    """Features of images.

    Raises:
        NetworkError: they are not one row per image.
    """
    found: object = features(images)
    if not isinstance(found, Tensor) or found.ndim != 2 or len(found) != len(images):
        came = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise NetworkError(f"features: expected (N, F) for {len(images)} images, got {came}")
    return found


def rows_of(found: dict[Protocol, Any]) -> list[dict[str, Any]]:
    """The table: one row per detector, radius and attack, with the paper's AUC and ours under both protocols."""
    which: dict[Score, tuple[int, str]] = {
        "deterministic entropy": (0, "predictive_entropy"),
        "MC entropy": (1, "predictive_entropy"),
        "MC mutual information": (1, "mutual_information"),
    }
    rows: list[dict[str, Any]] = []
    for detector, (victim, measure) in which.items():
        for radius, attacks in PAPER[detector].items():
            for attack, paper in attacks.items():
                row: dict[str, Any] = {"detector": detector, "attack": attack, "radius": radius, "paper": paper}
                for protocol, victims in found.items():
                    entry = next(
                        each
                        for each in victims[victim]["attacks"]
                        if each["attack"] == attack and round(GREY_LEVEL * each["radius"]) == radius
                    )
                    row[f"{protocol}, changed"] = entry["changed"]
                    row[protocol] = entry["all"][measure]["auroc"]
                    successful = entry["successful"]
                    row[f"{protocol} (S)"] = None if successful is None else successful[measure]["auroc"]
                rows.append(row)
    return rows


def text_rows(rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Heads and cells of the table in a terminal."""

    def area(scores: Sequence[float] | None) -> str:
        return "-" if scores is None else f"{scores[1]:.2f} [{scores[0]:.2f}, {scores[2]:.2f}]"

    heads = ["detector", "attack", "of 255", "paper"]
    for protocol in NOISE:
        heads += ["changed %", protocol.replace("-", " "), "(S)"]
    cells: list[list[str]] = []
    for row in rows:
        cells.append([row["detector"], row["attack"], str(row["radius"]), f"{row['paper']:.2f}"])
        for protocol in NOISE:
            cells[-1].append(f"{100 * row[f'{protocol}, changed']:.0f}")
            cells[-1] += [area(row[name]) for name in (protocol, f"{protocol} (S)")]
    return heads, cells
