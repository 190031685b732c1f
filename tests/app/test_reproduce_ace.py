"""The tables of the paper on ACE: which blocks they have, and that their figures are those of the audits below."""

import json
import sys

import numpy as np
import pytest
from feint.experiments.part import Part
from feint.experiments.reproduce_ace import Cast, reproduce, text_rows
from feint.experiments.spec import DataSpec, NetworkSpec
from feint.results import RunFolder

from feint.errors import SpecError
from feint.experiments import audit

WHITE, BLACK = (0.01, 0.05), (0.02, 0.1)
FIGURES = ("aurc", "nll", "brier", "accuracy", "kept", "effective_radius", "gradients", "queries")
NETWORKS = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, seed, dropout=0.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(16, 3))

    def forward(self, images):
        return 4 * self.layers(images - 0.5)

"""
NETWORKS += "".join(f"\n\ndef n{seed}():\n    return Small({seed})\n" for seed in range(6))
NETWORKS += "".join(f"\n\ndef d{seed}():\n    return Small({seed}, dropout=0.5)\n" for seed in range(2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """24 images of three classes and a file of networks."""
    folder = tmp_path_factory.mktemp("reproduce")
    (folder / "networks.py").write_text(NETWORKS)
    drawn = np.random.default_rng(0)
    images = drawn.uniform(0.2, 0.8, (24, 4, 4, 1)).astype(np.float32)
    np.savez(folder / "images.npz", images=images, labels=np.arange(24) % 3)
    return folder


@pytest.fixture(scope="module", autouse=True)
def no_report():
    """No report: it takes seconds and has tests of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[audit.__module__], "write_audit_report", lambda *_, **__: None)
        yield


@pytest.fixture(scope="module")
def reproduced(folder):
    """An experiment's table, its networks given by name: "n0 n1"."""

    def call(experiment, networks, *, out="runs", sizes=(), draws=(3, 2), fresh=False, repeats=2, radii=None, **roles):
        named = {
            role: tuple(NetworkSpec(name=f"{folder / 'networks.py'}:{name}") for name in names.split())
            for role, names in {"networks": networks, **roles}.items()
        }
        radii = {"white": WHITE, "black": BLACK} if radii is None else radii
        return reproduce(
            experiment,
            Cast(sizes=sizes, draws=draws, **named),
            DataSpec(source=str(folder / "images.npz")),
            root=folder / out,
            running={"threads": 1, "batch_size": 10, "seed": 3, "repeats": repeats},
            fresh=fresh,
            progress=False,
            **radii,
        )

    return call


@pytest.fixture(scope="module")
def softmax(reproduced):
    return reproduced("ace-softmax", "n0 n1 n2")


@pytest.fixture(scope="module")
def ensemble(reproduced):
    return reproduced(
        "ace-ensemble", "n0 n1 n2", sizes=(2, 3), matching="n3", foreign="n4 n5", proxies="d0", out="ensembles"
    )


@pytest.fixture(scope="module")
def dropout(reproduced):
    return reproduced("ace-mc-dropout", "d0", proxies="n3 n4", out="dropout")


def blocks(found):
    """Rows put together by victim and setting, in the order of the table."""
    together: dict[tuple[str, str], list[dict]] = {}
    for row in found["rows"]:
        together.setdefault((row["victim"], row["setting"]), []).append(row)
    assert [row for rows in together.values() for row in rows] == found["rows"]
    return together


def black(setting):
    return setting.startswith("black box")


def specification(root, rows):
    """What was audited for a block."""
    assert len({row["run"] for row in rows}) == 1
    return RunFolder.load(root / rows[0]["run"]).spec


def short(networks):
    return [network["name"].rsplit(":", 1)[-1] for network in networks]


