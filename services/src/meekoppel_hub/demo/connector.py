"""Run an organisation's connector, as the organisation does: a program of its own, told by its own configuration."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.errors import DemoFailed

PROGRAM = "meekoppel-connector"
CONFIGURATION = "connector.yaml"
_LAST_WORDS = 3
_END_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ConnectorRun:
    """What one run of a connector says of itself.

    Attributes:
        published: events that Kafka acknowledged.
        rejected: rows of the source that did not become plans.
    """

    published: int
    registered: int
    changed: int
    withdrawn: int
    completed: int
    unchanged: int
    rejected: int


def set_up_connector(owner: OrgCode, folder: Path) -> None:
    """Put the organisation's configuration in its folder, beside where it exports."""
    folder.mkdir(parents=True, exist_ok=True)
    written = files("meekoppel_hub.demo").joinpath("connectors", f"{owner}.yaml").read_text(encoding="utf-8")
    (folder / CONFIGURATION).write_text(written, encoding="utf-8")


async def run_connector(folder: Path, bootstrap: str, as_of: datetime) -> ConnectorRun:
    """Run the connector in a folder once, as of a moment.

    When its guard stops it since much changed at once, it runs again with the guard open: in a made-up town nobody
    can be asked whether that is right.

    Raises:
        DemoFailed: when it is not installed, or ends with an error.
    """
    arguments = ("run", CONFIGURATION, "--once", "--json", "--as-of", as_of.isoformat())
    code, said, complaint = await _call(folder, bootstrap, arguments)
    if code != 0 and said and json.loads(said.splitlines()[-1])["outcome"] == "guarded":
        code, said, complaint = await _call(folder, bootstrap, (*arguments, "--open-guard"))
    if code != 0:
        words = " ".join(complaint.decode("utf-8", "replace").strip().splitlines()[-_LAST_WORDS:])
        raise DemoFailed(f"the connector in {folder} ended with {code}: {words}")
    return _read_run(said)


async def _call(folder: Path, bootstrap: str, arguments: Sequence[str]) -> tuple[int | None, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        connector_program(),
        *arguments,
        cwd=folder,
        env={**os.environ, "MEEKOPPEL_KAFKA_BOOTSTRAP": bootstrap},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches the demo alone, which then ends its connectors
    )
    try:
        said, complaint = await process.communicate()
    finally:
        await _end(process)
    return process.returncode, said, complaint


def connector_program() -> str:
    """Find the connector's program: beside this Python, else on the PATH.

    Raises:
        DemoFailed: when it is not installed.
    """
    beside = Path(sys.executable).with_name(PROGRAM)
    found = str(beside) if beside.exists() else shutil.which(PROGRAM)
    if found is None:
        raise DemoFailed(f"{PROGRAM} is not installed; the demo needs it: pip install meekoppel-connectors")
    return found


def _read_run(said: bytes) -> ConnectorRun:
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return ConnectorRun(**{field.name: told[field.name] for field in fields(ConnectorRun)})


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
