"""The demonstration itself, as a program."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

PROGRAM = Path(sys.executable).with_name("meekoppel")
COUNTS = ("plans", "events", "rejected", "overlaps", "notifications", "delivered", "lost", "seconds")


@asynccontextmanager
async def demo(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        "demo",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "MEEKOPPEL_KAFKA_BOOTSTRAP": "nowhere:1", "MEEKOPPEL_DATABASE_URL": "postgresql://nowhere"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def wait_for(process: asyncio.subprocess.Process, words: str) -> None:
    while words not in (line := (await process.stderr.readline()).decode()):
        assert line, f"the demo ended before it said {words!r}"


def family(process: asyncio.subprocess.Process) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_short_demo_loses_nothing_and_ends_with_ctrl_c(tmp_path):
    folder = tmp_path / "demo"
    async with demo("--json", "--days", "1", "--data-folder", str(folder)) as process:
        await wait_for(process, "goes on until Ctrl-C")
        started = family(process)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            printed, _ = await process.communicate()

    assert process.returncode == 0
    assert started
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    told = json.loads(printed.splitlines()[-1])
    assert tuple(told) == COUNTS
    assert told["plans"] >= 1500
    assert told["events"] >= told["plans"]
    assert told["rejected"] == 32
    assert told["overlaps"] > 0
    assert told["notifications"] == told["delivered"] > 0
    assert told["lost"] == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_ctrl_c_in_the_middle_ends_everything(tmp_path):
    async with demo("--data-folder", str(tmp_path / "demo")) as process:
        await wait_for_day(process)
        started = family(process)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            await process.communicate()

    assert process.returncode == 130
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []


async def wait_for_day(process: asyncio.subprocess.Process) -> None:
    """Without `--json` the screen is on standard output: a line per day."""
    while b"events published" not in (line := await process.stdout.readline()):
        assert line, "the demo ended before a day was over"


async def test_a_folder_with_something_in_it_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "view.db").touch()

    async with demo("--exit", "--data-folder", str(tmp_path / "demo")) as process:
        _, complaint = await process.communicate()

    assert process.returncode == 1
    assert "is not an empty folder" in complaint.decode()
    assert "Traceback" not in complaint.decode()


async def test_a_month_that_has_not_passed_is_refused_in_one_sentence():
    async with demo("--exit", "--until", "2999-01-01") as process:
        _, complaint = await process.communicate()

    assert process.returncode == 1
    assert "has not passed" in complaint.decode()
