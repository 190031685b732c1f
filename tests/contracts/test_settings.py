"""What holds for the settings of every experiment: flags, YAML and Python, help, names, and what a run's id knows."""

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
import pytest
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file

from feint import catalog
from feint.app import experiment as commands
from feint.app import flags
from feint.app.run import read
from feint.runs import things
from feint.runs.grammar import Word

from .conftest import EVERY
from .experiments import Change, line


@pytest.fixture(params=EVERY)
def name(request):
    return request.param


def asked(bench: Any, name: str, *changes: Any) -> Any:
    """Settings from flags, with some of them said otherwise."""
    experiment = bench.experiment(name)
    known = flags.flags_of(experiment.settings)
    options = commands.parser_of(name, "", known).parse_all(line(bench.case(name), *changes))
    return experiment.settings.parse(flags.values_of(options, known))


def test_flags_yaml_and_python_are_one_run(bench, name, tmp_path):
    values = bench.case(name).values
    found = {"flags": asked(bench, name), "Python": bench.settings(name)}
    spelt = {"as told": json.loads(json.dumps(values)), "spelt out": bench.settings(name).plain()}
    for how, told in spelt.items():
        (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"experiment": name, **told}))
        ((_, found[how]),) = read(tmp_path / "asked.yaml")
    dashed = {key.replace("_", "-"): value for key, value in spelt["as told"].items()}
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump([{"experiment": name, **dashed}]))
    ((_, found["with dashes"]),) = read(tmp_path / "asked.yaml")
    run = bench.reference(name).run
    found["resolved"] = run.settings
    assert {how: bench.id_of(name, settings) for how, settings in found.items()} == dict.fromkeys(found, run.id)


def test_whatever_is_said_otherwise_is_another_run(bench, name):
    case, experiment = bench.case(name), bench.experiment(name)
    every = {flag.name for flag in flags.flags_of(experiment.settings)}
    assert every <= set(case.changes), "tests/contracts/experiments.py says another value of every flag"
    ids = {(): bench.id_of(name, asked(bench, name))}
    assert ids[()] == bench.reference(name).run.id
    for flag in every:
        change: Change = case.changes[flag]
        if change.reason:
            continue
        assert flag in change.flags, flag
        ids[(flag,)] = bench.id_of(name, asked(bench, name, change.beside, change.flags))
        if change.beside:
            assert ids[(flag,)] != bench.id_of(name, asked(bench, name, change.beside)), flag
    twice = defaultdict(list)
    for key, found in ids.items():
        twice[found].append(key)
    assert [keys for keys in twice.values() if len(keys) > 1] == []


def test_what_needs_no_test_has_a_reason_that_still_holds(bench, name):
    if catalog.DEFENSES:
        reasons = {change.reason for change in bench.case(name).changes.values()}
        assert "there are none yet" not in reasons


def pixel(path: Path) -> None:
    if path.suffix == ".npz":
        arrays = dict(np.load(path))
        arrays["images"][-1, 3, 4] ^= 1
        np.savez(path, **arrays)
        return
    pixels = np.asarray(Image.open(path)).copy()
    pixels[3, 4, 1] ^= 1
    Image.fromarray(pixels).save(path)


def label(path: Path) -> None:
    if path.suffix == ".npz":
        arrays = dict(np.load(path))
        arrays["labels"][-1] = (arrays["labels"][-1] + 1) % 3
        np.savez(path, **arrays)
        return
    path.rename(path.parent.with_name("b") / path.name)


def weight(path: Path) -> None:
    state = load_file(path)
    first = next(iter(state))
    state[first] = state[first].clone()
    state[first].view(-1)[0] += 1e-3
    save_file(state, path)


def code(path: Path) -> None:
    path.write_text(
        path.read_text().replace("6 * self", "7 * self").replace("AdaptiveAvgPool2d(2)", "AdaptiveMaxPool2d(2)")
    )


FILES = {
    pixel: lambda case: case.data,
    label: lambda case: case.data,
    weight: lambda case: "a.safetensors" if case.weights else None,
    code: lambda case: "networks.py",
}


def test_files_with_other_content_are_another_run(bench, name, tmp_path):
    places = {change: place(bench.case(name)) for change, place in FILES.items()}
    changes = {change: bench.inputs.folder / place for change, place in places.items() if place is not None}
    _check_changed(bench, name, changes, tmp_path)


@pytest.mark.parametrize("name", ["latent", "interpolate"])
def test_another_autoencoder_is_another_run(bench, name, tmp_path):
    place = bench.inputs.victims / "vae" / "member-0.safetensors"
    _check_changed(bench, name, {weight: place}, tmp_path)


OWN = {"audit": "quiet", "attack": "strong", "detect": "strong", "span": "quiet", "per-class": "strong"}


@pytest.mark.parametrize("name", OWN)
def test_another_attack_of_the_users_is_another_run(bench, name):
    place = bench.inputs.folder / "attack.py"
    own = {"attack": f"{place}:{OWN[name]}"}
    settings = asked(bench, name, own)
    before = bench.id_of(name, settings)
    assert bench.id_of(name, settings) == before
    text = place.read_text()
    try:
        place.write_text(text.replace("FGSM()", "FGSM(norm='l2')").replace("ACE()", "ACE(Bisection())"))
        assert bench.id_of(name, settings) != before
    finally:
        place.write_text(text)
    assert bench.id_of(name, settings) == before


