"""Guessing the format of a file by what is in it; its name counts only where the contents do not tell."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.records import guess_list, guess_record
from meekoppel_connectors.guessing.tables import guess_csv, guess_encoding, guess_workbook

_START = 64 * 1024
_GEOPACKAGE = b"SQLite format 3\x00"
_SHAPEFILE = b"\x00\x00\x27\x0a"
_TRIPLE = re.compile(r"^\s*(?:<[^>\s]+>|_:\S+)\s+<[^>\s]+>\s+.+\.\s*$", re.MULTILINE)
_TURTLE = re.compile(r"^\s*(?:@prefix|@base|PREFIX|BASE)\s", re.MULTILINE)
_FEATURES = re.compile(r'"type"\s*:\s*"FeatureCollection"')
_FEED_INFO = re.compile(r'"(?:road_event_)?feed_info"\s*:')
_OTHER_KINDS = {
    b"%PDF": "a PDF; ask for the table or the map layer that it was made from",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file; open it and save it as .xlsx",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"PK\x03\x04": "a ZIP archive; unpack it first and name the file in it",
    b"Rar!": "a RAR archive; unpack it first and name the file in it",
    b"\x89PNG": "a picture; ask for the table or the map layer that it was made from",
    b"\xff\xd8\xff": "a picture; ask for the table or the map layer that it was made from",
    b"II*\x00": "a picture; ask for the table or the map layer that it was made from",
    b"SQLite format 3\x00": "an SQLite database, but no GeoPackage",
}
_BESIDE_A_SHAPEFILE = frozenset({".dbf", ".shx", ".prj", ".cpg"})
_SPOKEN_OF = "GeoJSON, GeoPackage, Shapefile, CSV, XLSX, XML or JSON"


@dataclass(frozen=True, slots=True)
class Found:
    """A format, and the settings that go with it.

    Attributes:
        format: as `source.format`.
        why: by what it was recognised.
        settings: further settings of `source`, each guessed.
    """

    format: str
    why: str
    settings: Mapping[str, Guess[Any]] = field(default_factory=dict)


def guess_format(path: Path) -> Found:
    """Tell what a file is.

    Raises:
        SourceError: when it is none of the formats that a connector reads; says what it is and what to do.
    """
    if not path.is_file():
        raise SourceError(path, "there is no such file; name an export of your own system")
    with path.open("rb") as file:
        start = file.read(_START)
    if not start.strip():
        raise SourceError(path, "is empty; export it again")
    found = _binary(path, start) or _marked_up(path, start) or _table(path, start)
    if found is None:
        raise SourceError(path, f"is no {_SPOKEN_OF} as far as can be seen; export it as one of these")
    return found


def _binary(path: Path, start: bytes) -> Found | None:
    if path.suffix.lower() in _BESIDE_A_SHAPEFILE and path.with_suffix(".shp").is_file():
        raise SourceError(path, f"is a part of a Shapefile; name {path.with_suffix('.shp').name}")
    if start.startswith(_GEOPACKAGE) and start[68:72] in (b"GPKG", b"GP10", b"GP11"):
        return Found("gpkg", "a GeoPackage by its first bytes", _layers(path))
    if start.startswith(_SHAPEFILE):
        return Found("shapefile", "a Shapefile by its first bytes")
    if start.startswith(b"PK\x03\x04") and _is_workbook(path):
        settings = guess_workbook(path)
        if not settings:
            raise SourceError(path, "is a workbook in which no sheet has a row of column names with values below it")
        return Found("xlsx", "a workbook by its contents", settings)
    for first, what in _OTHER_KINDS.items():
        if start.startswith(first):
            raise SourceError(path, f"is {what}")
    return None


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile as error:
        raise SourceError(path, "is a damaged archive or workbook; save it again") from error


def _layers(path: Path) -> dict[str, Guess[Any]]:
    from pyogrio import list_layers, read_info

    names = [str(name) for name, _ in list_layers(path)]
    if len(names) < 2:
        return {}
    largest = max(names, key=lambda name: int(read_info(path, layer=name)["features"]))
    others = tuple(name for name in names if name != largest)
    return {"layer": Guess(largest, Confidence.UNSURE, "the layer with most features of several", others)}


def _marked_up(path: Path, start: bytes) -> Found | None:
    text = start.decode(guess_encoding(start).value or "utf-8-sig", errors="replace").lstrip()
    if text.startswith("<") and not _TRIPLE.match(text):
        return _xml(path, text)
    if text.startswith(("{", "[")):
        return _json(path, text)
    if _TURTLE.search(text) or _TRIPLE.match(text):
        return Found("ldes", "linked data as Turtle or N-Quads")
    return None


def _xml(path: Path, text: str) -> Found:
    if re.match(r"<!doctype html|<html", text, re.IGNORECASE):
        raise SourceError(path, "is a web page, not data; perhaps one has to log in to get the file")
    if re.search(r"datex2|d2LogicalModel|situationRecord|SituationPublication", text):
        return Found("datex2", "DATEX II by its elements")
    record = guess_record(path)
    if record is None:
        raise SourceError(path, "is XML without an element that holds fields; nothing in it looks like a list of plans")
    return Found("xml", "XML by its first signs", {"record": record})


def _json(path: Path, text: str) -> Found:
    if _FEATURES.search(text):  # also of a size that one would not want to read as a whole
        return _features(path, text)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, UnicodeDecodeError) as error:
        raise SourceError(path, f"begins as JSON and is damaged: {error}") from error
    if isinstance(content, dict) and content.get("type") in {"FeatureCollection", "Feature"}:
        return _features(path, text)
    if "@context" in text or "@graph" in text or "@id" in text:
        return Found("ldes", "linked data as JSON-LD")
    return _records(path, content)


def _features(path: Path, text: str) -> Found:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _START))
        end = file.read().decode("utf-8", errors="replace")
    if _FEED_INFO.search(text) or _FEED_INFO.search(end):
        return Found("wzdx", "a WZDx feed: it has feed_info")
    return Found("geojson", "a collection of features")


def _records(path: Path, content: Any) -> Found:
    if isinstance(content, dict) and ("object_data" in content or "TopicArn" in content):
        return Found("street-manager", "a message of Street Manager")
    record = guess_list(content)
    if record is None:
        raise SourceError(path, "is JSON without a list of records in it; nothing in it looks like a list of plans")
    return Found("json", "a list of records as JSON", {"record": record} if record.value else {})


def _table(path: Path, start: bytes) -> Found | None:
    if b"\x00" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    settings = guess_csv(path)
    if not settings and path.suffix.lower() == ".csv":
        raise SourceError(path, "has no row of column names with values below it; give the export a row with names")
    return Found("csv", "rows of text with the same sign between their cells", settings) if settings else None
