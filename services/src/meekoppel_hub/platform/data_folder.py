"""The data folder: one hub at a time, and never one that a newer version wrote."""

from __future__ import annotations

import fcntl
import json
import os
import time
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

from meekoppel_hub.platform.errors import SettingsError

# Rises when this version writes a data folder that an older one could not read.
FORMAT = 1

# Only its owner looks into a data folder: the database holds the secrets with which webhooks are signed.
PRIVATE = 0o700

# A hub that was just killed leaves the folder to the next one after its Kafka has stopped.
_WAIT_SECONDS = 2.0


class DataFolder:
    """A data folder that this process holds until it is closed or ends.

    Attributes:
        path: the folder, absolute.
    """

    def __init__(self, path: Path, lock: TextIOWrapper) -> None:
        self.path = path
        self._lock = lock

    def close(self) -> None:
        """Leave the folder to others."""
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_data_folder(path: Path) -> DataFolder:
    """Make or open the data folder and hold it.

    Raises:
        SettingsError: when it cannot be written, was written by a newer version, or another hub holds it.
    """
    path = path.absolute()
    try:
        path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        check_format(path)
        lock = (path / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"the data folder {path} cannot be used ({error.strerror}): set MEEKOPPEL_DATA_FOLDER to a folder that can"
        ) from error
    try:
        _hold(path, lock)
        _write_format(path)
    except BaseException:
        lock.close()
        raise
    return DataFolder(path, lock)


def check_format(path: Path) -> None:
    """Check that this version can read a data folder, without holding it; a folder without format is new.

    Raises:
        SettingsError: when a newer version wrote it, or its format file cannot be read.
    """
    file = path / "format.json"
    if not file.exists():
        return
    try:
        found = int(json.loads(file.read_text(encoding="utf-8"))["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{file} is damaged: put it back from a copy, or take another data folder") from error
    if found > FORMAT:
        raise SettingsError(
            f"the data folder {path} was written by a newer version of Meekoppel (format {found}, this version reads "
            f"up to {FORMAT}): upgrade Meekoppel, or set MEEKOPPEL_DATA_FOLDER to another folder"
        )


def _write_format(path: Path) -> None:
    file = path / "format.json"
    if not file.exists():
        new = path / f".format-{os.getpid()}"
        new.write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
        new.rename(file)


def _hold(path: Path, lock: TextIOWrapper) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise SettingsError(
                f"the data folder {path} is in use by another hub (process {holder}): stop that one, "
                "or set MEEKOPPEL_DATA_FOLDER to another folder"
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return