@pytest.mark.parametrize(("name", "out"), [("softmax", "runs"), ("ensemble", "ensembles"), ("dropout", "dropout")])
def test_every_block_has_a_clean_row_and_one_per_radius(request, folder, name, out):
    found = request.getfixturevalue(name)
    together = blocks(found)
    assert together
    for (_, setting), rows in together.items():
        radii = BLACK if black(setting) else WHITE
        assert [row["radius"] for row in rows] == [None, *radii]
        spec = specification(folder / out, rows)
        assert spec["radii"] == list(radii)
        assert bool(spec["attack"]["proxies"]) == black(setting)
        assert (spec["seed"], spec["batch_size"], spec["threads"]) == (3, 10, 1)
    assert len({rows[0]["run"] for rows in together.values()}) == len(together)
    assert len(found["rows"]) == 3 * len(together)


@pytest.mark.parametrize(("name", "out"), [("softmax", "runs"), ("ensemble", "ensembles")])
def test_the_figures_are_those_of_the_audits(request, folder, name, out):
    for rows in blocks(request.getfixturevalue(name)).values():
        summary = RunFolder.load(folder / out / rows[0]["run"]).summary
        for row, entry in zip(rows, [summary["clean"], *summary["attacked"]], strict=True):
            assert [row[figure] for figure in FIGURES] == [entry.get(figure) for figure in FIGURES]
            assert "own_draws_aurc" not in row
            for point in entry["selective_risk"]:
                assert row[f"risk_at_{point['value']}"] == point["risk"]
        assert rows[2]["aurc"] != rows[0]["aurc"]
        assert all(row["kept"] == 1 for row in rows[1:])


def test_softmax_victims_are_attacked_through_all_the_others(softmax, folder):
    together = blocks(softmax)
    assert softmax["experiment"] == "ace-softmax"
    assert [(victim, black(setting)) for victim, setting in together] == [
        (victim, box) for victim in ("n0", "n1", "n2") for box in (False, True)
    ]
    for (victim, setting), rows in together.items():
        spec = specification(folder / "runs", rows)
        assert short(spec["victim"]["networks"]) == [victim]
        assert spec["victim"]["estimator"] == "softmax"
        assert spec["attack"]["goal"] == "disrupt"
        if black(setting):
            assert short(spec["attack"]["proxies"]) == [name for name in ("n0", "n1", "n2") if name != victim]
            assert "2 proxies" in setting
        else:
            assert setting == "white box"
        assert [row["gradients"] for row in rows[1:]] == [2 if black(setting) else 1] * 2


def test_softmax_victims_are_attacked_through_the_proxies_that_are_named(reproduced, folder):
    together = blocks(reproduced("ace-softmax", "n0 n1", proxies="n3"))
    assert [(victim, black(setting)) for victim, setting in together] == [
        (victim, box) for victim in ("n0", "n1") for box in (False, True)
    ]
    for (_, setting), rows in together.items():
        expected = ["n3"] if black(setting) else []
        assert short(specification(folder / "runs", rows)["attack"]["proxies"]) == expected
        assert rows[1]["gradients"] == 1


def test_a_single_softmax_victim_without_proxies_is_a_white_box(reproduced):
    assert list(blocks(reproduced("ace-softmax", "n0"))) == [("n0", "white box")]


def test_ensembles_by_size_and_by_kind_of_proxies(ensemble, folder):
    together = blocks(ensemble)
    kinds = {"matching": ["n3"], "foreign": ["n4", "n5"], "other": ["d0"]}
    settings = ["white box", *(f"black box, {kind} proxies" for kind in kinds)]
    assert list(together) == [(f"ensemble of {size}", setting) for size in (2, 3) for setting in settings]
    for (victim, setting), rows in together.items():
        spec, size = specification(folder / "ensembles", rows), int(victim[-1])
        assert short(spec["victim"]["networks"]) == ["n0", "n1", "n2"][:size]
        proxies = kinds[setting.split()[2]] if black(setting) else []
        assert short(spec["attack"]["proxies"]) == proxies
        assert [row["gradients"] for row in rows[1:]] == [len(proxies) or size] * 2


def test_an_ensemble_has_all_members_unless_told(reproduced):
    assert list(blocks(reproduced("ace-ensemble", "n0 n1", out="all"))) == [("ensemble of 2", "white box")]


