"""Run one program and end it when the process that asked for it ends, however that ends.

The launcher starts this module as a small process of its own, in a session of its own (so that Ctrl-C in the terminal
does not reach the program), and holds the writing end of a pipe. The pipe closes by itself when the launcher is gone,
even after `kill -9`: then the program gets its stop signal and, after a grace time, SIGKILL. On Linux the kernel also
kills the program when the guard itself is killed.

Only the standard library is imported here: the guard must start fast and stay small.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1
# How often the guard looks whether its parent is still the same process. The pipe tells sooner, except when a fork of
# the parent holds a copy of its writing end.
_PARENT_CHECK_SECONDS = 1.0


def main(arguments: Sequence[str]) -> int:
    """Run the program of the command line until it ends or must end; give its exit code."""
    options = _parse(arguments)
    parent = os.getppid()
    wake = _wake_on_signals()
    try:
        program = _start(options)
    except OSError as error:
        sys.stderr.write(f"cannot start {options.command[0]}: {error}\n")
        return 127
    while program.poll() is None:
        ready, _, _ = select.select([options.pipe, wake], [], [], _PARENT_CHECK_SECONDS)
        if wake in ready and signal.SIGTERM in os.read(wake, 64):
            break
        if options.pipe in ready or os.getppid() != parent:
            break
    return _end(program, options.stop_signal, options.grace)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="guard")
    parser.add_argument("--pipe", type=int, required=True, help="file descriptor whose end means: the parent is gone")
    parser.add_argument("--stop-signal", type=int, default=int(signal.SIGTERM))
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between stop signal and SIGKILL")
    parser.add_argument("--user", help="run the program as this user")
    parser.add_argument("--keep-open", type=int, action="append", default=[], help="descriptor the program inherits")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _wake_on_signals() -> int:
    """Turn SIGTERM and SIGCHLD into bytes on a pipe; handlers, unlike SIG_IGN, are not inherited by the program."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    return reading


def _start(options: argparse.Namespace) -> subprocess.Popen[bytes]:
    user = {"user": options.user, "group": _group_of(options.user), "extra_groups": []} if options.user else {}
    return subprocess.Popen(
        options.command,
        stdin=subprocess.DEVNULL,
        pass_fds=options.keep_open,
        preexec_fn=_die_with(os.getpid()),  # one thread only, so safe; runs after the change of user, as it must
        **user,
    )


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _die_with(guard: int) -> Callable[[], None] | None:
    """Give what a fresh child calls so that the kernel kills it together with the guard (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != guard:  # the guard died before the request was in place
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_kernel


def _end(program: subprocess.Popen[bytes], stop_signal: int, grace: float) -> int:
    if program.poll() is None:
        program.send_signal(stop_signal)
        deadline = time.monotonic() + grace
        while program.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
    if program.poll() is None:
        program.kill()
    code = program.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
