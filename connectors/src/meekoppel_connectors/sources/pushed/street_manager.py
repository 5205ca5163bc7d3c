"""Messages of Street Manager (England): what it pushes through Amazon's SNS about permits, activities and section 58s.

A file holds one message, bare or in the envelope of SNS; a folder of such files is read as one source. The fields of
`object_data` become fields of the row, those of the message `event.…`. Beside them stand `coordinates`, `start`, `end`
and `state`, which are called otherwise in each kind of message. A day without a time is a day of London.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pyproj import CRS

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.records.nested import flattened
from meekoppel_connectors.sources.settings import FileSettings, GeometryColumns
from meekoppel_connectors.sources.source import Description, Source

BRITISH_GRID = CRS.from_epsg(27700)
LONDON = ZoneInfo("Europe/London")
CARRIES_NO_PLAN = {
    "SECTION_58": "is a section 58 (a ban on works), and no plan",
    "INSPECTION": "is an inspection, and no plan",
    "FPN": "is a penalty notice, and no plan",
    "COMMENT": "is a comment, and no plan",
}
_LONGEST = 1024 * 1024
_PERMIT = {"coordinates": "works_location_coordinates", "start": "proposed_start", "end": "proposed_end"}
_ACTIVITY = {"coordinates": "activity_coordinates", "start": "start", "end": "end"}


class StreetManagerSettings(FileSettings):
    """A message of Street Manager, or a folder of them."""

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    format: Literal["street-manager"]
    geometry: GeometryColumns = GeometryColumns.model_validate({"wkt": "coordinates"})


class StreetManagerFile(Source[StreetManagerSettings]):
    """One message as a file."""

    settings_type = StreetManagerSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields of the message; the CRS is the British National Grid."""
        return Description(super().describe(whole=whole).fields, fixed=False, crs=BRITISH_GRID)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read the message."""
        file = self.settings.file
        try:
            if file.stat().st_size > _LONGEST:
                raise SourceError(file, "is larger than a message of Street Manager can be")
            content = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise SourceError(file, f"cannot be read as a message of Street Manager: {error}") from error
        yield message_row(content, number=1)


def message_row(content: Any, number: int = 0) -> SourceRow:
    """Give a message as a row; with a fault when it tells of something that is no plan, or is no message.

    Args:
        content: the message, or the envelope of SNS around it.
        number: of the row.
    """
    if not isinstance(content, dict):
        return SourceRow({"value": content}, number=number, fault="is no message of Street Manager")
    if content.get("Type") == "SubscriptionConfirmation":
        shown = {"Type": content["Type"], "TopicArn": content.get("TopicArn")}  # not its token
        return SourceRow(shown, number=number, fault="asks to confirm a subscription, and is no plan")
    if isinstance(content.get("Message"), str):
        try:
            content = json.loads(content["Message"])
        except ValueError:
            return SourceRow(dict(content), number=number, fault="holds a Message that is no JSON")
    data = content.get("object_data") if isinstance(content, dict) else None
    if not isinstance(data, dict):
        return SourceRow({"value": content}, number=number, fault="has no object_data, which every message has")
    return _row(content, data, number)


def _row(message: Mapping[str, Any], data: Mapping[str, Any], number: int) -> SourceRow:
    kind = str(message.get("object_type") or "").upper()
    about = {f"event.{name}": value for name, value in message.items() if name != "object_data"}
    try:
        values = {**flattened(data), **about}
    except ValueError as error:
        return SourceRow(about, number=number, fault=str(error))
    names = _PERMIT if kind == "PERMIT" else _ACTIVITY
    values["coordinates"] = data.get(names["coordinates"])
    values["state"] = _state(kind, data)
    for name in ("start", "end"):
        values[name] = _moment(data.get(f"{names[name]}_time"), data.get(f"{names[name]}_date"))
    fault = None
    if kind not in {"PERMIT", "ACTIVITY"}:
        fault = CARRIES_NO_PLAN.get(kind, f"tells of a {kind or 'thing without object_type'}, and no plan")
    return SourceRow(values, number=number, fault=fault, occurred_at=_time(message.get("event_time")))


def _state(kind: str, data: Mapping[str, Any]) -> Any:
    if kind == "PERMIT":
        return data.get("work_status_ref")
    return "cancelled" if str(data.get("cancelled")).casefold() in {"yes", "true"} else "planned"


def _moment(time: Any, date: Any) -> Any:
    """Give the time where there is one; else the day, which is written as the midnight with which it begins."""
    if time:
        return time
    midnight = _time(date)
    return midnight.astimezone(LONDON).date().isoformat() if midnight else date


def _time(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
