"""What stands in a column of an export: its name, what planners call it, its kind, and where its value comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, StrEnum, auto
from functools import cache
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from meekoppel_contracts.codelists import code_list
from meekoppel_contracts.codelists.reading import Language
from meekoppel_contracts.errors import UnknownCode

Line = TypeVar("Line")
Cell = str | int | float | bool | date | datetime | None
"""What a cell can hold; times have no zone any more: they are in the zone of the presentation."""


class Kind(Enum):
    """What the values of a column are."""

    TEXT = auto()
    WORDS = auto()  # a text in Dutch and the same in English
    CODE = auto()  # one code of a list, or several
    WHOLE = auto()
    NUMBER = auto()
    FIRST_DAY = auto()  # a moment at which something begins, shown as its day
    LAST_DAY = auto()  # a moment at which something ends, shown as the last day of it
    TIME = auto()
    YES_NO = auto()
    LINK = auto()


@dataclass(frozen=True, slots=True)
class Presentation:
    """How an export is written.

    Attributes:
        language: of heads and labels.
        zone: in which days begin and end.
        crs: EPSG number of the coordinates that are written.
        hub_crs: EPSG number of the view's geometry.
        codes: whether codes of the contracts are written instead of their labels.
        link_base: the address of the API, for links; empty for none.
    """

    language: Language
    zone: ZoneInfo
    crs: int
    hub_crs: int
    codes: bool = False
    link_base: str = ""

    def word(self, dutch: str, english: str) -> str:
        """Take the word in the language of the export."""
        return dutch if self.language == "nl" else english


@dataclass(frozen=True, slots=True)
class Column(Generic[Line]):
    """A column.

    Attributes:
        name: for programs: the same in every language.
        nl: what it is called in Dutch.
        en: what it is called in English.
        kind: what its values are.
        value: takes the value from a line, as the contracts have it.
        codes: of a CODE, its list.
        width: in characters, for sheets.
    """

    name: str
    nl: str
    en: str
    kind: Kind
    value: Callable[[Line], Any]
    codes: type[StrEnum] | None = None
    width: int = 14

    def head(self, presentation: Presentation) -> str:
        """Give what it is called."""
        return presentation.word(self.nl, self.en)

    def cell(self, line: Line, presentation: Presentation) -> Cell:
        """Give its value in a line, as it is shown."""
        value = self.value(line)
        return None if value is None else _shown(value, self, presentation)


def _shown(value: Any, column: Column[Any], presentation: Presentation) -> Cell:
    match column.kind:
        case Kind.WORDS:
            return presentation.word(*value)
        case Kind.CODE:
            return coded(value, column.codes, presentation)
        case Kind.FIRST_DAY:
            return first_day(value, presentation.zone)
        case Kind.LAST_DAY:
            return last_day(value, presentation.zone)
        case Kind.TIME:
            shown: datetime = value.astimezone(presentation.zone).replace(tzinfo=None, microsecond=0)
            return shown
        case Kind.YES_NO:
            return presentation.word("ja", "yes") if value else presentation.word("nee", "no")
        case Kind.LINK:
            return f"{presentation.link_base}{value}" if presentation.link_base else None
        case _:
            cell: Cell = value
            return cell


def coded(value: str | Iterable[str], codes: type[StrEnum] | None, presentation: Presentation) -> str:
    """Write one code or several, by their labels unless codes are asked for."""
    several = (value,) if isinstance(value, str) else tuple(value)
    if codes is None or presentation.codes:
        return ", ".join(several)
    return ", ".join(label(codes, one, presentation.language) for one in several)


@cache
def label(codes: type[StrEnum], code: str, language: Language) -> str:
    """Say what a code is called; one that this version of the lists does not know stands as it is."""
    try:
        return code_list(codes).label(code, language)
    except UnknownCode:
        return code


def first_day(moment: datetime, zone: ZoneInfo) -> date:
    """Give the day on which something begins."""
    return moment.astimezone(zone).date()


def last_day(moment: datetime, zone: ZoneInfo) -> date:
    """Give the last day of what ends at a moment: midnight is the end of the day before it."""
    local = moment.astimezone(zone)
    return local.date() - timedelta(days=1) if local.time() == time() else local.date()
