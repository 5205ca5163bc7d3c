"""From a location to rows: fetches the files, gives each to the reader of its format, and joins what they hold.

A reader sees one local file, wherever it came from; its messages name the place that the configuration names. What is
given is whole: a file that changed while it was read, or a folder without files, is an error and no shorter snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pyproj import CRS

from meekoppel_connectors.errors import SourceAway, SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.fetching import Fetched, LocalFile, fetch
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source

FILE_FIELD = "@file"
"""Of several files together: the name of the file in which the row stands, as a field of the row."""

_Version = tuple[int, int, int]


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
        self._described: Fetched | None = None

    def describe(self, *, whole: bool = False) -> Description:
        """Give what all files have in common; they are fetched now, and kept for the snapshot that follows."""
        self._described = fetched = fetch(self.settings)
        descriptions = []
        for file in fetched.files:
            with self._named(file) as source:
                descriptions.append(source.describe(whole=whole))
        return self._joined(fetched, descriptions)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read file after file; the rows of each are numbered as the reader does."""
        fetched = self._described or fetch(self.settings)
        self._described = None
        for file in fetched.files:
            with self._named(file) as source:
                for row in source.snapshot():
                    yield replace(row, values=row.values | {FILE_FIELD: file.name}) if fetched.together else row

    @contextmanager
    def _named(self, file: LocalFile) -> Iterator[Source[FileSettings]]:
        before = _version(file.origin)
        try:
            yield self._reader(self.settings.model_copy(update={"path": str(file.path)}))
        except SourceError as error:
            self._refuse_changed(file, before)
            if str(error.place) == str(file.path):
                raise SourceError(file.place, error.problem) from error
            raise
        self._refuse_changed(file, before)

    def _refuse_changed(self, file: LocalFile, before: _Version | None) -> None:
        if before is not None and _version(file.origin) != before:
            raise SourceAway(file.place, "changed while it was read; it is read again when it is at rest")

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
