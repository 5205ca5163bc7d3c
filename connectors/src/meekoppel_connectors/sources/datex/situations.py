"""DATEX II v3: the situations of a SituationPublication, as NDW and other road authorities in Europe publish them.

A row is a situation, or one of its records. Both have the same fields: `situation.…` for what holds for the whole,
`record.…` for one record (of a situation: the works themselves, else the first), and, of a situation, `records.…` for
the different values of all its records. `period.start` and `period.end` are the earliest start and the latest end; when
a record has no end, there is none. Feeds may be packed with gzip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal
from xml.etree.ElementTree import Element

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.datex.fields import fields_of, merged
from meekoppel_connectors.sources.datex.places import WORLD, place_of
from meekoppel_connectors.sources.places.gzipped import opened
from meekoppel_connectors.sources.records.xml_elements import ElementReader, bare
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source

WORKS = frozenset({"MaintenanceWorks", "ConstructionWorks", "Roadworks"})
REAL = "real"
_RECORD = "situationRecord"
_PUBLICATION = "SituationPublication"


class Datex2Settings(FileSettings):
    """A DATEX II publication, as a file.

    Attributes:
        row: whether a situation is a row, or each of its records. A situation keeps its id when records come and go.
        languages: in which texts are wanted; the first before the second.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".xml",)

    format: Literal["datex2"]
    row: Literal["situation", "record"] = "situation"
    languages: tuple[str, ...] = ("nl", "en")


class SituationPublication(Source[Datex2Settings]):
    """The situations of a publication, or their records, one after another."""

    settings_type = Datex2Settings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields of the first rows or, with `whole`, all that occur."""
        return Description(super().describe(whole=whole).fields, fixed=False, crs=WORLD)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read situation after situation."""
        number = 0
        for situation in self._situations():
            records = situation.findall(_RECORD)
            for chosen in [records] if self.settings.row == "situation" else [[record] for record in records]:
                number += 1
                yield self._row(number, situation, chosen)

    def _situations(self) -> Iterator[Element]:
        path = self.settings.file
        reader = ElementReader(path, "situation")
        found = False
        with opened(path) as file:
            for situation in reader.read(file):
                found = True
                yield situation
        if not found:
            self._refuse_another_kind(reader.outside)

    def _refuse_another_kind(self, outside: Mapping[str, str]) -> None:
        """Tell a publication without situations from what is none."""
        names = [name[:1].upper() + name[1:] for pair in outside.items() for name in pair if name]
        if _PUBLICATION not in names:
            kinds = [name for name in names if name.endswith("Publication")]
            what = f"is a {kinds[0]}" if kinds else f"begins with {next(iter(outside), 'nothing')}"
            raise SourceError(self.settings.file, f"{what}, and is no {_PUBLICATION} of DATEX II")

    def _row(self, number: int, situation: Element, records: list[Element]) -> SourceRow:
        languages = self.settings.languages
        values = _prefixed("situation", fields_of(situation, languages, frozenset({_RECORD})))
        fields = [fields_of(record, languages) for record in records]
        if fields:
            values |= _prefixed("record", fields[_main(records)])
        if self.settings.row == "situation":
            values |= _prefixed("records", merged(fields))
        values |= _period(records)
        fault = _unreal(situation)
        shape = None
        try:
            place = place_of(records)
            values["location.method"], shape = place.method, place.shape
        except ValueError as error:
            fault = fault or str(error)
        return SourceRow(values, shape, number=number, fault=fault, occurred_at=_changed(situation, records))


def _unreal(situation: Element) -> str | None:
    """Tell a test or an exercise from what is real; where nothing is said it is real."""
    status = situation.findtext("headerInformation/informationStatus")
    return f"is no real situation but of status {status}" if status and status.strip() != REAL else None


def _main(records: list[Element]) -> int:
    """Give the place of the record that describes the works; of the first where none does."""
    return next((index for index, record in enumerate(records) if bare(record.get("type", "")) in WORKS), 0)


def _prefixed(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}.{field}": value for field, value in fields.items()}


def _period(records: list[Element]) -> dict[str, Any]:
    starts = [_validity(record, "overallStartTime") for record in records]
    ends = [_validity(record, "overallEndTime") for record in records]
    return {
        "period.start": _unreadable(starts) or min(filter(None, starts), key=_in_time, default=None),
        "period.end": (_unreadable(ends) or max(filter(None, ends), key=_in_time)) if ends and all(ends) else None,
    }


def _validity(record: Element, name: str) -> str | None:
    return (record.findtext(f"validity/validityTimeSpecification/{name}") or "").strip() or None


def _unreadable(texts: list[str | None]) -> str | None:
    """Give a time that cannot be read, so that it is seen in the row and rejected, and not passed over."""
    return next((text for text in texts if text and _moment(text) is None), None)


def _in_time(text: str) -> datetime:
    """Order times that can be read; one without a zone counts as UTC for that."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    """Read a time; None when it is none, or lies outside the years 1 to 9999 in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None


def _changed(situation: Element, records: list[Element]) -> datetime | None:
    texts = [situation.findtext("situationVersionTime")]
    texts += [record.findtext("situationRecordVersionTime") for record in records]
    moments = [moment for text in texts if text and (moment := _moment(text.strip())) and moment.tzinfo]
    return max(moments, default=None)
