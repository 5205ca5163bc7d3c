"""The made-up town of Rijnvoorde: an old centre within a singel, radial roads, eight quarters, a ring, a canal.

All geometry is in RD New (EPSG:28992), in metres. It lies on a map near the real Utrecht and is not in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from shapely import LineString, Point, Polygon, box
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

from meekoppel_hub.demo import street_names as names
from meekoppel_hub.demo.dice import dice

NAME = "Rijnvoorde"
SRID = 28992
CENTRE_X, CENTRE_Y = 143_000.0, 457_500.0
SINGEL_RADIUS, RING_RADIUS, EDGE = 460.0, 1_900.0, 2_450.0
SHORTEST_STREET = 130.0


@dataclass(frozen=True, slots=True)
class Street:
    """A street or road: its axis in RD New, and its width from front to front in metres."""

    name: str
    quarter: str
    axis: LineString
    width_m: float


@dataclass(frozen=True, slots=True)
class Water:
    """A canal or ditch: its axis in RD New, and its width in metres."""

    name: str
    axis: LineString
    width_m: float


@dataclass(frozen=True, slots=True)
class Town:
    """The town: streets, waters, and the areas in which authorities take an interest (RD New)."""

    streets: tuple[Street, ...]
    waters: tuple[Water, ...]
    centre: Polygon
    canal: Polygon


def build_town(seed: int) -> Town:
    """Lay out the town; the same seed gives the same town."""
    rolls = dice(seed, "town")
    waters = (*_canal(rolls), *_ditches(rolls))
    streets = [*_old_centre(rolls), *_singels(), *_ring(), *_radials(rolls)]
    for number, (quarter, streets_of_quarter) in enumerate(names.QUARTERS.items()):
        streets.extend(_quarter(number, quarter, streets_of_quarter, rolls))
    streets.extend(_estate())
    streets.extend(_polder(rolls))
    centre = Point(CENTRE_X, CENTRE_Y).buffer(SINGEL_RADIUS + 40)
    return Town(tuple(streets), waters, centre, waters[0].axis.buffer(120))


def _at(angle_degrees: float, distance: float) -> tuple[float, float]:
    angle = math.radians(angle_degrees)
    return CENTRE_X + distance * math.cos(angle), CENTRE_Y + distance * math.sin(angle)


def _arc(start_degrees: float, end_degrees: float, radius: float, wobble: float = 0.0) -> LineString:
    steps = 24
    angles = [start_degrees + (end_degrees - start_degrees) * i / steps for i in range(steps + 1)]
    return LineString([_at(a, radius + wobble * math.sin(math.radians(5 * a))) for a in angles])


def _singels() -> Iterator[Street]:
    for i, name in enumerate(names.SINGELS):
        yield Street(name, "Centrum", _arc(45 + 90 * (i - 1), 45 + 90 * i, SINGEL_RADIUS, 12), 26)


def _ring() -> Iterator[Street]:
    for i, name in enumerate(names.RING):
        yield Street(name, "Ring", _arc(45 + 90 * (i - 1), 45 + 90 * i, RING_RADIUS, 25), 34)


def _radials(rolls: Random) -> Iterator[Street]:
    for i, name in enumerate(names.RADIALS):
        angle = 45.0 * i
        bends = [rolls.uniform(-2.5, 2.5) for _ in range(4)]
        distances = (SINGEL_RADIUS, 900.0, 1_400.0, RING_RADIUS, EDGE)
        points = [_at(angle + bend, far) for bend, far in zip([0.0, *bends], distances, strict=True)]
        yield Street(name, "Uitvalsweg", LineString(points), 24)


def _grid(shape: Polygon, angle: float, spacing: tuple[float, float]) -> Iterator[LineString]:
    """Cut a grid of parallel lines, turned by an angle, to the shape; streets shorter than a block are left out."""
    turned = rotate(shape, -angle, origin=(CENTRE_X, CENTRE_Y))
    min_x, min_y, max_x, max_y = turned.bounds
    lines = [LineString([(min_x, y), (max_x, y)]) for y in _between(min_y + spacing[0] / 2, max_y - 20, spacing[0])] + [
        LineString([(x, min_y), (x, max_y)]) for x in _between(min_x + spacing[1] / 2, max_x - 20, spacing[1])
    ]
    for line in lines:
        for piece in _pieces(turned.intersection(line)):
            yield rotate(piece, angle, origin=(CENTRE_X, CENTRE_Y))


def _pieces(cut: BaseGeometry) -> list[LineString]:
    parts: Sequence[BaseGeometry] = getattr(cut, "geoms", [cut])
    return [part for part in parts if isinstance(part, LineString) and part.length >= SHORTEST_STREET]


def _between(start: float, end: float, step: float) -> list[float]:
    return [start + i * step for i in range(max(1, int((end - start) // step) + 1))]


def _named(lines: Iterator[LineString], quarter: str, street_list: Sequence[str], width: float) -> Iterator[Street]:
    for name, line in zip(street_list, sorted(lines, key=lambda piece: -piece.length), strict=False):
        yield Street(name, quarter, line, width)


def _old_centre(rolls: Random) -> Iterator[Street]:
    shape = Point(CENTRE_X, CENTRE_Y).buffer(SINGEL_RADIUS - 30)
    yield from _named(_grid(shape, rolls.uniform(8, 25), (88.0, 104.0)), "Centrum", names.CENTRE, 11)


def _quarter(number: int, quarter: str, street_list: Sequence[str], rolls: Random) -> Iterator[Street]:
    middle = 45.0 * number + 22.5
    inner = [_at(middle + turn, SINGEL_RADIUS + 70) for turn in range(-16, 17, 4)]
    outer = [_at(middle + turn, RING_RADIUS - 70) for turn in range(19, -20, -2)]
    lines = _grid(Polygon([*inner, *outer]), middle + rolls.uniform(-7, 7), (112.0, 165.0))
    yield from _named(lines, quarter, street_list, rolls.choice((14.0, 16.0, 18.0)))


def _estate() -> Iterator[Street]:
    lines = _grid(box(144_750, 458_550, 145_850, 459_500), 0.0, (190.0, 260.0))
    yield from _named(lines, "De Wetering", names.WORKS, 20)


def _polder(rolls: Random) -> Iterator[Street]:
    for i, name in enumerate(names.POLDER):
        y = 455_250.0 + 95.0 * i
        points = [(140_300.0 + 330.0 * step, y + rolls.uniform(-25, 25)) for step in range(5)]
        yield Street(name, "Buitengebied", LineString(points), 8)


def _canal(rolls: Random) -> Iterator[Water]:
    points = [
        (CENTRE_X + 620 + 180 * math.sin(step / 3) + rolls.uniform(-15, 15), 455_000.0 + 250.0 * step)
        for step in range(21)
    ]
    yield Water("Rijnvoordse Vaart", LineString(points), 30)
    yield Water("Stadsgracht", _arc(0, 360, SINGEL_RADIUS - 26, 12), 14)


def _ditches(rolls: Random) -> Iterator[Water]:
    for i, name in enumerate(("Noorderwetering", "Zuiderwetering", "Broeksloot", "Tiendvliet", "Molenvliet")):
        y = 455_200.0 + 1_080.0 * i
        points = [(140_150.0 + 600.0 * step, y + rolls.uniform(-60, 60)) for step in range(10)]
        yield Water(name, LineString(points), 7)
