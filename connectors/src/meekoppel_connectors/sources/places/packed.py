"""A zip archive or a gzip file around the file of a source: unpacked within limits, before a reader sees it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.places.gzipped import opened
from meekoppel_connectors.sources.places.unpacking import UnpackingLimits, refuse_bombs
from meekoppel_connectors.sources.settings import FileSettings

PACKED_SUFFIXES = (".zip", ".gz")
_ZIP_BEGINS = b"PK\x03\x04"
_GZIP_BEGINS = b"\x1f\x8b"
_PIECE = 256 * 1024


def is_packed(path: Path, settings: FileSettings) -> bool:
    """Tell by its first bytes whether a file is an archive around the real one; workbooks are archives themselves."""
    if settings.is_archive or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4).startswith((_ZIP_BEGINS, _GZIP_BEGINS))


def unpacked(path: Path, settings: FileSettings, folder: Path) -> Path:
    """Unpack the file of the source into a folder.

    Args:
        path: the archive.
        settings: of the source; its limit and the endings of its format count.
        folder: empty; what belongs to the file, such as the table of a Shapefile, comes there too.

    Raises:
        SourceError: when it holds no such file or several, is damaged, or unpacks to more than the limit.
    """
    with path.open("rb") as file:
        zipped = file.read(4) == _ZIP_BEGINS
    return _from_zip(path, settings, folder) if zipped else _from_gzip(path, settings, folder)


def _from_zip(path: Path, settings: FileSettings, folder: Path) -> Path:
    refuse_bombs(path, UnpackingLimits(total_bytes=settings.limit_mb * 1024 * 1024))
    with zipfile.ZipFile(path) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
        wanted = [one for one in entries if PurePosixPath(one.filename).suffix.lower() in settings.suffixes]
        if len(wanted) != 1:
            found = ", ".join(sorted(one.filename for one in wanted or entries)[:10]) or "nothing"
            endings = ", ".join(settings.suffixes)
            raise SourceError(path, f"is an archive that must hold one file ending in {endings}; it holds {found}")
        stem = PurePosixPath(wanted[0].filename).with_suffix("")
        for entry in entries:
            if PurePosixPath(entry.filename).with_suffix("") == stem:
                with archive.open(entry) as packed, (folder / PurePosixPath(entry.filename).name).open("wb") as file:
                    shutil.copyfileobj(packed, file, _PIECE)
    return folder / PurePosixPath(wanted[0].filename).name


def _from_gzip(path: Path, settings: FileSettings, folder: Path) -> Path:
    inner = Path(path.stem)
    target = folder / (inner.name if inner.suffix.lower() in settings.suffixes else f"unpacked{settings.suffixes[0]}")
    with opened(path, settings.limit_mb * 1024 * 1024) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file, _PIECE)
    return target


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
