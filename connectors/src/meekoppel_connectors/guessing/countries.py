"""What follows from the country in which the plans lie: the hub's likely CRS, the name space of ids, the time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pyproj import Transformer

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Country:
    """A country, as far as a configuration asks for it.

    Attributes:
        code: ISO 3166, which is also the name space of plan ids.
        name: in words.
        hub_crs: the projected CRS, in metres, that a hub there would have.
        time_zone: of times without one.
        bounds: west, south, east, north in degrees: a box that holds the country.
    """

    code: str
    name: str
    hub_crs: int
    time_zone: str
    bounds: tuple[float, float, float, float]


# The smaller first: boxes overlap at borders.
COUNTRIES = (
    Country("NL", "the Netherlands", 28992, "Europe/Amsterdam", (3.2, 50.73, 7.25, 53.7)),
    Country("BE", "Belgium", 31370, "Europe/Brussels", (2.5, 49.4, 6.45, 51.52)),
    Country("GB", "Great Britain", 27700, "Europe/London", (-8.7, 49.8, 1.9, 60.9)),
    Country("DE", "Germany", 25832, "Europe/Berlin", (5.8, 47.2, 15.1, 55.1)),
    Country("FR", "France", 2154, "Europe/Paris", (-5.2, 42.3, 8.3, 51.1)),
    Country("US", "the United States", 0, "America/New_York", (-125.0, 24.0, -66.0, 49.5)),
)
_OWN_CRS = {country.hub_crs: country for country in COUNTRIES if country.hub_crs}


def country_of(points: Sequence[tuple[float, float]], crs: int | None) -> Country | None:
    """Find the country in which most points lie; None when it is none of the known ones.

    Args:
        points: in the order x, y.
        crs: EPSG number of their CRS.
    """
    if crs in _OWN_CRS:
        return _OWN_CRS[crs]
    if not points or crs is None:
        return None
    degrees = in_degrees(points, crs)
    inside = {country: sum(_within(point, country.bounds) for point in degrees) for country in COUNTRIES}
    best = max(COUNTRIES, key=lambda country: inside[country])
    return best if inside[best] > _HALF * len(degrees) else None


def hub_crs_of(country: Country | None, points: Sequence[tuple[float, float]], crs: int) -> int:
    """Give the CRS that a hub there would have: the country's own, else the zone of UTM in which the plans lie."""
    degrees = in_degrees(points, crs)
    longitude = median(point[0] for point in degrees)
    latitude = median(point[1] for point in degrees)
    zone = int((longitude + 180) // 6) + 1
    if country is not None and country.code == "US":
        return 26900 + zone
    if country is not None and country.code == "DE":
        return 25800 + zone
    if country is not None:
        return country.hub_crs
    return (32600 if latitude >= 0 else 32700) + zone


def in_degrees(points: Sequence[tuple[float, float]], crs: int) -> list[tuple[float, float]]:
    """Give longitude and latitude of points."""
    transformer = Transformer.from_crs(crs, 4326, always_xy=True)
    longitudes, latitudes = transformer.transform([x for x, _ in points], [y for _, y in points])
    return list(zip(longitudes, latitudes, strict=True))


def _within(point: tuple[float, float], bounds: tuple[float, float, float, float]) -> bool:
    west, south, east, north = bounds
    return west <= point[0] <= east and south <= point[1] <= north
