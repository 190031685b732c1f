"""10,000 runs in the store: how long `feint runs` takes with filters, on SQLite and on PostgreSQL.

A server of Debian's package is started for it in a temporary folder; without one, SQLite alone is measured. The name of
one of the two, as an argument, measures that one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

from feint.runs.store.entry import Entry
from feint.runs.store.register import register
from feint.runs.store.store import Store

RUNS, TRIES, PROMISE = 10_000, 5, 0.5
VICTIMS = ("lenet", "cifar-resnet20", "wide-resnet", "vit", "mobilenet")
DATA = ("mnist", "cifar10", "stl10", "imagenet/val")
QUERIES = {
    "the latest 50": [],
    "an experiment, a victim, since": ["--experiment", "audit", "--victim", "resnet", "--since", "2025-06-01"],
    "words, a state, sorted": ["cifar", "draws=30", "--state", "complete", "--sort=-attacked_aurc"],
    "words that nothing has": ["nothing-of-the-kind"],
}


def entry(at: int) -> Entry:
    """An audit as it might be: one of five victims, of four data sets, at five radii."""
    victim, data = VICTIMS[at % 5], DATA[at // 5 % 4]
    radii = [0.001 * 2**step for step in range(5)]
    row = {"aurc": 0.01 + at % 97 / 1000, "accuracy": 0.9, "nll": 0.3, "brier": 0.1, "ece": 0.02, "augrc": 0.01}
    estimator = {"name": "mc-dropout", "draws": 30} if at % 3 else {"name": "softmax"}
    created = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(1_700_000_000 + at * 6000))
    state: dict[str, Any] = {
        "experiment": ("audit", "attack", "span")[at % 3],
        "settings": {
            "seed": at,
            "data": {"source": data},
            "victim": {"name": victim, "estimator": estimator},
            "attack": {"name": "ace", "radii": radii},
            "measure": "max_probability",
        },
        "identity": {"images": f"{at // 5 % 4:064x}", "weights": f"{at % 500:064x}"},
        "about": {"victim": victim, "classes": ["a", "b"]},
        "versions": {},
        "command": f"feint audit --victim {victim} --data {data} --seed {at}",
        "created": created,
        "state": "complete",
        "finished": created,
    }
    attacked = [{"radius": radius, **row, "effective_radius": radius / 2, "rounded": row} for radius in radii]
    summary = {"measure": "max_probability", "images": 1000, "clean": row, "attacked": attacked}
    return Entry(Path(f"/nowhere/feint-runs/audit-{at:010x}"), state, summary)


@contextmanager
def postgresql() -> Iterator[str]:
    """A server of one's own."""
    program = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    folder = Path(tempfile.mkdtemp(prefix="feint-postgresql-"))
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")

    def call(name: str, *arguments: str) -> None:
        command = [*user, str(program.with_name(name)), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    call("initdb", "--auth=trust", "--username=feint", "--no-sync", "--encoding=UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://feint@/postgres?host={folder}"
    finally:
        call("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def measured(url: str, home: str) -> bool:
    """Fill a database, and ask it; whether the promise was kept."""
    start = time.perf_counter()
    with Store.open(url) as store:
        for first in range(0, RUNS, 500):
            with store.database.writing() as connection:
                for at in range(first, min(RUNS, first + 500)):
                    register(connection, entry(at))
    kind = url.partition(":")[0]
    print(f"{kind}: {RUNS:,} runs in {time.perf_counter() - start:.0f} s", flush=True)
    environment = {**os.environ, "FEINT_DATABASE_URL": url, "FEINT_HOME": home, "PYTHONDONTWRITEBYTECODE": ""}
    kept = True
    print("  wall clock, of which processor time: best of five", flush=True)
    for name, arguments in QUERIES.items():
        took = [asked(arguments, environment) for _ in range(TRIES + 1)][1:]
        seconds, spent = map(min, zip(*took, strict=True))
        kept &= spent < PROMISE
        print(f"  {name:32} {seconds:.2f} s, {spent:.2f} s", flush=True)
    return kept


def asked(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """How long the command takes, start of Python and all: by the clock, and of the processor."""
    start, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "feint", "runs", *arguments]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return time.perf_counter() - start, spent


def main() -> None:
    """Both databases."""
    wanted = sys.argv[1:] or ["sqlite", "postgresql"]
    kept = True
    with tempfile.TemporaryDirectory() as home:
        if "sqlite" in wanted:
            kept &= measured(f"sqlite:///{home}/store.sqlite", home)
        if "postgresql" in wanted and any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
            with postgresql() as url:
                kept &= measured(url, home)
        elif "postgresql" in wanted:
            print("postgresql: not installed")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
