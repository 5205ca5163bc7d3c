"""Run the real command line in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MAIN = "import sys; from meekoppel_hub.cli.main import main; sys.argv[0] = 'meekoppel'; main()"


@pytest.fixture
def meekoppel(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`meekoppel("kafka", "up", before="…", NAME="value")` starts the command; what it leaves is ended after the test.

    `before` is Python that runs first, to take something away from the machine.
    """
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, before: str = "", **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", f"{before}\n{MAIN}", *arguments],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "MEEKOPPEL_KAFKA_BOOTSTRAP": "", "MEEKOPPEL_DATABASE_URL": "", **environment},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
