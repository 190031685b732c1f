"""What a job will cost, asked before it is started: `feint run --plan`, in a process of its own."""

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from feint.errors import SpecError

SECONDS: Final = 180.0


async def plan(folder: Path, victims: Path, spec: Mapping[str, Any]) -> str:
    """The plan of a specification, in words.

    Args:
        folder: where its file may lie meanwhile.
        victims: where trained victims lie.
        spec: as ``feint run`` reads it.

    Raises:
        SpecError: it cannot be planned, or not within three minutes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{token_hex(8)}.yaml"
    place.write_text(json.dumps(dict(spec)), encoding="utf-8")
    arguments = ["run", "--plan", str(place), "--victims", str(victims), "--quiet"]
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "feint", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, wrong = await asyncio.wait_for(process.communicate(), SECONDS)
        except TimeoutError as error:
            raise SpecError(f"plan: expected an answer within {SECONDS:g} seconds, got none") from error
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
        if process.returncode != 0:
            lines = [line for line in wrong.decode("utf-8", "replace").splitlines() if line.startswith("feint: ")]
            raise SpecError(lines[-1].removeprefix("feint: ") if lines else "plan: it ended without a word")
        return out.decode("utf-8", "replace").strip()
    finally:
        place.unlink(missing_ok=True)