def test_dropout_by_passes_direct_and_indirect(dropout, folder):
    together = blocks(dropout)
    settings = ["white box, direct", "white box, indirect", "black box"]
    assert [setting for _, setting in together] == 2 * settings
    victims = list(dict.fromkeys(victim for victim, _ in together))
    for victim, draws in zip(victims, (3, 2), strict=True):
        assert "d0" in victim
        assert str(draws) in victim
        specs = [specification(folder / "dropout", together[victim, setting]) for setting in settings]
        for spec in specs:
            assert spec["victim"]["estimator"] == "mc-dropout"
            assert spec["victim"]["draws"] == draws
            assert short(spec["victim"]["networks"]) == ["d0"]
            assert spec["repeats"] == 2
        assert [spec["attack"]["indirect"] for spec in specs] == [False, True, False]
        assert [short(spec["attack"]["proxies"]) for spec in specs] == [[], [], ["n3", "n4"]]
        assert [together[victim, setting][1]["gradients"] for setting in settings] == [1, 1, 2]


def test_dropout_is_judged_by_fresh_draws(dropout, folder):
    for rows in blocks(dropout).values():
        summary = RunFolder.load(folder / "dropout" / rows[0]["run"]).summary
        for row, entry in zip(rows, [summary["clean"], *summary["attacked"]], strict=True):
            fresh = entry["fresh"]
            assert fresh["repeats"] == 2
            for figure in ("aurc", "nll", "brier", "accuracy", "kept"):
                assert row[figure] == fresh["mean"][figure]
            assert row["aurc_std"] == fresh["std"]["aurc"]
            assert row["own_draws_aurc"] == entry["aurc"]
            for figure in ("effective_radius", "gradients", "queries"):
                assert row[figure] == entry.get(figure)
        assert all(row["own_draws_kept"] == 1 for row in rows[1:])
    assert any(row["aurc"] != row["own_draws_aurc"] for row in dropout["rows"])


def test_the_paper_asks_30_and_10_times():
    assert Cast(networks=()).draws == (30, 10)


def test_audits_that_are_there_are_read(reproduced, softmax, monkeypatch):
    calls = []
    attack = Part.attack
    monkeypatch.setattr(Part, "attack", lambda *arguments, **named: calls.append(1) or attack(*arguments, **named))
    assert reproduced("ace-softmax", "n0 n1 n2")["rows"] == softmax["rows"]
    assert not calls
    assert reproduced("ace-softmax", "n0 n1 n2", fresh=True)["rows"] == softmax["rows"]
    assert len(calls) == 6


@pytest.mark.parametrize(
    ("experiment", "networks", "sizes", "message"),
    [
        ("ace-softmax", "", (), "network"),
        ("ace-ensemble", "", (), "network"),
        ("ace-mc-dropout", "", (), "network"),
        ("ace-ensemble", "n0 n1", (2, 3), "sizes"),
    ],
)
def test_nothing_is_run_for_a_cast_that_does_not_fit(reproduced, folder, experiment, networks, sizes, message):
    with pytest.raises(SpecError, match=message):
        reproduced(experiment, networks, sizes=sizes, out="refused")
    assert not (folder / "refused").exists()


HEADS = ["victim", "setting", "radius", "AURC", "NLL", "Brier", "accuracy", "kept", "eff. radius"]
HEADS += ["risk@25%", "risk@95%", "gradients", "queries"]


@pytest.mark.parametrize("name", ["softmax", "ensemble", "dropout"])
def test_the_text_table_has_the_papers_columns(request, name):
    rows = request.getfixturevalue(name)["rows"]
    heads, cells = text_rows(rows)
    assert len(heads) >= len(HEADS)
    assert all(head.startswith(start) for head, start in zip(heads, HEADS, strict=False)), heads
    assert len(cells) == len(rows)
    for row, line in zip(rows, cells, strict=True):
        assert len(line) == len(heads)
        assert line[:2] == [row["victim"], row["setting"]]
        assert line[2] == ("clean" if row["radius"] is None else f"{row['radius']:g}")
        assert float(line[3].split()[0]) == pytest.approx(1000 * row["aurc"], abs=0.006)
        assert float(line[4]) == pytest.approx(row["nll"], abs=6e-4)
        assert float(line[5]) == pytest.approx(row["brier"], abs=6e-4)
        assert float(line[6]) == pytest.approx(100 * row["accuracy"], abs=0.006)
        assert float(line[9]) == pytest.approx(row["risk_at_0.25"], abs=6e-4)
        assert float(line[10]) == pytest.approx(row["risk_at_0.95"], abs=6e-4)
        if row["radius"] is not None:
            assert float(line[7]) == pytest.approx(100 * row["kept"], abs=0.006)
            assert float(line[8]) == pytest.approx(row["effective_radius"], rel=0.01)
            assert float(line[11]) == pytest.approx(row["gradients"], abs=0.06)
            assert float(line[12]) == pytest.approx(row["queries"], abs=0.06)


