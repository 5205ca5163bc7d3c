"""Start a program under a guard, from the side of the process that needs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


class GuardedProcess:
    """A child program that ends with this process, even when this process is killed.

    Args:
        command: the program and its arguments.
        log: file that gets what the program writes to its standard output and error; begun anew.
        stop_signal: the signal that asks the program to end.
        grace_seconds: how long it may take to end before it is killed.
        user: run the program as this user; needs root.
        keep_open: file descriptors that guard and program inherit; a lock on one lasts as long as they do.
        environment: the program's environment; this process's own when None.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_seconds: float = 10.0,
        user: str | None = None,
        keep_open: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._grace_seconds = grace_seconds
        reading, self._pipe = os.pipe()
        guard = [sys.executable, "-P", "-m", "meekoppel_hub.platform.processes.guard", "--pipe", str(reading)]
        guard += ["--stop-signal", str(int(stop_signal)), "--grace", str(grace_seconds)]
        guard += ["--user", user] if user else []
        guard += [word for descriptor in keep_open for word in ("--keep-open", str(descriptor))]
        try:
            with log.open("wb") as output:
                self._guard = subprocess.Popen(
                    [*guard, "--", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(reading, *keep_open),
                    start_new_session=True,
                    env=environment,
                )
        except OSError:
            self._close_pipe()
            raise
        finally:
            os.close(reading)

    @property
    def pid(self) -> int:
        """The process id of the guard; the program is its only child."""
        return self._guard.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the guard, and so the program, still runs."""
        return self._guard.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The program's exit code (128 + n when signal n ended it); None while it runs."""
        return self._guard.poll()

    def wait(self, timeout_seconds: float) -> int | None:
        """Wait for the program to end by itself; give its exit code, or None when it still runs after that time."""
        try:
            return self._guard.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        self._close_pipe()

    def stop(self) -> None:
        """Ask the program to end, kill it when it does not within the grace time, and wait until it is gone."""
        self._close_pipe()
        if self.wait(self._grace_seconds + 5) is None:
            self.kill()

    def kill(self) -> None:
        """End the program as `kill -9` does and wait until the guard is gone."""
        self._guard.kill()
        self._guard.wait()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
