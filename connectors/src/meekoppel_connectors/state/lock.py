"""The lock that keeps two runs of the same connector apart; the operating system frees it when the holder dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meekoppel_connectors.errors import StateBusy, StateError

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def only_run(state: Path) -> Iterator[None]:
    """Hold the lock file beside a state file for as long as the run lasts.

    The lock file stays when the run ends: removing it would let two runs hold two different files of one name.

    Raises:
        StateBusy: when another run holds it.
        StateError: when the folder cannot be written.
    """
    path = state.with_name(f"{state.name}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StateError(f"The lock file {path} cannot be written ({error.strerror}); check the folder.") from error
    try:
        try:
            _take(descriptor)
        except OSError as error:
            raise StateBusy(
                f"Another run of this connector uses {state} at this moment; wait until it has ended and run again."
            ) from error
        yield
    finally:
        os.close(descriptor)
