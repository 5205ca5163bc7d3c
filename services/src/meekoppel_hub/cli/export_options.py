"""What the commands of `meekoppel export` share: for whom, in which language, in which area, and writing the file."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, BinaryIO
from zoneinfo import ZoneInfo

import typer
from shapely.geometry.base import BaseGeometry

from meekoppel_hub.cli.view import view_of_hub
from meekoppel_hub.exports.columns import Presentation
from meekoppel_hub.exports.crs import places
from meekoppel_hub.exports.orders import Format, Order
from meekoppel_hub.platform.areas import area_from_box, area_from_file
from meekoppel_hub.platform.clock import utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.errors import SettingsError
from meekoppel_hub.platform.organisations import load
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.reading.access import ANYBODY, OPERATOR, Viewer
from meekoppel_hub.reading.collaborations import collaborations_of

_SECONDS_BETWEEN_PROGRESS = 3.0


class LanguageName(StrEnum):
    """In which language an export is written."""

    NL = "nl"
    EN = "en"


For = Annotated[
    str | None, typer.Option("--for", help="What this organisation may see; else only what is public is written.")
]
Everything = Annotated[bool, typer.Option("--everything", help="Also what is restricted: for the hub's operator only.")]
LanguageOption = Annotated[LanguageName, typer.Option("--language", help="Of names of columns and labels.")]


@dataclass(frozen=True)
class Asked:
    """What every export is asked for."""

    organisation: str | None
    everything: bool
    language: LanguageName
    codes: bool
    crs: int | None
    link_base: str

    @cached_property
    def settings(self) -> HubSettings:
        """Read the settings of the hub."""
        return HubSettings.read()

    @cached_property
    def database(self) -> Database:
        """Open the view of the hub."""
        return view_of_hub(self.settings)

    @cached_property
    def presentation(self) -> Presentation:
        """Say how it is written."""
        return Presentation(
            self.language.value,
            ZoneInfo(self.settings.time_zone),
            places(self.settings.crs, self.crs).crs,
            self.settings.crs,
            self.codes,
            self.link_base.rstrip("/"),
        )

    def viewer(self) -> Viewer:
        """Find out for whom it is.

        Raises:
            SettingsError: when the organisation is not registered, or two different things are asked for.
        """
        if self.everything and self.organisation is not None:
            raise SettingsError("--for and --everything exclude one another; give one of them")
        if self.everything:
            return OPERATOR
        if self.organisation is None:
            return ANYBODY
        code = load(self.database, self.organisation).code
        with self.database.read() as connection:
            return Viewer(code, collaborations=collaborations_of(connection, code, utc_now()))

    def order(self, form: Format, told: Callable[[int], None], *, dutch_csv: bool = False) -> Order:
        """Put the order together."""
        return Order(self.database, self.viewer(), utc_now(), form, self.presentation, dutch_csv, told)


class Progress:
    """Counts what is written, and says so now and then on standard error."""

    def __init__(self, what: str) -> None:
        self.count = 0
        self._what = what
        self._told_at = time.monotonic()

    def __call__(self, count: int) -> None:
        """Take the number of lines so far."""
        self.count = count
        now = time.monotonic()
        if now - self._told_at >= _SECONDS_BETWEEN_PROGRESS:
            self._told_at = now
            typer.echo(f"{count} {self._what} so far", err=True)


def area_of(box: str | None, file: Path | None, settings: HubSettings) -> BaseGeometry | None:
    """Read the area that is asked for: a box or a file.

    Raises:
        SettingsError: when it cannot be read, or both are given.
    """
    if box is not None and file is not None:
        raise SettingsError("--bbox and --area both say where; give one of them")
    if file is not None:
        return area_from_file(file, settings.crs)
    if box is None:
        return None
    try:
        min_x, min_y, max_x, max_y = (float(part) for part in box.split(","))
    except ValueError as error:
        raise SettingsError(f"--bbox {box!r} is not min x,min y,max x,max y in the hub's CRS") from error
    return area_from_box((min_x, min_y, max_x, max_y))


def day_start(text: str | None, option: str, settings: HubSettings) -> datetime | None:
    """Read a day, in the hub's time zone, and give its beginning.

    Raises:
        SettingsError: when it is no day.
    """
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{option} {text!r} is no day; write one such as 2027-03-01") from error
    return datetime.combine(day, time_of_day(), ZoneInfo(settings.time_zone))


def day_end(text: str | None, option: str, settings: HubSettings) -> datetime | None:
    """Read a day, in the hub's time zone, and give its last moment.

    Raises:
        SettingsError: when it is no day.
    """
    start = day_start(text, option, settings)
    return None if start is None else start + timedelta(days=1) - timedelta(microseconds=1)


def write(pieces: Iterator[bytes], out: Path | None, stream: BinaryIO) -> None:
    """Write an export to a file, whole or not at all, or to a stream.

    Raises:
        SettingsError: when it cannot be written.
    """
    try:
        if out is None:
            for piece in pieces:
                stream.write(piece)
            stream.flush()
        else:
            _write_whole(pieces, out)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        raise SettingsError(f"{out or 'the export'} cannot be written: {error.strerror}; give another --out") from error


def _write_whole(pieces: Iterator[bytes], out: Path) -> None:
    beside = out.absolute().parent / f".{out.name}.{uuid.uuid4().hex[:12]}"
    try:
        with beside.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
