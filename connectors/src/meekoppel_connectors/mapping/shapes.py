"""What a source draws, whatever it is written as: geometry of a file, WKB, WKT, GeoJSON, or two columns.

Nothing is moved here: the result is a shape, and the frame in which its coordinates are written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry import shape as shape_of
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.mapping.crs import Frame, is_address, named_crs, northing_first
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_connectors.mapping.values import is_missing, number_of, text_of

Shapes = NDArray[np.object_]
_PREFIX = re.compile(r"^\s*(?:SRID\s*=\s*(?P<srid>\d+)\s*;|<(?P<address>[^>]*)>)\s*", re.IGNORECASE)
_CURVED = re.compile(
    r"\b(?:CIRCULARSTRING|COMPOUNDCURVE|CURVEPOLYGON|MULTICURVE|MULTISURFACE|TIN|POLYHEDRAL)", re.IGNORECASE
)
_KINDS = {
    kind.casefold(): kind
    for kind in (
        "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
    )
}  # fmt: skip
_WHAT_SHAPELY_RAISES = (
    ShapelyError, NotImplementedError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError,
)  # fmt: skip
_NO_CURVES = "holds arcs or surfaces, which cannot be taken over; export it with straight segments"


def missing() -> Unreadable:
    """Say that a row has no geometry."""
    return Unreadable(Reason.GEOMETRY_MISSING, "there is no geometry in this row")


def of_native(values: Sequence[Any], faults: dict[int, Unreadable]) -> Shapes:
    """Read geometry as sources give it: shapes, WKB, or GeoJSON objects.

    Args:
        values: one of each row; None when it has none.
        faults: filled with what is wrong, by the place in `values`.
    """
    shapes = np.empty(len(values), dtype=object)
    encoded: list[int] = []
    for place, value in enumerate(values):
        if isinstance(value, BaseGeometry):
            shapes[place] = value
        elif isinstance(value, (bytes, bytearray, memoryview)):
            encoded.append(place)
        elif isinstance(value, Mapping):
            _each(of_geojson, [value], [place], shapes, faults)
        else:
            faults[place] = missing()
    if encoded:
        _parsed(shapely.from_wkb, [bytes(values[place]) for place in encoded], encoded, shapes, faults)
    return shapes


def of_columns(pairs: Sequence[Sequence[Any]], decimal: Any, faults: dict[int, Unreadable]) -> Shapes:
    """Read points from two columns.

    Args:
        pairs: easting and northing, or longitude and latitude, of each row.
        decimal: the decimal sign; None finds it out.
        faults: filled with what is wrong, by the place in `pairs`.
    """
    coordinates = np.zeros((len(pairs), 2))
    for place, pair in enumerate(pairs):
        if any(is_missing(value) for value in pair):
            faults[place] = missing()
            continue
        try:
            coordinates[place] = [number_of(value, decimal) for value in pair]
        except Unreadable as error:
            faults[place] = Unreadable(Reason.GEOMETRY_UNREADABLE, error.message)
    return np.asarray(shapely.points(coordinates), dtype=object)


def of_text(
    texts: Sequence[Any], usual: Frame | None, faults: dict[int, Unreadable]
) -> tuple[Shapes, dict[Frame | None, list[int]]]:
    """Read well-known text; a CRS named before it goes before the source's own.

    Returns:
        The shapes, and which of them are written in which frame; None is the one that nobody named.
    """
    frames: dict[Frame | None, list[int]] = {}
    places: list[int] = []
    plain: list[str] = []
    for place, value in enumerate(texts):
        if is_missing(value):
            faults[place] = missing()
            continue
        text = text_of(value)
        prefix = _PREFIX.match(text)
        try:
            frame = usual if prefix is None else _frame(prefix, usual)
        except Unreadable as error:
            faults[place] = error
            continue
        frames.setdefault(frame, []).append(place)
        places.append(place)
        plain.append(text if prefix is None else text[prefix.end() :])
    shapes = np.empty(len(texts), dtype=object)
    _parsed(shapely.from_wkt, plain, places, shapes, faults)
    return shapes, frames


def of_geojson(value: Mapping[str, Any]) -> BaseGeometry:
    """Read a GeoJSON geometry, of which the type may be written in any capitals.

    Raises:
        Unreadable: when it is none.
    """
    try:
        return shape_of(_canonical(value))
    except Unreadable:
        raise
    except _WHAT_SHAPELY_RAISES as error:
        raise Unreadable(Reason.GEOMETRY_UNREADABLE, f"is not a GeoJSON geometry: {error}") from error


def _canonical(value: Mapping[str, Any]) -> dict[str, Any]:
    written = str(value.get("type"))
    kind = _KINDS.get(written.casefold())
    if kind is None:
        raise Unreadable(Reason.GEOMETRY_UNREADABLE, f"is not a GeoJSON geometry: its type is {written!r}")
    if kind == "GeometryCollection":
        return {"type": kind, "geometries": [_canonical(part) for part in value.get("geometries") or ()]}
    return {"type": kind, "coordinates": value.get("coordinates") or ()}


def _frame(prefix: re.Match[str], usual: Frame | None) -> Frame:
    address = prefix["address"]
    crs = named_crs(prefix["srid"] or address)
    if address is not None and is_address(address) and northing_first(crs):
        return Frame(crs, None)
    return Frame(crs, usual.swapped if usual is not None else False)


def _parsed(
    parse: Callable[..., Any], written: list[Any], places: list[int], shapes: Shapes, faults: dict[int, Unreadable]
) -> None:
    """Parse all at once; what a batch cannot take is parsed one by one, for its reason."""
    try:
        with np.errstate(all="ignore"):
            found = parse(np.array(written, dtype=object), on_invalid="ignore")
    except NotImplementedError:  # one arc among them
        _each(parse, written, places, shapes, faults)
        return
    shapes[places] = found
    failed = [index for index, one in enumerate(found) if one is None]
    _each(parse, [written[index] for index in failed], [places[index] for index in failed], shapes, faults)


def _each(
    parse: Callable[[Any], Any], written: list[Any], places: list[int], shapes: Shapes, faults: dict[int, Unreadable]
) -> None:
    for place, one in zip(places, written, strict=True):
        try:
            shapes[place] = parse(one)
        except Unreadable as error:
            faults[place] = error
        except NotImplementedError:
            faults[place] = Unreadable(Reason.GEOMETRY_UNREADABLE, _NO_CURVES)
        except ShapelyError as error:
            curved = isinstance(one, str) and _CURVED.search(one)
            message = _NO_CURVES if curved else f"is not well-known text or binary: {error}"
            faults[place] = Unreadable(Reason.GEOMETRY_UNREADABLE, message)
