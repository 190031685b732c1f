"""Processes of Python that begin with feint and torch imported, which takes four seconds and few tests are about.

One process imports them, once, and forks for whoever asks. What it forks has its own arguments, environment, folder and
descriptors, computes, ends and is killed as any other. Tests of what a process imports or begins with start a real one.
"""

import atexit
import fcntl
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from runpy import run_module
from typing import IO, Any

DEVNULL = subprocess.DEVNULL
PLACE = "FEINT_TESTS_WARM"
"""The variable of the environment that says where it listens, also to processes that were forked."""
IMPORTED = (
    *("feint.app.cli", "feint.experiments.audit.work", "feint.runs.runners.local", "feint.runs.runners.worker"),
    *("feint.runs.store.store", "feint.training", "pandas", "platformdirs"),  # pyarrow asks for pandas
)


class Popen:
    """What tests and runners need of `subprocess.Popen`, for a command of Python's with -c or -m."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdin: int | IO[Any] | None = None,
        stdout: int | IO[Any] | None = None,
        stderr: int | IO[Any] | None = None,
        pass_fds: Sequence[int] = (),
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        (at,) = (at for at, word in enumerate(command[:3]) if word in ("-c", "-m"))
        self.returncode: int | None = None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(_place())
        told = {"command": command[at:], "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ)}
        told["numbers"] = [0, 1, 2, *pass_fds]
        with open(os.devnull, "r+") as nothing:
            streams = [
                number if stream is None else nothing.fileno() if stream == DEVNULL else _descriptor(stream)
                for number, stream in enumerate((stdin, stdout, stderr))
            ]
            socket.send_fds(self._socket, [b"\n"], [*streams, *pass_fds])
        self._answers = self._socket.makefile("rw")
        self._answers.write(json.dumps(told) + "\n")
        self._answers.flush()
        self.pid = int(self._answers.readline())

    def poll(self) -> int | None:
        """Its exit code, if it has ended."""
        if self.returncode is None and select.select([self._socket], [], [], 0)[0]:
            return self.wait()
        return self.returncode

    def wait(self) -> int:
        """Its exit code, when it has ended: as with `subprocess`, of a signal the number below 0."""
        if self.returncode is None:
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._socket.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To itself, if it has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it, in the middle of whatever it does."""
        self.send_signal(signal.SIGKILL)


def run(command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call a command that must succeed, and what it printed."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        code = Popen(command, cwd=cwd, stdin=DEVNULL, stdout=out, stderr=err).wait()
        for file in (out, err):
            file.seek(0)
        done = subprocess.CompletedProcess(command, code, out.read(), err.read())
    assert code == 0, done
    return done


def _descriptor(stream: int | IO[Any]) -> int:
    return stream if isinstance(stream, int) else stream.fileno()


def _place() -> str:
    return os.environ.get(PLACE) or _started()


@cache
def _started() -> str:
    """Where the process listens that forks the others; it ends with this one."""
    folder = tempfile.TemporaryDirectory(prefix="feint-warm-")
    first = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]  # where a fault is tried, its tree
    path = os.pathsep.join(filter(None, [*first, *sys.path]))
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, f"{folder.name}/socket"],
        env={"OMP_NUM_THREADS": "1", **os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,  # closed when this process ends, however it does
        stdout=subprocess.PIPE,
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None
    assert stdout.read() == b"there\n"

    @atexit.register
    def end() -> None:
        stdin.close()
        process.wait()
        folder.cleanup()

    os.environ[PLACE] = f"{folder.name}/socket"
    return os.environ[PLACE]


def _serve(place: str) -> None:
    """Fork for whoever asks. Between it and each process is one that waits for that one's end, and tells."""
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # nobody looks through what is shared
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        os.write(1, b"there\n")
        os.dup2(2, 1)
        while sys.stdin not in (ready := select.select([listener, sys.stdin], [], [])[0]):
            assert ready == [listener]
            asked, _ = listener.accept()
            _, descriptors, _, _ = socket.recv_fds(asked, 1, 64)
            if os.fork() == 0:
                with asked.makefile("rw") as stream:
                    told = json.loads(stream.readline())
                    if (process := os.fork()) == 0:
                        os._exit(_become(told, descriptors))
                    _keep(asked.fileno())
                    stream.write(f"{process}\n")
                    stream.flush()
                    stream.write(f"{os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])}\n")
                os._exit(0)
            asked.close()
            for each in descriptors:
                os.close(each)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    continue


def _keep(*numbers: int) -> None:
    """Close all descriptors but some and the standard ones."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in numbers:
            with suppress(OSError):  # what the folder was listed by
                os.close(int(name))


def _become(told: dict[str, Any], descriptors: list[int]) -> int:
    """Be the process that was asked for; what its end is."""
    apart = [fcntl.fcntl(each, fcntl.F_DUPFD, 500) for each in descriptors]  # none in the place of another
    for each, number in zip(apart, told["numbers"], strict=True):
        os.dup2(each, number)
    _keep(*told["numbers"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(told["env"])
    kind, what, *arguments = told["command"]
    sys.argv[:] = [kind, *arguments]
    code = 0
    try:
        if kind == "-c":
            exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
        else:
            run_module(what, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1 if end.code else 0
    except BaseException:
        traceback.print_exc()
        code = 1
    # As Python ends, but for what it takes apart: that touches all memory, which is shared until then.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve(sys.argv[1])
