"""A guarded program ends with its parent, whatever ends the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from meekoppel_hub.platform.processes import GuardedProcess

pytestmark = pytest.mark.slow

GONE_SECONDS = 10.0
SLEEP = ["sleep", "300"]
# A parent of its own: starts a guarded sleep, says so, and waits for ever.
PARENT = """
import sys, time
from pathlib import Path
from meekoppel_hub.platform.processes import GuardedProcess
process = GuardedProcess(["sleep", "300"], log=Path(sys.argv[1]))
print(process.pid, flush=True)
time.sleep(300)
"""


def program_of(guard: int) -> psutil.Process:
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        children = psutil.Process(guard).children()
        if children and "guard" not in " ".join(children[0].cmdline()):  # the fork became the program
            return children[0]
        time.sleep(0.01)
    raise AssertionError("the guard started nothing")


def assert_gone(*processes: psutil.Process, within: float = GONE_SECONDS) -> None:
    _, alive = psutil.wait_procs(processes, timeout=within)
    assert not alive


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_the_program_ends_when_its_parent_is_ended(tmp_path: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        guard = psutil.Process(int(parent.stdout.readline()))
        program = program_of(guard.pid)
        parent.send_signal(ending)

    assert_gone(program, guard)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can bind a program's life to its guard's")
def test_the_program_ends_when_the_guard_is_killed(tmp_path: Path) -> None:
    process = GuardedProcess(SLEEP, log=tmp_path / "log")
    program = program_of(process.pid)

    os.kill(process.pid, signal.SIGKILL)

    assert_gone(program)
    assert not process.is_running


def test_a_terminated_guard_ends_its_program(tmp_path: Path) -> None:
    process = GuardedProcess(SLEEP, log=tmp_path / "log")
    program = program_of(process.pid)

    os.kill(process.pid, signal.SIGTERM)

    assert process.wait(GONE_SECONDS) == 128 + signal.SIGTERM
    assert_gone(program)


def test_ctrl_c_in_the_terminal_does_not_reach_the_program(tmp_path: Path) -> None:
    process = GuardedProcess(SLEEP, log=tmp_path / "log")
    program = program_of(process.pid)

    assert os.getpgid(program.pid) != os.getpgid(0)
    process.stop()


def test_the_stop_signal_is_the_one_asked_for(tmp_path: Path) -> None:
    script = "trap 'exit 7' INT; echo ready; while :; do sleep 0.05; done"
    process = GuardedProcess(["sh", "-c", script], log=tmp_path / "log", stop_signal=signal.SIGINT)
    await_line(tmp_path / "log", "ready")

    process.stop()

    assert process.exit_code == 7


def test_a_program_that_does_not_listen_is_killed_after_the_grace_time(tmp_path: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    process = GuardedProcess(["sh", "-c", script], log=tmp_path / "log", grace_seconds=0.3)
    await_line(tmp_path / "log", "ready")

    process.stop()

    assert process.exit_code == 128 + signal.SIGKILL


def test_the_exit_code_is_the_programs_own(tmp_path: Path) -> None:
    process = GuardedProcess(["sh", "-c", "exit 3"], log=tmp_path / "log")

    assert process.wait(GONE_SECONDS) == 3
    assert process.exit_code == 3


def test_a_program_that_does_not_exist_is_named_in_the_log(tmp_path: Path) -> None:
    process = GuardedProcess(["/nowhere/java"], log=tmp_path / "log")

    assert process.wait(GONE_SECONDS) == 127
    assert "/nowhere/java" in (tmp_path / "log").read_text()


def await_line(file: Path, line: str) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while line not in file.read_text():
        assert time.monotonic() < deadline, f"{line!r} does not come"
        time.sleep(0.01)
