"""Guessing where the geometry stands and in which CRS: by names of columns, by what fits, and by what is there.

The ranges are those in which a country's coordinates lie; two can hold the same numbers, and then the guess says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from meekoppel_connectors.guessing.guess import Confidence, Guess
from meekoppel_connectors.guessing.sample import Column, Sample
from meekoppel_connectors.guessing.words import Role, fits
from meekoppel_connectors.mapping.reasons import Unreadable
from meekoppel_connectors.mapping.values import number_of

Points = Sequence[tuple[float, float]]

_WKT = re.compile(
    r"\s*(?:SRID\s*=\s*\d+\s*;|<[^>]*>)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\s*Z?M?\s*\(",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"\s*(?:SRID\s*=|<)", re.IGNORECASE)
_NUMERIC = 0.6
_INSIDE = 0.9


@dataclass(frozen=True, slots=True)
class PlaceColumns:
    """Where the geometry stands; all None when the source has geometry of its own."""

    x: str | None = None
    y: str | None = None
    wkt: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it names."""
        return tuple(name for name in (self.x, self.y, self.wkt) if name)


@dataclass(frozen=True, slots=True)
class Reference:
    """A CRS, and whether the file gives its second axis first."""

    crs: int
    swapped: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """In which numbers the coordinates of a CRS lie, in its own units; the smaller one is the stronger sign."""

    crs: int
    name: str
    bounds: tuple[float, float, float, float]


RANGES = (
    Range(28992, "RD New (Netherlands)", (7_000, 289_000, 300_000, 629_000)),
    Range(31370, "Lambert 72 (Belgium)", (14_000, 20_000, 297_000, 246_000)),
    Range(3812, "Lambert 2008 (Belgium)", (510_000, 520_000, 800_000, 750_000)),
    Range(27700, "British National Grid", (80_000, 5_000, 656_000, 1_220_000)),
    Range(2154, "Lambert-93 (France)", (100_000, 6_040_000, 1_245_000, 7_120_000)),
    Range(25832, "ETRS89 / UTM 32N (Germany)", (280_000, 5_230_000, 850_000, 6_110_000)),
    Range(3857, "Web Mercator", (-1_200_000, 5_300_000, 1_700_000, 8_600_000)),
)
_EUROPE = (-12.0, 35.0, 35.0, 72.0)
_AMERICA = (-170.0, 15.0, -52.0, 72.0)
WGS84 = 4326


def guess_columns(sample: Sample) -> Guess[PlaceColumns] | None:
    """Guess the columns of the geometry; None when there are none."""
    if sample.geometries:
        return Guess(PlaceColumns(), Confidence.SURE, "the source has geometry of its own")
    texts = [name for name, column in sample.columns.items() if column.values and _is_wkt(column)]
    if texts:
        why = "holds well-known text"
        sure = Confidence.SURE if len(texts) == 1 else Confidence.LIKELY
        return Guess(PlaceColumns(wkt=texts[0]), sure, why, tuple(texts[1:]))
    for first, second in ((Role.X, Role.Y), (Role.LONGITUDE, Role.LATITUDE)):
        x, y = _best(sample, first), _best(sample, second)
        if x is not None and y is not None and x != y:
            return Guess(PlaceColumns(x=x, y=y), Confidence.SURE, "named like coordinates, and numbers")
    return None


def points_of(sample: Sample, columns: PlaceColumns) -> list[tuple[float, float]]:
    """Give one point of each sampled geometry, in the source's own coordinates."""
    if columns.x is not None and columns.y is not None:
        pairs = zip(sample.columns[columns.x].values, sample.columns[columns.y].values, strict=False)
        numbers = ((_number(x), _number(y)) for x, y in pairs)
        return [(x, y) for x, y in numbers if x is not None and y is not None]
    shapes = list(sample.geometries)
    if columns.wkt is not None:
        texts = (re.sub(r"^\s*(?:SRID[^;]*;|<[^>]*>)", "", text) for text in sample.columns[columns.wkt].texts)
        read = (shapely.from_wkt(text.strip(), on_invalid="ignore") for text in texts)
        shapes = [shape for shape in read if shape is not None and not shape.is_empty]
    coordinates = (shapely.get_coordinates(shape) for shape in shapes)
    return [(float(first[0][0]), float(first[0][1])) for first in coordinates if len(first)]


