"""What each kind of organisation plans: the catalogue from which the made-up plans are drawn.

Depths and durations are what Dutch practice takes for such works.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meekoppel_contracts.codes import Discipline, WorkType


class Footprint(StrEnum):
    """What a work looks like on the map."""

    TRENCH = "trench"  # a line along the street
    STREET = "street"  # a stretch of the street, from front to front
    SPOT = "spot"  # a point beside the street
    WATER = "water"  # a stretch of a canal or ditch


class Where(StrEnum):
    """Along which streets a work can lie."""

    TOWN = "town"
    MAIN_ROADS = "main_roads"
    HOMES = "homes"
    WATERS = "waters"


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work.

    Attributes:
        title: Dutch, followed by the name of the street.
        discipline: the network or surface.
        work_type: new, replace and so on.
        footprint: what it looks like on the map.
        weeks: the shortest and longest duration.
        depth_m: how deep is dug; 0 where nothing is dug.
        where: along which streets.
        weight: how often it occurs beside the others of the organisation.
        restricted: whether its plans are shared with named organisations only.
    """

    title: str
    discipline: Discipline
    work_type: WorkType
    footprint: Footprint
    weeks: tuple[int, int]
    depth_m: float
    where: Where = Where.TOWN
    weight: int = 3
    restricted: bool = False


_D, _T = Discipline, WorkType  # short, so that the catalogue reads as a table
_TRENCH, _STREET, _SPOT, _WATER = Footprint.TRENCH, Footprint.STREET, Footprint.SPOT, Footprint.WATER

MUNICIPAL = (
    Work("Vervanging gemengd riool", _D.GRAVITY_SEWER, _T.REPLACE, _STREET, (8, 22), 3.0, weight=5),
    Work("Herinrichting", _D.PUBLIC_SPACE, _T.REDESIGN, _STREET, (12, 36), 0.8, weight=4),
    Work("Groot onderhoud asfalt", _D.ROAD, _T.MAINTAIN, _STREET, (2, 6), 0.2, Where.MAIN_ROADS, weight=4),
    Work("Vervanging klinkerverharding", _D.ROAD, _T.RENOVATE, _STREET, (3, 8), 0.4, Where.HOMES, weight=4),
    Work("Vervanging lichtmasten", _D.LIGHTING, _T.REPLACE, _TRENCH, (1, 4), 0.6),
    Work("Herplant straatbomen", _D.GREENERY, _T.REPLACE, _STREET, (1, 3), 1.0, Where.HOMES),
    Work("Aanleg hemelwaterriool", _D.GRAVITY_SEWER, _T.NEW, _TRENCH, (6, 16), 2.2),
)
CABLES = (
    Work("Vervanging grijs gietijzer gasleiding", _D.GAS_LOW, _T.REPLACE, _TRENCH, (3, 12), 1.0, weight=5),
    Work("Verzwaring laagspanningsnet", _D.ELECTRICITY_LOW, _T.RENOVATE, _TRENCH, (2, 8), 0.7, weight=5),
    Work("Aanleg middenspanningskabel", _D.ELECTRICITY_MEDIUM, _T.NEW, _TRENCH, (4, 14), 1.0, weight=3),
    Work("Plaatsing middenspanningsruimte", _D.ELECTRICITY_MEDIUM, _T.NEW, _SPOT, (2, 5), 1.2, weight=2),
    Work("Huisaansluitingen", _D.ELECTRICITY_LOW, _T.CONNECTION, _SPOT, (1, 2), 0.7, Where.HOMES, weight=2),
    Work("Verlegging hogedruk gasleiding", _D.GAS_HIGH, _T.RELOCATE, _TRENCH, (6, 16), 1.4, Where.MAIN_ROADS, 1),
)
WATER_BOARD = (
    Work("Baggerwerk", _D.SURFACE_WATER, _T.MAINTAIN, _WATER, (3, 9), 0.0, Where.WATERS, weight=4),
    Work("Herstel kademuur", _D.STRUCTURE, _T.RENOVATE, _WATER, (8, 26), 2.5, Where.WATERS),
    Work("Vernieuwing beschoeiing", _D.SURFACE_WATER, _T.REPLACE, _WATER, (4, 10), 1.0, Where.WATERS),
    Work("Vervanging persleiding rioolwater", _D.PRESSURE_SEWER, _T.REPLACE, _TRENCH, (6, 18), 1.6, Where.MAIN_ROADS),
)
DRINKING_WATER = (
    Work("Vervanging asbestcement waterleiding", _D.DRINKING_WATER, _T.REPLACE, _TRENCH, (4, 14), 1.0, weight=6),
    Work("Sanering loden aansluitingen", _D.DRINKING_WATER, _T.REPLACE, _SPOT, (1, 3), 0.9, Where.HOMES, weight=2),
    Work("Aanleg distributieleiding", _D.DRINKING_WATER, _T.NEW, _TRENCH, (4, 10), 1.0),
    Work("Verlegging transportleiding", _D.DRINKING_WATER, _T.RELOCATE, _TRENCH, (6, 16), 1.4, Where.MAIN_ROADS, 1),
)
HEAT = (
    Work("Aanleg warmtenet", _D.HEAT, _T.NEW, _SPOT, (10, 30), 1.5, weight=5),
    Work("Aansluiting woonblok op warmtenet", _D.HEAT, _T.CONNECTION, _SPOT, (2, 6), 1.2, Where.HOMES),
    Work("Vervanging compensator", _D.HEAT, _T.REPLACE, _SPOT, (1, 3), 1.5, weight=1),
)
TELECOM = (
    Work("Aanleg glasvezel", _D.TELECOM, _T.NEW, _SPOT, (1, 6), 0.6, weight=6),
    Work("Plaatsing straatkast", _D.TELECOM, _T.NEW, _SPOT, (1, 2), 0.6, weight=2),
    Work("Glasvezel datacentrum", _D.TELECOM, _T.NEW, _SPOT, (3, 8), 0.8, weight=1, restricted=True),
)
CORPORATION = (
    Work("Renovatie woningen", _D.BUILDING, _T.RENOVATE, _SPOT, (12, 40), 0.0, Where.HOMES, weight=4),
    Work("Sloop en nieuwbouw", _D.BUILDING, _T.NEW, _SPOT, (40, 78), 3.0, Where.HOMES, weight=1, restricted=True),
    Work("Vervanging binnenterrein", _D.PUBLIC_SPACE, _T.RENOVATE, _SPOT, (3, 9), 0.5, Where.HOMES, weight=2),
    Work("Funderingsherstel", _D.STRUCTURE, _T.RENOVATE, _SPOT, (10, 30), 1.5, Where.HOMES, weight=1),
)
PROVINCIAL = (
    Work("Groot onderhoud provinciale weg", _D.ROAD, _T.MAINTAIN, _STREET, (3, 10), 0.3, Where.MAIN_ROADS, weight=4),
    Work("Doorfietsroute", _D.ROAD, _T.NEW, _STREET, (12, 30), 0.6, Where.MAIN_ROADS, weight=2),
    Work("Vervanging verkeerslichten", _D.ROAD, _T.REPLACE, _STREET, (1, 4), 0.8, Where.MAIN_ROADS, weight=2),
    Work("Brugonderhoud vaarweg", _D.STRUCTURE, _T.MAINTAIN, _WATER, (6, 20), 0.0, Where.WATERS, weight=1),
)
