"""Files that may be packed with gzip, as feeds of road works are; what they unpack to is bounded."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.tables.cells import existing

LIMIT_BYTES = 4 * 1024**3
_MAGIC = b"\x1f\x8b"


@contextmanager
def opened(path: Path, limit_bytes: int = LIMIT_BYTES) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked when it is packed; what it is called does not matter.

    Args:
        path: the file.
        limit_bytes: the most that may come out of a packed file.

    Raises:
        SourceError: when it is not there, cannot be read, is damaged, or unpacks to more than the limit.
    """
    try:
        with existing(path).open("rb") as file:
            packed = file.read(len(_MAGIC)) == _MAGIC
            file.seek(0)
            if packed:
                yield cast("BinaryIO", io.BufferedReader(_Unpacked(file, path, limit_bytes)))
            else:
                yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(path, f"cannot be unpacked, since it is damaged or cut off: {error}") from error
    except OSError as error:
        raise SourceError(path, f"cannot be read: {error}") from error


class _Unpacked(io.RawIOBase):
    """A packed file as it reads unpacked, which gives no more than it may."""

    def __init__(self, file: BinaryIO, path: Path, limit_bytes: int) -> None:
        self._file = gzip.GzipFile(fileobj=file)
        self._path = path
        self._limit_bytes = limit_bytes
        self._left = limit_bytes

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Unpack the next bytes.

        Raises:
            SourceError: when there are more than the limit.
        """
        found = self._file.read(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise SourceError(self._path, f"unpacks to more than {self._limit_bytes:,} bytes, and is refused")
        buffer[: len(found)] = found
        return len(found)