def asked(feint, folder, *arguments):
    """The experiment through the command line."""
    common = ["--data", folder / "images.npz", "--out", folder / "line", "--quiet", "--threads", 1, "--repeats", 1]
    named = [f"{folder / 'networks.py'}:{part}" if str(part)[:1] in "nd" else part for part in arguments[1:]]
    outcome = feint("reproduce", arguments[0], *common, *named)
    assert (outcome.code, outcome.err) == (0, ""), outcome
    return outcome.out


def test_softmax_through_the_command_line_at_the_papers_radii(feint, folder):
    arguments = ("ace-softmax", "--network", "n0", "--proxy", "n3")
    found = json.loads(asked(feint, folder, *arguments, "--json"))
    assert found["experiment"] == "ace-softmax"
    assert "reproduce ace-softmax" in found["command"]
    (white, dark) = blocks(found).values()
    assert [row["radius"] for row in white] == [None, 5e-5, 5e-4, 5e-3]
    assert [row["radius"] for row in dark] == [None, 5e-4, 5e-3, 5e-2]
    assert short(specification(folder / "line", dark)["attack"]["proxies"]) == ["n3"]
    text = asked(feint, folder, *arguments)
    head, _, *lines = text.splitlines()
    assert all(name in head for name in HEADS)
    assert [line.split()[0] for line in lines[:8]] == ["n0"] * 8
    assert found["differences"] in text


def test_ensembles_through_the_command_line(feint, folder):
    roles = ("--network", "n0", "--network", "n1", "--matching-proxy", "n2", "--foreign-proxy", "n3", "--proxy", "n4")
    radii = ("--white-radii", "0.01", "--black-radii", "0.02,0.1", "--sizes", "1")
    together = blocks(json.loads(asked(feint, folder, "ace-ensemble", *roles, *radii, "--json")))
    settings = {
        "white box": [],
        "black box, matching proxies": ["n2"],
        "black box, foreign proxies": ["n3"],
        "black box, other proxies": ["n4"],
    }
    assert list(together) == [("ensemble of 1", setting) for setting in settings]
    for (_, setting), rows in together.items():
        assert [row["radius"] for row in rows] == ([None, 0.02, 0.1] if black(setting) else [None, 0.01])
        assert short(specification(folder / "line", rows)["attack"]["proxies"]) == settings[setting]


def test_dropout_through_the_command_line(feint, folder):
    roles = ("--network", "d0", "--network", "d1", "--proxy", "n3")
    asked_for = ("--draws", "4", "--white-radii", "0.01", "--black-radii", "0.1", "--json")
    together = blocks(json.loads(asked(feint, folder, "ace-mc-dropout", *roles, *asked_for)))
    specs = [specification(folder / "line", rows) for rows in together.values()]
    assert [short(spec["victim"]["networks"]) for spec in specs] == [["d0"]] * 3 + [["d1"]] * 3
    assert [spec["attack"]["indirect"] for spec in specs] == 2 * [False, True, False]
    assert [short(spec["attack"]["proxies"]) for spec in specs] == 2 * [[], [], ["n3"]]
    assert {(spec["victim"]["draws"], spec["repeats"]) for spec in specs} == {(4, 1)}
    assert [rows[1]["radius"] for rows in together.values()] == 2 * [0.01, 0.01, 0.1]
    assert all("aurc_std" in row for rows in together.values() for row in rows)
