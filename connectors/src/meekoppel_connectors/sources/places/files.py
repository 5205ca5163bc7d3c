"""From a location to rows: fetches the files, gives each to the reader of its format, and joins what they hold.

A reader sees one local file, wherever it came from; its messages name the place that the configuration names. What is
given is whole: a file that changed while it was read, or a folder without files, is an error and no shorter snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pyproj import CRS

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.places.fetching import Fetched, LocalFile, fetch
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source

FILE_FIELD = "@file"
"""Of several files together: the name of the file in which the row stands, as a field of the row."""

_Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _OpenFile:
    file: LocalFile
    source: Source[FileSettings]
    version: _Version | None

    def refuse_changed(self) -> None:
        """Raise when the file is no longer the one that was opened."""
        if self.version is not None and _version(self.file.origin) != self.version:
            raise SourceAway(self.file.place, "changed while it was read; it is read again when it is at rest")

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the place that the configuration names when the reader complains of the file that it was given."""
        try:
            yield
        except SourceError as error:
            self.refuse_changed()
            if str(error.place) == str(self.file.path):
                raise SourceError(self.file.place, error.problem) from error
            raise
        self.refuse_changed()


@dataclass(frozen=True, slots=True)
class _Opened:
    fetched: Fetched
    files: tuple[_OpenFile, ...]


class LocatedFiles(Source[FileSettings]):
    """A source of files, read by the class of their format."""

    settings_type = FileSettings

    def __init__(self, settings: FileSettings, reader: type[Source[FileSettings]]) -> None:
        """Prepare; nothing is opened or fetched yet.

        Args:
            settings: of the format.
            reader: the class that reads one local file of it.
        """
        super().__init__(settings)
        self._reader = reader
        self._described: _Opened | None = None

    def describe(self, *, whole: bool = False) -> Description:
        """Give what all files have in common; they are fetched now, and kept for the snapshot that follows."""
        opened = self._described = self._open()
        descriptions = []
        for one in opened.files:
            with one.named():
                descriptions.append(one.source.describe(whole=whole))
        return self._joined(opened.fetched, descriptions)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read file after file; the rows of each are numbered as the reader does."""
        opened = self._described or self._open()
        self._described = None
        for one in opened.files:
            with one.named():
                if not opened.fetched.together:
                    yield from one.source.snapshot()
                    continue
                for row in one.source.snapshot():
                    yield replace(row, values=row.values | {FILE_FIELD: one.file.name})

    def _open(self) -> _Opened:
        fetched = fetch(self.settings)
        return _Opened(fetched, tuple(self._open_file(file) for file in fetched.files))

    def _open_file(self, file: LocalFile) -> _OpenFile:
        version = _version(file.origin)
        return _OpenFile(file, self._reader(self.settings.model_copy(update={"path": str(file.path)})), version)

    def _joined(self, fetched: Fetched, descriptions: list[Description]) -> Description:
        if not fetched.together:
            return descriptions[0]
        fixed = all(one.fixed for one in descriptions)
        fields = dict.fromkeys(name for one in descriptions for name in one.fields)
        if fixed:  # a column that one of the files lacks is not there for the mapping
            fields = {name: None for name in fields if all(name in one.fields for one in descriptions)}
        counts = [one.row_count for one in descriptions if one.row_count is not None]
        count = sum(counts) if len(counts) == len(descriptions) else None
        return Description((*fields, FILE_FIELD), fixed, self._one_crs(fetched, descriptions), count)

    def _one_crs(self, fetched: Fetched, descriptions: list[Description]) -> CRS | None:
        for file, one in zip(fetched.files, descriptions, strict=True):
            if one.crs != descriptions[0].crs:
                raise SourceError(
                    file.place,
                    f"is in another CRS than {fetched.files[0].name}; files of one source must have the same",
                )
        return descriptions[0].crs


def _version(path: Path) -> _Version | None:
    try:
        found = path.stat()
    except OSError:
        return None  # what is wrong with it is for the reader to say
    return found.st_size, found.st_mtime_ns, found.st_ino
