"""Both databases for tests, and run folders that took no computing."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feint.runs.folder import files

BOTH = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server of Debian's package, of the tests' own: in a temporary folder, on a socket there."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        reason = "PostgreSQL is not installed: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="feint-postgresql-"))
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")

    def call(program: str, *arguments: str) -> None:
        command = [*user, str(found[-1].with_name(program)), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120)

    call("initdb", "--auth=trust", "--username=feint", "--no-sync", "--encoding=UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    try:
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"postgresql://feint@/postgres?host={folder}"
    finally:
        call("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(params=BOTH)
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of each kind, which is also the one that the command line goes to."""
    monkeypatch.setenv("FEINT_HOME", str(tmp_path / "home"))
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'home' / 'store.sqlite'}"
        monkeypatch.delenv("FEINT_DATABASE_URL", raising=False)
        return url
    import psycopg

    url = request.getfixturevalue("server")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    monkeypatch.setenv("FEINT_DATABASE_URL", url)
    return url


def quality(**values: float) -> dict[str, float]:
    return {"aurc": 0.01, "accuracy": 0.9, "nll": 0.3, **values}


def summary_of(*radii: float, **values: Any) -> dict[str, Any]:
    """Laid out as an audit's."""
    rows = [
        {
            "radius": radius,
            **quality(aurc=0.01 + radius),
            "effective_radius": radius / 2,
            "rounded": quality(aurc=0.02 + radius),
        }
        for radius in radii
    ]
    return {"measure": "max_probability", "images": 100, "clean": quality(), "attacked": rows, **values}


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run folder as the runner leaves it; what is said replaces a part of an audit's."""

    def write(name: str = "audit-0000000001", root: str = "feint-runs", **parts: Any) -> Path:
        folder = tmp_path / root / name
        summary = parts.pop("summary", summary_of(0.1, 0.3))
        settings = {
            "seed": 0,
            "threads": 1,
            "device": "cpu",
            "batch_size": 10,
            "data": {"source": "digits", "limit": None},
            "victim": {"name": "lenet", "estimator": {"name": "softmax", "temperature": 1.0}, "networks": []},
            "attack": {"name": "ace", "radii": [0.1, 0.3]},
            "radii": [0.1, 0.3],
            "measure": "max_probability",
        }
        state = {
            "experiment": "audit",
            "settings": {**settings, **parts.pop("settings", {})},
            "identity": {"images": "a" * 64, "weights": "b" * 64},
            "about": {"classes": ["0", "1"], "victim": "lenet", "shape": [1, 8, 8], "data": "digits"},
            "stages": ["audit"],
            "command": f"feint audit --seed {name}",
            "versions": {"feint": "0.1.0"},
            "created": "2026-11-26T10:00:00+00:00",
            "state": "complete",
            "finished": "2026-11-26T10:01:00+00:00",
            **parts,
        }
        folder.mkdir(parents=True, exist_ok=True)
        seal = files.digest(files.canonical(state).encode())
        (folder / "run.json").write_text(json.dumps({**state, "seal": seal}))
        if state["state"] == "complete":
            (folder / "summary.json").write_text(json.dumps(summary))
        return folder

    return write
