"""A file fetched by HTTP, kept until the server has another version of it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.sources.http.client import HttpReader, Validators
from meekoppel_connectors.sources.settings import FileSettings

_CURRENT = "current.json"


def fetch_or_keep(settings: FileSettings, folder: Path) -> Path:
    """Fetch a file, unless the kept one is the version that the server has now.

    Args:
        settings: of the source, with its address.
        folder: in which it is kept; several addresses may share it.

    Raises:
        SourceError: when the server refuses it, or it cannot be written.
        SourceAway: when the server is away.
    """
    own = folder / hashlib.sha256(settings.path.encode()).hexdigest()[:16]
    try:
        own.mkdir(parents=True, exist_ok=True)
        return _fetched(settings, own)
    except OSError as error:
        raise SourceError(own, f"cannot be written: {error.strerror}; see source.kept") from error


def _fetched(settings: FileSettings, folder: Path) -> Path:
    current = _current(folder)
    known = Validators(current["etag"], current["last_modified"]) if current else None
    # A new name each time: another run may be reading the one that is there.
    target = folder / f"{secrets.token_hex(4)}{_suffix(settings)}"
    try:
        with HttpReader(settings.path, settings) as http:
            validators = http.download(settings.path, target, known)
        if validators is None and current is not None:
            return folder / str(current["file"])
        note = {"file": target.name, "bytes": target.stat().st_size} | asdict(validators or Validators())
        _replace(folder / _CURRENT, json.dumps(note))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    if current is not None:
        (folder / str(current["file"])).unlink(missing_ok=True)
    return target


def _current(folder: Path) -> Mapping[str, Any] | None:
    """Give what is noted of the kept file, when that is whole and can be asked for by version."""
    try:
        note: dict[str, Any] = json.loads((folder / _CURRENT).read_text("utf-8"))
        whole = (folder / str(note["file"])).stat().st_size == note["bytes"]
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return note if whole else None


def _replace(path: Path, text: str) -> None:
    written = path.with_suffix(".new")
    written.write_text(text, "utf-8")
    written.replace(path)


def _suffix(settings: FileSettings) -> str:
    """Give the ending by which the format's reader knows its files; else that of the address."""
    given = Path(settings.place).suffix.lower()
    return given if given in settings.suffixes or not settings.suffixes else settings.suffixes[0]