def names_its_crs(sample: Sample, columns: PlaceColumns) -> bool:
    """Tell whether the text of every geometry begins with its CRS."""
    if columns.wkt is None:
        return False
    return all(_PREFIX.match(text) for text in sample.columns[columns.wkt].texts)


def guess_crs(points: Points, named: int | None, hub: int | None = None) -> Guess[Reference] | None:
    """Guess the CRS of points; None when nothing fits.

    Args:
        points: in the source's coordinates; those at 0,0 do not count.
        named: the EPSG number that the source itself gives.
        hub: that of the hub, which decides where two would do.
    """
    real = [point for point in points if point != (0.0, 0.0)]
    if not real:
        return None if named is None else Guess(Reference(named), Confidence.LIKELY, "the source says so")
    degrees = _in_degrees(real)
    if named is not None and named != WGS84:
        return Guess(Reference(named), Confidence.SURE, "the source says so")
    if degrees is not None:
        return degrees
    return _projected(real, hub)


def _in_degrees(points: Points) -> Guess[Reference] | None:
    if _share(points, (-180.0, -90.0, 180.0, 90.0)) < _INSIDE and _share(_swapped(points), (-180, -90, 180, 90)) < 1:
        return None
    straight = max(_share(points, _EUROPE), _share(points, _AMERICA))
    turned = max(_share(_swapped(points), _EUROPE), _share(_swapped(points), _AMERICA))
    if straight >= _INSIDE > turned:
        return Guess(Reference(WGS84), Confidence.SURE, "degrees, longitude first")
    if turned >= _INSIDE > straight:
        return Guess(Reference(WGS84, swapped=True), Confidence.LIKELY, "degrees with latitude first")
    why = "degrees, and both orders would lie on land; taken as longitude first"
    return Guess(Reference(WGS84), Confidence.UNSURE, why, ("axis_order: yx",))


def _projected(points: Points, hub: int | None) -> Guess[Reference] | None:
    fitting = [
        (Reference(known.crs, swapped), known.name)
        for swapped, each in ((False, points), (True, _swapped(points)))
        for known in RANGES
        if _share(each, known.bounds) >= _INSIDE
    ]
    straight = [entry for entry in fitting if not entry[0].swapped]
    candidates = straight or fitting
    if not candidates:
        return None
    candidates.sort(key=lambda entry: entry[0].crs != hub)
    (best, name), *rest = candidates
    others = tuple(f"{reference.crs} ({other})" for reference, other in rest)
    if best.swapped:
        return Guess(best, Confidence.UNSURE, f"the numbers would be {name} with northing first", others)
    if rest and best.crs != hub:
        return Guess(best, Confidence.UNSURE, f"the numbers would be {name}, and fit others too", others)
    return Guess(best, Confidence.LIKELY, f"by the range of its numbers: {name}", others)


def _best(sample: Sample, role: Role) -> str | None:
    scored = {
        name: fits(name, role) for name, column in sample.columns.items() if fits(name, role) and _is_numeric(column)
    }
    return max(scored, key=lambda name: scored[name], default=None)


def _is_wkt(column: Column) -> bool:
    texts = column.texts
    return sum(_WKT.match(text) is not None for text in texts) > len(texts) / 2


def _is_numeric(column: Column) -> bool:
    numbers = [_number(value) for value in column.values]
    return bool(numbers) and sum(number is not None for number in numbers) >= _NUMERIC * len(numbers)


def _number(value: object) -> float | None:
    try:
        return number_of(value, None)
    except Unreadable:
        try:
            return number_of(value, ",")  # `111,500` can be read in two ways
        except Unreadable:
            return None


def _swapped(points: Points) -> Points:
    return [(y, x) for x, y in points]


def _share(points: Points, bounds: tuple[float, float, float, float]) -> float:
    left, bottom, right, top = bounds
    return sum(left <= x <= right and bottom <= y <= top for x, y in points) / len(points)
