"""What an ArcGIS layer says about itself, and its values as a row holds them.

Esri writes dates as milliseconds since 1970 in UTC, and coded values as codes, with their names in the layer's domains,
or in those of the feature's subtype.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from meekoppel_connectors.errors import SourceError

_DATE = "esriFieldTypeDate"
_NO_VALUES = frozenset({"esriFieldTypeGeometry", "esriFieldTypeBlob", "esriFieldTypeRaster"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Names = dict[Any, str]
"""Code → name."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer says about itself.

    Attributes:
        place: its address.
        object_id: the field that numbers its features.
        fields: names of its fields, without geometry.
        dates: those that hold times.
        page: how many features it gives at once.
        spatial_reference: as Esri writes it; None for a table.
        names: field → code → name.
        subtype: the field that tells subtypes apart; None when there are none.
        subtype_names: subtype → field → code → name.
        zoned: whether its times are in UTC; else they are of a zone that nobody knows.
        utc_fields: the fields with times of which it says that a condition takes them in UTC.
    """

    place: str
    object_id: str
    fields: tuple[str, ...]
    dates: frozenset[str]
    page: int
    spatial_reference: Mapping[str, Any] | None
    names: Mapping[str, Names] = field(default_factory=dict)
    subtype: str | None = None
    subtype_names: Mapping[Any, Mapping[str, Names]] = field(default_factory=dict)
    zoned: bool = True
    utc_fields: frozenset[str] = frozenset()

    def values(self, attributes: Mapping[str, Any], *, with_names: bool) -> dict[str, Any]:
        """Give the attributes of a feature as fields of a row.

        Args:
            attributes: as Esri writes them.
            with_names: whether coded values become their names; a code without a name stays.

        Raises:
            ValueError: when a date is none.
        """
        kind = attributes.get(self.subtype) if self.subtype else None
        names = {**self.names, **self.subtype_names.get(kind, {})} if with_names else {}
        return {name: self._value(name, value, names.get(name)) for name, value in attributes.items()}

    def moment(self, milliseconds: float) -> datetime:
        """Give a time as Esri writes it; without zone where the layer does not know it."""
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
        return moment if self.zoned else moment.replace(tzinfo=None)

    def _value(self, name: str, value: Any, names: Names | None) -> Any:
        if value is not None and name in self.dates and not isinstance(value, str):
            try:
                return self.moment(value)
            except (OverflowError, TypeError) as error:
                raise ValueError(f"has {value!r} in {name}, which is no time that exists") from error
        try:
            return value if names is None else names.get(value, value)
        except TypeError:  # a value that is no code, such as a list
            return value


def read_layer(said: Mapping[str, Any], place: str) -> Layer:
    """Read what a layer says about itself (`?f=json`).

    Raises:
        SourceError: when it is no layer that can be asked for its features.
    """
    fields = [each for each in said.get("fields") or [] if each.get("type") not in _NO_VALUES]
    if not fields:
        raise SourceError(place, _no_layer(said))
    if "Query" not in str(said.get("capabilities", "Query")) and "Data" not in str(said.get("capabilities")):
        raise SourceError(place, "may not be asked for its features; ask its owner to allow the capability Query")
    numbered = said.get("objectIdField") or next(
        (each["name"] for each in fields if each.get("type") == "esriFieldTypeOID"), None
    )
    if numbered is None:
        raise SourceError(place, "has no object ids, so that it cannot be read page by page")
    types = [each for each in said.get("types") or [] if isinstance(each, dict)]
    subtype = said.get("typeIdField") or said.get("subtypeField") or None
    return Layer(
        place=place,
        object_id=str(numbered),
        fields=tuple(str(each["name"]) for each in fields),
        dates=frozenset(str(each["name"]) for each in fields if each.get("type") == _DATE),
        page=int(said.get("maxRecordCount") or 1000),
        spatial_reference=_spatial_reference(said),
        names=_all_names({each["name"]: each.get("domain") for each in fields})
        | ({subtype: {each["id"]: str(each.get("name")) for each in types}} if subtype and types else {}),
        subtype=subtype if types else None,
        subtype_names={each["id"]: _all_names(each.get("domains") or {}) for each in types},
        zoned=not said.get("datesInUnknownTimezone"),
        utc_fields=_in_utc(said, fields),
    )


def crs_of(spatial_reference: Mapping[str, Any] | None, place: str) -> CRS | None:
    """Give the CRS that Esri's `{wkid, latestWkid}` or `{wkt}` means; None for a table.

    Raises:
        SourceError: when it is not known.
    """
    if spatial_reference is None:
        return None
    numbers = (spatial_reference.get("latestWkid"), spatial_reference.get("wkid"))
    for number in filter(None, numbers):
        for authority in ("EPSG", "ESRI"):
            try:
                return CRS.from_authority(authority, int(number))
            except CRSError:
                continue
    try:
        return CRS.from_wkt(str(spatial_reference.get("wkt") or ""))
    except CRSError:
        raise SourceError(place, f"names a CRS that is not known ({dict(spatial_reference)}); set source.crs") from None


def _no_layer(said: Mapping[str, Any]) -> str:
    layers = [f"{each.get('id')} ({each.get('name')})" for each in said.get("layers") or []]
    if layers:
        return f"is a service, and no layer; add a number to source.url: {', '.join(layers)}"
    return "is no layer of an ArcGIS service; source.url must end in FeatureServer/ or MapServer/ and a number"


def _spatial_reference(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not said.get("geometryType"):
        return None
    found = (said.get("extent") or {}).get("spatialReference") or said.get("sourceSpatialReference")
    return found or (said.get("spatialReference") or None)


def _all_names(domains: Mapping[str, Any]) -> dict[str, Names]:
    return {
        name: {each["code"]: str(each["name"]) for each in domain.get("codedValues") or []}
        for name, domain in domains.items()
        if domain and domain.get("type") == "codedValue"
    }


def _in_utc(said: Mapping[str, Any], fields: list[Mapping[str, Any]]) -> frozenset[str]:
    """Tell of which fields the layer says that conditions take them in UTC; editor tracking has a say of its own."""
    edits = said.get("editFieldsInfo") or {}
    tracked = {str(edits[name]) for name in ("creationDateField", "editDateField") if edits.get(name)}
    known: set[str] = set()
    if _is_utc(edits.get("dateFieldsTimeReference")):
        known |= tracked
    if _is_utc(said.get("dateFieldsTimeReference")):
        known |= {str(each["name"]) for each in fields} - tracked
    return frozenset(known)


def _is_utc(reference: Mapping[str, Any] | None) -> bool:
    return bool(reference) and str((reference or {}).get("timeZone")).upper() in {"UTC", "ETC/UTC"}
