"""Making files of a location: found on this computer, or fetched by HTTP or SFTP."""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from dataclasses import dataclass
from pathlib import Path, PurePath

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.places.choosing import choose_files, is_of_format
from meekoppel_connectors.sources.places.kept import fetch_or_keep
from meekoppel_connectors.sources.places.location import fits, is_pattern, is_remote
from meekoppel_connectors.sources.places.packed import is_packed, unpacked
from meekoppel_connectors.sources.places.settling import LOOK_AGAIN_SECONDS, FileVersion, Settling
from meekoppel_connectors.sources.settings import FileSettings


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file on this computer.

    Attributes:
        path: where it is now.
        place: where it came from, for messages.
        name: its name there.
        origin: the file of which the reading must not overlap a change: itself, or the archive around it.
    """

    path: Path
    place: str
    name: str
    origin: Path


class PassingFolder:
    """A folder that is made when it is needed, and removed when nobody uses it any more."""

    def __init__(self) -> None:
        self._path: Path | None = None

    @property
    def path(self) -> Path:
        """Where it is."""
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="meekoppel-"))
            weakref.finalize(self, shutil.rmtree, self._path, ignore_errors=True)
        return self._path


@dataclass(frozen=True, slots=True)
class Fetched:
    """The files of a location.

    Attributes:
        files: one or more, by name.
        together: whether they are several that together are one snapshot.
        folder: holds what was fetched or unpacked.
    """

    files: tuple[LocalFile, ...]
    together: bool
    folder: PassingFolder


def fetch(settings: FileSettings) -> Fetched:
    """Find or fetch the files of a location, and unpack them where they are packed.

    Raises:
        SourceError: when there are none, or a person must change something to reach them.
        SourceAway: when the server is away, or a file is still being written after a minute.
    """
    folder = PassingFolder()
    fetched: list[tuple[Path, str]]
    if settings.path.lower().startswith("sftp:"):
        from meekoppel_connectors.sources.places.sftp import fetch_by_sftp  # an optional part

        fetched = fetch_by_sftp(settings, folder.path)
    elif is_remote(settings.path):
        fetched = [(fetch_or_keep(settings, settings.kept or folder.path), settings.place)]
    else:
        fetched = [(path, str(path)) for path in _local(settings)]
    files = [_ready(path, place, settings, folder) for path, place in fetched]
    return Fetched(tuple(files), names_several(settings) and settings.pick == "all", folder)


def names_several(settings: FileSettings) -> bool:
    """Tell whether a location is a folder or a pattern, so that it can name several files."""
    if is_remote(settings.path):
        return settings.path.lower().startswith("sftp:") and is_pattern(PurePath(settings.path).name)
    return is_pattern(settings.path) or Path(settings.path).is_dir()


def _local(settings: FileSettings) -> list[Path]:
    several = names_several(settings)
    settling = Settling(settings) if several else Settling(settings, default_seconds=0)
    if not several and not settings.file.exists():
        return [settings.file]  # for the reader to say
    while True:
        chosen = choose_files(settings, _found(settings)) if several else _versions([settings.file])
        if settling.at_rest(chosen):
            return [Path(name) for name in chosen]
        time.sleep(LOOK_AGAIN_SECONDS)


def _found(settings: FileSettings) -> dict[str, FileVersion]:
    path = settings.file
    if path.is_dir():
        return _versions([one for one in path.iterdir() if is_of_format(one.name, settings)])
    if is_pattern(str(path.parent)) or not path.parent.is_dir():
        raise SourceError(path, "there is no such folder; only the name of the file may be a pattern")
    return _versions([one for one in path.parent.iterdir() if fits(one.name, path.name)])


def _versions(paths: list[Path]) -> dict[str, FileVersion]:
    found = [(path, path.stat()) for path in paths if path.is_file()]
    return {str(path): (status.st_size, status.st_mtime) for path, status in found}


def _ready(path: Path, place: str, settings: FileSettings, folder: PassingFolder) -> LocalFile:
    name = place.rpartition("/")[2]
    if not is_packed(path, settings):
        return LocalFile(path, place, name, path)
    own = Path(tempfile.mkdtemp(dir=folder.path))
    try:
        return LocalFile(unpacked(path, settings, own), place, name, path)
    except SourceError as error:
        raise SourceError(place, error.problem) from error