def _check_changed(bench: Any, name: str, changes: Mapping[Callable[[Path], None], Path], tmp_path: Path) -> None:
    """The id is another after every change, and the same again once the files are."""
    settings, folder = bench.settings(name), bench.inputs.folder
    shutil.copytree(folder, tmp_path / "kept")
    ids = {"as it was": bench.reference(name).run.id}
    for change, place in changes.items():
        try:
            change(place)
            ids[change.__name__] = bench.id_of(name, settings)
        finally:
            shutil.rmtree(folder)
            shutil.copytree(tmp_path / "kept", folder)
    assert len(set(ids.values())) == len(ids), ids
    assert bench.id_of(name, settings) == ids["as it was"]


HELD_BY_WORDS = (
    *catalog.ATTACKS.values(),
    *catalog.SEARCHES.values(),
    *catalog.ESTIMATORS.values(),
    *catalog.DEFENSES.values(),
    *catalog.ARCHITECTURES.values(),
    *catalog.AUTOENCODERS.values(),
)
SURROUNDINGS = {"network", "networks", "features", "shape"}
"""What things are made of beside their settings."""


def test_every_flag_has_help(name, bench):
    for flag in flags.flags_of(bench.experiment(name).settings):
        assert flag.help, flag.name
        assert "\n" not in flag.help
        assert flag.help[-1] in ".)", f"{flag.name}: {flag.help}"


@pytest.mark.parametrize("reference", HELD_BY_WORDS)
def test_every_setting_of_a_thing_has_help(reference):
    for setting in things.settings_of(things.loaded(reference)):
        if setting.name not in SURROUNDINGS:
            assert setting.help, setting.name


OTHERWISE = {
    "epochs": "passes over the training data: the papers' tables train victims of their own",
    "members": "networks of an ensemble: a victim that is trained, or those of the papers' tables",
    "foreign": "images of another domain: the papers' tables compare one set with another",
    "images": "so many test images",
    "passes": "of MC dropout, and of due where there is one",
    "measure": "the uncertainty that a command is about: what it does with it is its own",
    "network": "who predicts, or what is trained to: networks either way, by the same words",
    "victim": "who is attacked; the tables of the paper on ACE take its networks apart",
    "estimator": "how networks predict: a victim's, or those that are trained",
    "average": "of the members of an ensemble: a victim's, or those that are trained",
    "arithmetic": "of ace: the paper's tables say besides whose gradients stay exact",
    "attack": "attacks by the same words: each command says which of them it takes, and to what end",
    "proxy": "who gives a black box its gradients",
    "radii": "how far attacks go: each command says which of them",
    "repeats": "fresh draws that judge: each command has its default",
    "resamples": "of the bootstrap: of scores, or of the intervals that come of it",
}
"""Names that more than one text of help explains -> why they mean the same nevertheless."""


def test_no_two_settings_of_one_name_mean_different_things():
    texts, kinds = defaultdict(set), defaultdict(set)
    for reference in EVERY.values():
        settings = things.loaded(reference).settings
        for flag in flags.flags_of(settings):
            texts[flag.name].add(flag.help)
            kinds[flag.name].add(_one(settings, flag.path))
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}
    assert {name for name, found in texts.items() if len(found) > 1} == set(OTHERWISE)


def _one(settings: Any, path: tuple[str, ...]) -> str:
    """The type of one value of a setting: several, or none at all, are of the same type."""
    annotation = _value(settings)
    for part in path:
        annotation = _value(annotation.model_fields[part].annotation)
    return str(annotation)


def _value(annotation: Any) -> Any:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, tuple):
        return _value(inside[0])
    if origin in (Union, UnionType):
        (annotation,) = [each for each in inside if each is not type(None)]
        return _value(annotation)
    return annotation


def test_keys_of_a_word_clash_with_no_setting():
    from feint.threats.settings import ThreatWord
    from feint.victims.settings import DefenseWord, EstimatorWord, NetworkWord

    kinds: list[tuple[type[Word], dict[str, str]]] = [
        (ThreatWord, catalog.ATTACKS),
        (EstimatorWord, catalog.ESTIMATORS),
        (DefenseWord, catalog.DEFENSES),
        (NetworkWord, {**catalog.ARCHITECTURES, **catalog.AUTOENCODERS}),
    ]
    for word, names in kinds:
        taken = {*word.model_fields, *word.aliases}
        assert set(word.reserved) <= taken
        assert taken - set(word.reserved) <= {"name", "settings", *word.aliases.values()}
        for name, reference in names.items():
            own = {setting.name for setting in things.settings_of(things.loaded(reference))}
            assert not own & taken, name


REFERENCES = {
    f"{kind} {name}": reference
    for kind, names in vars(catalog).items()
    if kind.isupper() and kind != "DATA"
    for name, reference in names.items()
}


@pytest.mark.parametrize("reference", REFERENCES.values(), ids=REFERENCES)
def test_whatever_is_in_the_catalog_is_there_and_says_what_it_is(reference):
    thing = things.loaded(reference)
    said = things.summary_of(thing.settings if hasattr(thing, "settings") else thing)
    assert said.endswith((".", ":")) or len(said) > 10, said
    from feint.app.sources import first_line

    assert first_line(reference)
