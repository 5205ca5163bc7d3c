"""The cache of Kafka's jars: whole or not there, also when two processes want it at once."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.kafka.fetch import Progress, fetch_jars
from meekoppel_hub.platform.kafka.jar_list import kafka_jars, kafka_version, list_digest

_INCOMING = ".incoming-"


def cache_folder() -> Path:
    """Give the folder for what can be fetched again: `MEEKOPPEL_CACHE`, else `meekoppel` in the user's cache."""
    own = os.environ.get("MEEKOPPEL_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "meekoppel"


def jar_folder() -> Path:
    """Give the folder that holds, or will hold, the jars of this version."""
    return cache_folder() / "kafka" / f"{kafka_version()}-{list_digest()}"


def has_jars() -> bool:
    """Tell whether all jars are in the cache."""
    folder = jar_folder()
    return all(jar.has_size(folder / jar.file_name) for jar in kafka_jars())


def prepare_jars(progress: Progress) -> Path:
    """Give the folder with Kafka's jars, fetching them first when they are not all there.

    Raises:
        SettingsError: when they cannot be fetched or the cache folder cannot be written; the cache is then as before.
    """
    if has_jars():
        return jar_folder()
    try:
        with _locked(jar_folder().parent):
            if not has_jars():
                _fill(jar_folder(), progress)
    except OSError as error:
        raise SettingsError(
            f"the cache folder {cache_folder()} cannot be written ({error.strerror}): set MEEKOPPEL_CACHE to another"
        ) from error
    return jar_folder()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fill(folder: Path, progress: Progress) -> None:
    for left_over in folder.parent.glob(f"{_INCOMING}*"):  # of a process that was killed: we hold the lock
        shutil.rmtree(left_over, ignore_errors=True)
    incoming = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=folder.parent))
    try:
        fetch_jars(kafka_jars(), incoming, progress)
        shutil.rmtree(folder, ignore_errors=True)
        incoming.rename(folder)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
