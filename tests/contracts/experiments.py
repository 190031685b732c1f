"""Small settings for every experiment of the catalog, in flags and in Python, and what else each setting may be.

A new experiment adds one entry to CASES: how it is asked on small files, twice, and for every flag of its own another
value. Flags that experiments share are in CHANGES.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from feint.experiments.training import TRAINING, TrainingSettings
from feint.runs.runners import local

NETWORKS = '''
"""A user's networks, for images of any size."""

import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, seed, channels=1, dropout=0.5):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(dropout), nn.Linear(16 * channels, 3)
            )

    def forward(self, images):
        return 6 * self.layers(images - 0.5)


def a():
    return Small(0)


def b():
    return Small(1)


def c():
    return Small(2)


def probable():
    return nn.Sequential(Small(1), nn.Softmax(1))


def likely():
    return nn.Sequential(Small(2), nn.Softmax(1))


def d():
    return Small(3)


def rgb():
    return Small(4, channels=3)


def features():
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())


def linear():
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4, 3))


def other_features():
    return nn.Sequential(nn.AdaptiveMaxPool2d(2), nn.Flatten())
'''
ATTACK = '''
"""A user's attacks."""

from feint.attacks import ACE, FGSM, Bisection

strong = FGSM()
quiet = ACE()
'''
IMAGES, SIZE, CLASSES = 12, 2, 3
"""So many images in calls of so many: two pieces a stage, for a part is four calls."""


@dataclass(frozen=True)
class Inputs:
    """Files for all experiments.

    Attributes:
        folder: where they lie.
        victims: where trained victims lie.
    """

    folder: Path
    victims: Path

    def __getitem__(self, name: str) -> str:
        """A file's place, or a network's: "images.npz", "networks.py:a"."""
        return str(self.folder / name)


def write(folder: Path) -> Inputs:
    """Write images, networks, an attack, a victim of two dropout networks, an autoencoder, and two with selectors."""
    generator = np.random.default_rng(0)
    for name in ("images", "others", "train"):
        pictures = generator.integers(0, 256, (IMAGES, 8, 8), dtype=np.uint8)
        np.savez(folder / f"{name}.npz", images=pictures, labels=np.arange(IMAGES) % CLASSES)
    for split in ("train", "test"):
        for at in range(IMAGES):
            place = folder / "colour" / split / "abc"[at % CLASSES] / f"{at:02d}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(place)
    (folder / "networks.py").write_text(NETWORKS)
    (folder / "attack.py").write_text(ATTACK)
    weights = {"layers.3.weight": torch.linspace(-1, 1, 48).reshape(3, 16).sin(), "layers.3.bias": torch.zeros(3)}
    save_file(weights, folder / "a.safetensors")
    found = Inputs(folder, folder / "victims")
    common: dict[str, Any] = {
        "data": found["train.npz"],
        "test": {"source": found["others.npz"]},
        "recipe": {"epochs": 1, "validation_share": 0.0},
        "threads": 1,
    }
    network = {"members": 2, "network": found["networks.py:c"], "estimator": "mc-dropout:draws=3"}
    selector = {"network": found["networks.py:linear"], "estimator": "selective-net:coverage=0.6"}
    for own in (
        {"name": "pair", **network},
        {"name": "vae", "network": "vae:hidden=4"},
        {"name": "selector", **selector},
        {"name": "other-selector", **selector, "seed": 1},
    ):
        settings = TrainingSettings.parse({**common, **own})
        local.run(TRAINING, settings, folder / "trainings", victims=found.victims, progress=False)
    return found


Flags = Mapping[str, Any]
"""Flags by name: one value, several, True for a switch, None for one that is left out."""


@dataclass(frozen=True)
class Change:
    """Another value of a flag.

    Attributes:
        flags: what is said instead.
        beside: what must be said before and after for the flag to mean anything.
        reason: why there is no other value here.
    """

    flags: Flags = field(default_factory=dict)
    beside: Flags = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Case:
    """One experiment.

    Attributes:
        flags: how it is asked on the command line.
        values: the same in Python: other spellings wherever there are several.
        changes: other values of its own flags.
        words: positional arguments, by the flag that they are.
        data: the file that it reads.
        weights: whether networks with weights from a file take part.
    """

    flags: Flags
    values: Mapping[str, Any]
    changes: Mapping[str, Change]
    words: Sequence[str] = ()
    data: str = "images.npz"
    weights: bool = True


RUNNING: Flags = {"seed": 3, "batch-size": SIZE, "threads": 1, "device": "cpu"}
ASKED: Mapping[str, Any] = {"seed": 3, "batch_size": SIZE, "threads": 1}


def cases(at: Inputs) -> dict[str, Case]:
    """Every experiment of the catalog."""
    a, b, c, d = (at[f"networks.py:{name}"] for name in "abcd")
    weighted = f"{a}:weights={at['a.safetensors']}"
    words = [{"name": a, "weights": at["a.safetensors"]}, b]
    images = {"data": at["images.npz"], "split": "test"}
    ensemble: Flags = {"network": [weighted, b], "estimator": "mc-dropout:draws=3", "average": "probability"}
    told = {"networks": words, "estimator": {"name": "mc-dropout", "draws": 3}}
    shared = {
        **{name: Change({name: value}) for name, value in {"seed": 4, "batch-size": 3, "threads": 2}.items()},
        "device": Change(reason="a second kind of device is not there; settled ones are tested in tests/runs"),
        "data": Change({"data": at["others.npz"]}),
        "split": Change({"split": "train"}),
        "resize": Change({"resize": 6}, beside={"resize": 9}),
        "crop": Change({"crop": 7}),
        "limit": Change({"limit": 9}),
        "first": Change({"first": 9}),
        "channels": Change({"channels": "grey"}),
        "on-error": Change({"on-error": "skip"}),
        "victim": Change({"victim": "pair", "network": None, "average": None}),
        "network": Change({"network": [weighted, c]}),
        "estimator": Change({"estimator": "mc-dropout:draws=4"}),
        "average": Change({"average": "logit"}),
        "outputs": Change(
            {"outputs": "probabilities"}, beside={"network": [at["networks.py:probable"], at["networks.py:likely"]]}
        ),
        "defense": Change(reason="there are none yet"),
        "radii": Change({"radii": "0.1,0.2"}),
        "repeats": Change({"repeats": 2}),
        "resamples": Change({"resamples": 6}),
    }
    fixed = {name: Change({name: 8}) for name in ("resize", "crop")}  # an autoencoder is for images of one size
    scene: Flags = {"autoencoder": "vae", **ensemble, **images}
    scene_told = {"autoencoder": {"name": "vae"}, "victims": [told], "data": at["images.npz"]}
    scene_changes = {
        **shared,
        **fixed,
        "autoencoder": Change(reason="there is one; that its weights count is tested by a weight"),
    }
    ace: Flags = {**images, "network": [weighted, b], "white-radii": "0.05", "black-radii": ["0.05", "1/10"]}
    ace_told = {
        "data": {"source": at["images.npz"]},
        "networks": words,
        "white_radii": [0.05],
        "black_radii": "0.05,0.1",
    }
    ace_changes = {
        **shared,
        "victim": Change({"victim": "pair"}),
        "proxy": Change({"proxy": [d]}),
        "white-radii": Change({"white-radii": "0.06"}),
        "black-radii": Change({"black-radii": "0.06"}),
        "arithmetic": Change({"arithmetic": "as-released"}),
    }
    linear = at["networks.py:linear"]
    unlike = f"{linear}:weights={at.victims / 'other-selector' / 'member-0.safetensors'}"
    found = {
        "audit": Case(
            {
                **images,
                **ensemble,
                "attack": "ace:goal=reverse,search=bisection,search.tolerance=1/100",
                "radii": "0.05,0.1",
                "repeats": 1,
            },
            {
                "data": {"name": at["images.npz"]},
                "victim": told,
                "attack": {"name": "ace", "goal": "reverse", "search": {"name": "bisection", "tolerance": 0.01}},
                "radii": ["1/20", 0.1],
                "repeats": 1,
            },
            {
                **shared,
                "attack": Change({"attack": "ace:goal=reverse,search=bisection,search.tolerance=1/50"}),
                "proxy": Change({"proxy": [d]}),
                "proxy-average": Change({"proxy-average": "logit"}, beside={"proxy": [c, d]}),
                "indirect": Change({"indirect": True}),
                "truth": Change({"truth": d}),
                "any-label": Change({"any-label": True}),
                "measure": Change({"measure": "margin"}),
                "baseline": Change({"baseline": "none"}),
                "arithmetic": Change({"arithmetic": "as-released"}, beside={"attack": "ace:measure=max_probability"}),
            },
        ),
        "attack": Case(
            {**images, **ensemble, "attack": "pgd:steps=2,step=1/50", "radii": "0.05", "format": "npz", "repeats": 1},
            {
                "attack": {"name": "pgd", "steps": 2, "step": 0.02},
                "data": at["images.npz"],
                "victim": told,
                "radii": 0.05,
                "repeats": 1,
            },
            {
                **shared,
                "attack": Change({"attack": "pgd:steps=3,step=1/50"}),
                "format": Change({"format": "safetensors"}),
            },
            words=("attack",),
        ),
        "detect": Case(
            {
                **images,
                **ensemble,
                "attack": ["fgsm", "bim:evade=auto,steps=2,as=adaptive"],
                "radii": "0.1",
                "repeats": 1,
                "resamples": 5,
            },
            {
                "data": at["images.npz"],
                "victims": [told],
                "attacks": ["fgsm", {"name": "bim", "evade": "auto", "steps": 2, "as": "adaptive"}],
                "radii": [0.1],
                "repeats": 1,
                "resamples": 5,
            },
            {
                **shared,
                "compare": Change({"compare": True}, beside={"average": None}),
                "attack": Change({"attack": ["fgsm", "bim:evade=auto,steps=3,as=adaptive"]}),
                "protocol": Change(
                    {"protocol": "as-released"},
                    beside={"data": at["colour"], "network": [at["networks.py:rgb"]], "average": None},
                ),
            },
        ),
        "ood": Case(
            {
                **images,
                **ensemble,
                "foreign": at["others.npz"],
                "without": "2",
                "attack": ["fgsm", "pgd:steps=2,reach=1,start=1/1000,goal=accept,members=per-member,as=each"],
                "radii": "0.05,0.1",
            },
            {
                "data": at["images.npz"],
                "victims": [told],
                "foreign": [{"source": at["others.npz"]}],
                "without": [2],
                "attacks": [
                    "fgsm",
                    {
                        "name": "pgd",
                        "steps": 2,
                        "reach": 1,
                        "start": 0.001,
                        "goal": "accept",
                        "members": "per-member",
                        "as": "each",
                    },
                ],
                "radii": ["1/20", 0.1],
            },
            {
                **shared,
                "foreign": Change({"foreign": at["others.npz"] + ":first=9"}),
                "without": Change({"without": "0-1"}),
                "attack": Change({"attack": ["fgsm", "bim:steps=2,goal=reject"]}),
                "measure": Change({"measure": "margin"}),
                "across": Change(
                    {"across": True},
                    beside={
                        "victim": ["pair", "selector"],
                        "network": None,
                        "estimator": None,
                        "average": None,
                        "attack": "fgsm",
                    },
                ),
            },
        ),
        "span": Case(
            {**images, **ensemble, "attack": "iterative-ace:steps=2", "radii": "0.05,0.1", "threshold": "1/2"},
            {
                "data": at["images.npz"],
                "victim": told,
                "attack": {"name": "iterative-ace", "steps": "2"},
                "radii": [0.1, 0.05],
                "threshold": 0.5,
            },
            {
                **shared,
                "attack": Change({"attack": "iterative-ace:steps=3"}),
                "threshold": Change({"threshold": 0.6}),
            },
        ),
        "per-class": Case(
            {
                **images,
                **ensemble,
                "estimator": "mc-dropout",
                "passes": 3,
                "attack": "fgsm",
                "radii": "0.1",
                "attack-passes": 2,
            },
            {
                "data": at["images.npz"],
                "victims": [{**told, "estimator": {"name": "mc-dropout"}}],
                "passes": 3,
                "attacks": ["fgsm"],
                "radii": 0.1,
                "attack_passes": "2",
            },
            {
                **shared,
                "estimator": Change({"estimator": "mc-dropout:masks=independent"}),
                "rates": Change(reason="of built-in architectures alone, which take their time; tested beside it"),
                "passes": Change({"passes": 4}),
                "attack": Change({"attack": ["fgsm", "bim:steps=2"]}),
                "attack-passes": Change({"attack-passes": 1}),
            },
        ),
        "train": Case(
            {
                "name": "new",
                "data": at["train.npz"],
                "test-data": at["others.npz"],
                "network": a,
                "members": 2,
                "estimator": "mc-dropout:draws=3",
                "epochs": 2,
                "training-batch": 4,
                "optimizer": "sgd",
            },
            {
                "name": "new",
                "data": {"source": at["train.npz"]},
                "test": at["others.npz"],
                "network": {"name": a},
                "members": 2,
                "estimator": {"name": "mc-dropout", "draws": "3"},
                "recipe": {"epochs": 2, "training_batch": 4, "optimizer": "sgd"},
            },
            {
                **shared,
                "name": Change({"name": "newer"}),
                "data": Change({"data": at["images.npz"]}),
                "split": Change({"split": "test"}),
                "test-data": Change({"test-data": at["images.npz"]}),
                "test-split": Change({"test-split": "train"}),
                "test-resize": Change({"test-resize": 6}, beside={"resize": 6, "test-resize": 7, "test-crop": 6}),
                "test-crop": Change({"test-crop": 8}),
                **{f"test-{name}": Change({f"test-{name}": 9}) for name in ("limit", "first")},
                "test-channels": Change({"test-channels": "grey"}),
                "test-on-error": Change({"test-on-error": "skip"}),
                "network": Change({"network": b}),
                "members": Change({"members": 3}),
                "epochs": Change({"epochs": 3}),
                "training-batch": Change({"training-batch": 5}),
                "optimizer": Change({"optimizer": "adam"}),
                "learning-rate": Change({"learning-rate": "1/100"}),
                "weight-decay": Change({"weight-decay": 0.1}),
                "momentum": Change({"momentum": 0.5}),
                "schedule": Change({"schedule": "cosine"}),
                "patience": Change({"patience": 1}),
                "validation-share": Change({"validation-share": 0.2}),
                "share": Change({"share": 0.7}),
                "augment": Change({"augment": "crop-flip"}),
                "channels-last": Change({"channels-last": True}),
                "adversarial": Change({"adversarial": "fgsm:radii=0.1"}),
                "adversarial-loss": Change({"adversarial-loss": "mean"}, beside={"adversarial": "fgsm:radii=0.05"}),
            },
            words=("name",),
            data="train.npz",
            weights=False,
        ),
        "latent": Case(
            {**scene, "side": 5, "far": 0.5, "flagged": "1/4", "shown": 2},
            {**scene_told, "side": "5", "far": 0.5, "flagged": 0.25, "shown": 2},
            {
                **scene_changes,
                "side": Change({"side": 6}),
                "extent": Change({"extent": 3}),
                "far": Change({"far": 0.6}),
                "flagged": Change({"flagged": 0.3}),
                "shown": Change({"shown": 3}),
            },
        ),
        "interpolate": Case(
            {**scene, "pairs": 6, "paths": 2, "steps": 3, "resamples": 5},
            {**scene_told, "pairs": 6, "paths": 2, "steps": 3, "resamples": 5},
            {
                **scene_changes,
                "pairs": Change({"pairs": 7}),
                "paths": Change({"paths": 3}),
                "steps": Change({"steps": 4}),
            },
        ),
        "spread": Case(
            {**ensemble, **images, "foreign": at["others.npz"], "resamples": 5},
            {"victims": [told], "data": at["images.npz"], "foreign": [{"source": at["others.npz"]}], "resamples": 5},
            {
                **shared,
                "average": Change(reason="of averaged logits one draw is left, and there is nothing to compare"),
                "foreign": Change({"foreign": at["others.npz"] + ":first=9"}),
            },
        ),
        "ace-softmax": Case(ace, ace_told, ace_changes),
        "ace-ensemble": Case(
            {**ace, "matching-proxy": [c], "foreign-proxy": [d], "size": "1,2"},
            {**ace_told, "matching_proxies": [c], "foreign_proxies": {"name": d}, "sizes": [1, 2]},
            {
                **ace_changes,
                "matching-proxy": Change({"matching-proxy": [d]}),
                "foreign-proxy": Change({"foreign-proxy": [c]}),
                "size": Change({"size": "2"}),
            },
        ),
        "ace-mc-dropout": Case(
            {**ace, "network": [weighted], "proxy": [c, d], "draws": [2], "repeats": 1},
            {**ace_told, "networks": words[:1], "proxies": [c, d], "draws": "2", "repeats": 1},
            {**ace_changes, "network": Change({"network": [weighted, b]}), "draws": Change({"draws": "3"})},
        ),
        "ace-selectivenet": Case(
            {**images, "victim": ["selector"], "radii": "0.05,0.1"},
            {"data": at["images.npz"], "victims": [{"card": "selector"}], "radii": ["1/20", 0.1]},
            {
                **shared,
                "victim": Change({"victim": ["other-selector"]}),
                "network": Change(
                    {"network": [f"{linear}:weights={at.victims / 'selector' / 'member-0.safetensors'}"]},
                    beside={"victim": None, "estimator": "selective-net:coverage=0.6", "network": [unlike]},
                ),
                "estimator": Change({"estimator": "selective-net:coverage=0.8"}),
                "average": Change(reason="a victim with a selector is one network"),
                "outputs": Change(reason="a network with a selector returns what its estimator expects"),
            },
            weights=False,
        ),
        "smith-gal-table-1": Case(
            {"data": at["colour"], "features": at["networks.py:features"], "images": 9, "passes": 3, "resamples": 5},
            {
                "data": at["colour"],
                "features": {"name": at["networks.py:features"]},
                "images": 9,
                "passes": 3,
                "resamples": 5,
            },
            {
                **shared,
                "data": Change({"data": at["colour"], "resize": 8}),
                **{
                    name: Change(reason="both splits are taken whole, and anything else is refused")
                    for name in ("split", "limit", "first", "on-error")
                },
                "channels": Change({"channels": "rgb"}),
                "features": Change({"features": at["networks.py:other_features"]}),
                "images": Change({"images": 8}),
                "passes": Change({"passes": 4}),
            },
            data="colour/test/a/00.png",
            weights=False,
        ),
    }
    out_domain: Flags = {
        "data": at["colour"],
        "foreign": f"{at['colour']}:split=train",
        "network": at["networks.py:rgb"],
        "row": "ensemble,sngp,sngp-25",
        "members": 2,
        "epochs": 1,
        "images": 9,
        "training-images": 9,
        "radii": "0.05",
    }
    out_domain_told = {
        "data": {"source": at["colour"]},
        "foreign": [{"source": at["colour"], "split": "train"}],
        "network": {"name": at["networks.py:rgb"]},
        "rows": ["sngp-25", "ensemble", "sngp"],
        "members": 2,
        "epochs": 1,
        "images": 9,
        "training_images": 9,
        "radii": ["1/20"],
    }
    for table in ("out-domain-mnist", "out-domain-cifar"):
        found[table] = Case(
            out_domain,
            out_domain_told,
            {
                **shared,
                "data": Change({"data": at["colour"], "resize": 8}),
                **{
                    name: Change(reason="both splits are taken, and anything else is refused")
                    for name in ("split", "limit", "first")
                },
                "channels": Change({"channels": "rgb"}),
                "foreign": Change({"foreign": f"{at['colour']}:split=train,first=8"}),
                "without": Change({"without": "1"}),
                "victim": Change(reason="a card of a victim for such images; tested beside it"),
                "row": Change({"row": "ensemble,sngp"}),
                "images": Change({"images": 8}),
                "quick": Change({"quick": True}),
                "recipe": Change({"recipe": "paper"}),
                "members": Change({"members": 3}),
                "epochs": Change({"epochs": 2}),
                "training-images": Change({"training-images": 8}),
                "network": Change(reason="another file; that its code counts is tested by a file of other content"),
                "radii": Change({"radii": "0.06"}),
                "adversarial-radii": Change({"adversarial-radii": "0.1,0.3"}),
            },
            data="colour/test/a/00.png",
            weights=False,
        )
    own = {name: {key: case.flags[key] for key in case.flags} for name, case in found.items()}
    return {
        name: Case(
            {**RUNNING, **own[name]}, {**ASKED, **case.values}, case.changes, case.words, case.data, case.weights
        )
        for name, case in found.items()
    }


def line(case: Case, *changes: Flags) -> list[str]:
    """The arguments of a command, with some flags said otherwise."""
    flags = dict(case.flags)
    for change in changes:
        flags |= change
    words = [str(flags[name]) for name in case.words]
    found: list[str] = []
    for name, value in flags.items():
        if name in case.words or value is None:
            continue
        for each in value if isinstance(value, list) else [value]:
            found += [f"--{name}"] if each is True else [f"--{name}", str(each)]
    return [*words, *found]
