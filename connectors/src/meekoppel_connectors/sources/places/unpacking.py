"""Archives are measured before anything reads them: what they really unpack to, not what they say they do.

An archive of a few kilobytes can unpack to terabytes. Its own directory may lie about that, may list one stretch of
bytes many times, and each library believes other parts of it. So every entry is unpacked once, into nothing, and
counted; that costs about a second for 300 MB.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from meekoppel_connectors.errors import SourceError

_LOCAL_HEADER = struct.Struct("<4s2B4HL2L2H")
_PIECE = 256 * 1024
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class UnpackingLimits:
    """How much an archive may unpack to.

    Attributes:
        total_bytes: of all entries together.
        entries: how many there may be.
        ratio: unpacked to packed bytes of one entry; sheets of a workbook reach some 50, a bomb 1,000.
        unsuspicious_bytes: up to this size the ratio of an entry does not matter.
    """

    total_bytes: int = 512 * 1024 * 1024
    entries: int = 10_000
    ratio: int = 250
    unsuspicious_bytes: int = 16 * 1024 * 1024


def refuse_bombs(path: Path, limits: UnpackingLimits | None = None) -> None:
    """Unpack a zip archive (also .xlsx) into nothing, and count.

    Raises:
        SourceError: when it unpacks to more than the limits allow, is encrypted, damaged, or no archive.
    """
    limits = limits or UnpackingLimits()
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            entries = archive.infolist()
            if len(entries) > limits.entries:
                raise SourceError(path, f"is an archive of {len(entries):,} files; at most {limits.entries:,} are read")
            left = limits.total_bytes
            for entry in entries:
                left -= _unpacked_bytes(path, file, entry, left, limits)
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, OSError) as error:
        raise SourceError(path, f"is no archive, or is damaged: {error}") from error


def _unpacked_bytes(path: Path, file: IO[bytes], entry: zipfile.ZipInfo, most: int, limits: UnpackingLimits) -> int:
    if entry.flag_bits & _ENCRYPTED:
        raise SourceError(path, f"is protected with a password ({entry.filename}); save it without one")
    _go_to_data(path, file, entry)
    if entry.compress_type == zipfile.ZIP_STORED:
        unpacked = entry.compress_size
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        unpacked = _inflated_bytes(file, entry.compress_size, most)
    else:
        raise SourceError(path, f"is packed in an unusual way ({entry.filename}); pack it as an ordinary zip")
    if unpacked > most:
        size = f"{limits.total_bytes // 1024**2:,} MB"
        raise SourceError(path, f"unpacks to more than {size}; export less at once, or as a GeoPackage or CSV file")
    if unpacked > limits.unsuspicious_bytes and unpacked > limits.ratio * max(entry.compress_size, 1):
        raise SourceError(
            path, f"holds a file that unpacks to {limits.ratio} times its size and more: " + entry.filename
        )
    return unpacked


def _go_to_data(path: Path, file: IO[bytes], entry: zipfile.ZipInfo) -> None:
    file.seek(entry.header_offset)
    header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if header[0] != b"PK\x03\x04":
        raise SourceError(path, f"is a damaged archive: {entry.filename} is not where its directory says")
    file.seek(header[-2] + header[-1], 1)


def _inflated_bytes(file: IO[bytes], packed: int, most: int) -> int:
    """Count what a deflated stretch unpacks to, by its own end and not by what is said of it; stops above `most`."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    unpacked = 0
    while packed > 0 and not inflate.eof:
        piece = file.read(min(_PIECE, packed))
        if not piece:
            raise zipfile.BadZipFile("it ends in the middle of a file")
        packed -= len(piece)
        while piece and unpacked <= most:
            unpacked += len(inflate.decompress(piece, _PIECE))
            piece = inflate.unconsumed_tail
        if unpacked > most:
            break
    return unpacked
