"""WZDx 4: the Work Zone Data Exchange, GeoJSON by which road authorities in the United States publish road works.

Source of the rules: the specification WZDx 4.2 (USDOT). A feature's properties become fields, such as
`core_details.event_type` and `lanes.status`; what the feed says of itself is `feed_info.publisher` and so on, and what
it says of the feature's own data source is `data_source.organization_name`. Names and mail addresses of the feed's
contacts, who are persons, are left out. Coordinates are longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from meekoppel_connectors.errors import SourceError
from meekoppel_connectors.mapping.row import SourceRow
from meekoppel_connectors.sources.records.json import LONGITUDE_LATITUDE
from meekoppel_connectors.sources.records.json_stream import json_member, json_records
from meekoppel_connectors.sources.records.nested import flattened, top_of
from meekoppel_connectors.sources.settings import FileSettings
from meekoppel_connectors.sources.source import Description, Source
from meekoppel_connectors.sources.vector.shapes import shape_of

VERSION = "4"
NO_CORE = "has no core_details, which every feature of WZDx 4 has"
_PERSONS = frozenset({"contact_name", "contact_email"})


class WzdxSettings(FileSettings):
    """A WZDx feed, as a file."""

    suffixes: ClassVar[tuple[str, ...]] = (".geojson", ".json")

    format: Literal["wzdx"]


class WzdxFeed(Source[WzdxSettings]):
    """The road events of a WZDx feed: work zones and detours. Field devices are no plans, and are rejected."""

    settings_type = WzdxSettings

    def describe(self, *, whole: bool = False) -> Description:
        """Give the fields of the first features or, with `whole`, all that occur."""
        return Description(super().describe(whole=whole).fields, fixed=False, crs=LONGITUDE_LATITUDE)

    def snapshot(self) -> Iterator[SourceRow]:
        """Read feature after feature."""
        info = self._feed_info()
        feed = {f"feed_info.{name}": value for name, value in info.items() if name not in {"data_sources", *_PERSONS}}
        sources = {str(one.get("data_source_id")): one for one in _objects(info.get("data_sources"))}
        for number, feature in enumerate(json_records(self.settings.file, ("features",)), start=1):
            yield _row(number, feature, feed, sources)

    def _feed_info(self) -> Mapping[str, Any]:
        path = self.settings.file
        info = json_member(path, "feed_info") or json_member(path, "road_event_feed_info")
        if not isinstance(info, dict):
            raise SourceError(path, "has no feed_info, so it is no WZDx feed; for plain GeoJSON set format: geojson")
        version = str(info.get("version", "of no version"))
        if version.partition(".")[0] != VERSION:
            raise SourceError(path, f"is WZDx {version}; this format is for {VERSION}.x, so ask for that version")
        return info


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _row(number: int, feature: Any, feed: Mapping[str, Any], sources: Mapping[str, Mapping[str, Any]]) -> SourceRow:
    if not isinstance(feature, dict):
        return SourceRow({"value": feature}, number=number, fault="is no feature")
    properties = feature.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("core_details"), dict):
        return SourceRow(top_of(feature), number=number, fault=NO_CORE)
    core = properties["core_details"]
    try:
        values = {"id": feature.get("id"), **flattened(properties), **feed}
    except ValueError as error:
        return SourceRow(top_of(feature), number=number, fault=str(error))
    own = sources.get(str(core.get("data_source_id")), {})
    values |= {f"data_source.{name}": value for name, value in own.items() if name not in _PERSONS}
    fault = _no_plan(core)
    shape = None
    try:
        shape = shape_of(feature.get("geometry"))
    except ValueError as error:
        fault = fault or str(error)
    return SourceRow(values, shape, number=number, fault=fault, occurred_at=_moment(core.get("update_date")))


def _no_plan(core: Mapping[str, Any]) -> str | None:
    if "device_type" in core:
        return f"is a field device ({core['device_type']}), and no plan; leave device feeds out of the source"
    return None


def _moment(text: Any) -> datetime | None:
    """Read a date and time of WZDx (RFC 3339); one without zone, or none, says nothing."""
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):  # or it lies outside the years 1 to 9999 in UTC
        return None
