"""Where a record of DATEX II lies: points, lines and areas with coordinates, as longitude and latitude.

Source of the rules: DATEX II v3, LocationReferencing. Coordinates stand as latitude and longitude in WGS 84 or ETRS89,
which differ by less than a metre; a line or an area may name another system (`srsName`), in the order of its authority.
Where there is nothing better, the reference points of OpenLR count, and then the point at which a map draws a sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from xml.etree.ElementTree import Element

import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from meekoppel_connectors.mapping.crs import named_crs, northing_first
from meekoppel_connectors.mapping.reasons import Unreadable
from meekoppel_connectors.sources.datex.fields import LOCATIONS

WORLD = CRS.from_string("OGC:CRS84")
_AS_GOOD_AS_WORLD = frozenset({4326, 4258})
_METHODS = ("alertC", "openlr", "tpeg", "linearElement", "predefinedLocation", "itinerary", "roadNumber")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies.

    Attributes:
        shape: a geometry, or a collection of several; x is longitude.
        method: `coordinates`, `openlr` (reference points along the way, not the way) or `display`.
    """

    shape: BaseGeometry
    method: str


def place_of(records: list[Element]) -> Place:
    """Give the place of one record, or of several together.

    Raises:
        ValueError: when there are no coordinates, or some that cannot be read; says which.
    """
    found: dict[str, list[BaseGeometry]] = {"coordinates": [], "openlr": [], "display": []}
    locations = [child for record in records for child in record if child.tag in LOCATIONS]
    for location in locations:
        for method, shape in _shapes(location, None):
            found[method].append(shape)
    for method, shapes in found.items():
        if shapes:
            return Place(_united(shapes), method)
    raise ValueError(_without_coordinates(locations))


def _united(shapes: list[BaseGeometry]) -> BaseGeometry:
    different = list({shape.wkb: shape for shape in shapes}.values())
    return different[0] if len(different) == 1 else shapely.GeometryCollection(different)


def _shapes(element: Element, system: str | None) -> Iterator[tuple[str, BaseGeometry]]:
    system = element.get("srsName") or system
    exterior = element.find("exterior")
    if exterior is not None:
        holes = [_pairs(hole, system) for hole in element.findall("interior")]
        yield "coordinates", _built(shapely.Polygon, _pairs(exterior, system), holes)
    elif element.tag == "openlrPolygonCorners":
        yield "coordinates", _built(shapely.Polygon, [_pair(corner) for corner in element])
    elif element.find("posList") is not None:
        yield "coordinates", _built(shapely.LineString, _pairs(element, system))
    elif element.find("latitude") is not None:
        yield _method(element.tag), shapely.Point(_pair(element))
    else:
        for child in element:
            yield from _shapes(child, system)


def _method(tag: str) -> str:
    if tag == "coordinatesForDisplay":
        return "display"
    return "openlr" if tag.startswith("openlr") else "coordinates"


def _built(kind: type[BaseGeometry], *parts: object) -> BaseGeometry:
    try:
        return kind(*parts)
    except (ShapelyError, ValueError) as error:
        raise ValueError(f"has a {kind.__name__.lower()} that is none: {error}") from error


def _pair(element: Element) -> tuple[float, float]:
    return _number(element.findtext("longitude")), _number(element.findtext("latitude"))


def _pairs(element: Element, system: str | None) -> list[tuple[float, float]]:
    """Read a list of positions, of which some have a height."""
    holder = next(element.iter("posList"), None)
    if holder is None:
        raise ValueError("has an area without a posList")
    system = holder.get("srsName") or next((one.get("srsName") for one in element.iter() if one.get("srsName")), system)
    size = 3 if (holder.get("srsDimension") or element.get("srsDimension")) == "3" else 2
    numbers = [_number(text) for text in (holder.text or "").split()]
    if not numbers or len(numbers) % size:
        raise ValueError(f"has a posList of {len(numbers)} numbers, which are no pairs of coordinates")
    return _in_world(list(zip(numbers[::size], numbers[1::size], strict=True)), system)


def _in_world(pairs: list[tuple[float, float]], system: str | None) -> list[tuple[float, float]]:
    swapped, transformer = _frame(system or "EPSG:4326")
    pairs = [(second, first) for first, second in pairs] if swapped else pairs
    if transformer is None:
        return pairs
    return [transformer.transform(*pair) for pair in pairs]


@lru_cache(maxsize=32)
def _frame(system: str) -> tuple[bool, Transformer | None]:
    try:
        crs = named_crs(system)
        as_it_is = crs.to_epsg() in _AS_GOOD_AS_WORLD or crs == WORLD
        return northing_first(crs), None if as_it_is else Transformer.from_crs(crs, WORLD, always_xy=True)
    except (Unreadable, ProjError) as error:
        raise ValueError(f"names a CRS that is not known: {system}") from error


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        raise ValueError(f"has a coordinate {text!r}, which is no number") from None


def _without_coordinates(locations: list[Element]) -> str:
    if not locations:
        return "has no location"
    tags = [element.tag.casefold() for location in locations for element in location.iter()]
    named = [method for method in _METHODS if any(tag.startswith(method.casefold()) for tag in tags)]
    way = f" (only {', '.join(named)})" if named else ""
    return f"has a location without coordinates{way}; ask the publisher for coordinates beside it"
