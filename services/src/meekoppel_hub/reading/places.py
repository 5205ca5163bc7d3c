"""Areas, agreements and moratoria as stored: the newest of each, one with its revisions, and what holds now.

They are open to everybody: rules that nobody can read bind nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.codec import AGREEMENT_EVENTS, AREA_EVENTS, MORATORIUM_EVENTS
from meekoppel_hub.platform.agreements import rules_from_json
from meekoppel_hub.platform.agreements.in_force import held_at, load_areas, load_in_force
from meekoppel_hub.platform.agreements.words import differences
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.places import agreements, areas, moratoria, moratorium_versions


@dataclass(frozen=True, slots=True)
class PlaceFilter:
    """Which places are wanted; what is None is not asked.

    Attributes:
        authority: whose they are.
        area: the places that lie in it or touch it, in the hub's CRS.
        holding_at: moratoria that hold at this moment.
    """

    authority: str | None = None
    area: BaseGeometry | None = None
    holding_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One area, agreement or moratorium at one revision, as it stands in the log.

    Attributes:
        key: its id.
        event: the event.
        holds: whether that revision holds at the moment of asking.
    """

    key: str
    event: AreaEvent | AgreementEvent | MoratoriumEvent
    holds: bool

    def feature(self) -> dict[str, Any]:
        """Write it as a GeoJSON feature in the hub's CRS; an agreement has no geometry."""
        geometry = None if isinstance(self.event, AgreementEvent) else mapping(shapely.from_wkb(self.event.geometry))
        return {"type": "Feature", "id": self.key, "geometry": geometry, "properties": self.properties()}

    def properties(self) -> dict[str, Any]:
        """Write everything but the geometry; the rules of an agreement as an object."""
        fields = self.event.model_dump(mode="json", exclude={"geometry", "rules"})
        if isinstance(self.event, AgreementEvent):
            fields["rules"] = rules_from_json(self.event.rules).model_dump(mode="json")
        return {**fields, "holds": self.holds}


def newest_areas(connection: Connection, wanted: PlaceFilter, after: str | None, now: datetime) -> Iterator[Place]:
    """Read the newest revision of each area, by id; `holds` tells whether it is in use."""
    holding = _holding_areas(connection, now)
    for row in _newest(connection, areas, areas.c.area_id, _conditions(areas, wanted), after):
        event = AREA_EVENTS.decode(bytes(row.event))
        if _touches(event.geometry, wanted.area):
            yield Place(event.area_id, event, (event.area_id, event.revision) in holding)


def newest_agreements(connection: Connection, wanted: PlaceFilter, after: str | None, now: datetime) -> Iterator[Place]:
    """Read the newest revision of each agreement, by id; `holds` tells whether plans are matched by it now."""
    holding = _holding_agreements(connection, now)
    for row in _newest(connection, agreements, agreements.c.agreement_id, _conditions(agreements, wanted), after):
        event = AGREEMENT_EVENTS.decode(bytes(row.event))
        yield Place(event.agreement_id, event, (event.agreement_id, event.revision) in holding)


def newest_moratoria(connection: Connection, wanted: PlaceFilter, after: str | None, now: datetime) -> Iterator[Place]:
    """Read the newest revision of each moratorium, by id."""
    columns = moratoria.c
    version = (moratorium_versions.c.moratorium_id == columns.moratorium_id) & (
        moratorium_versions.c.revision == columns.revision
    )
    query = select(moratorium_versions.c.event).join(moratoria, version).where(*_conditions(moratoria, wanted))
    if wanted.holding_at is not None:
        moment = to_micros(wanted.holding_at)
        query = query.where(
            ~columns.lifted, columns.starts_us <= moment, or_(columns.ends_us.is_(None), columns.ends_us >= moment)
        )
    if after is not None:
        query = query.where(columns.moratorium_id > after)
    for row in connection.execute(query.order_by(columns.moratorium_id).execution_options(yield_per=200)):
        event = MORATORIUM_EVENTS.decode(bytes(row.event))
        if _touches(event.geometry, wanted.area):
            yield Place(event.moratorium_id, event, _moratorium_holds(event, now))


def area_revisions(connection: Connection, area_id: str, now: datetime) -> list[Place]:
    """Read every revision of an area, oldest first; none when there is no such area."""
    query = select(areas.c.event).where(areas.c.area_id == area_id).order_by(areas.c.revision)
    events = [AREA_EVENTS.decode(bytes(row.event)) for row in connection.execute(query)]
    holding = _holding_areas(connection, now)
    return [Place(area_id, event, (area_id, event.revision) in holding) for event in events]


def moratorium_revisions(connection: Connection, moratorium_id: str, now: datetime) -> list[Place]:
    """Read every revision of a moratorium, oldest first; none when there is no such moratorium."""
    columns = moratorium_versions.c
    query = select(columns.event).where(columns.moratorium_id == moratorium_id).order_by(columns.revision)
    events = [MORATORIUM_EVENTS.decode(bytes(row.event)) for row in connection.execute(query)]
    newest = len(events) - 1
    return [
        Place(moratorium_id, event, number == newest and _moratorium_holds(event, now))
        for number, event in enumerate(events)
    ]


def agreement_revisions(connection: Connection, agreement_id: str, now: datetime) -> list[Place]:
    """Read every revision of an agreement, oldest first; none when there is no such agreement."""
    holding = _holding_agreements(connection, now)
    query = select(agreements.c.event).where(agreements.c.agreement_id == agreement_id).order_by(agreements.c.revision)
    events = [AGREEMENT_EVENTS.decode(bytes(row.event)) for row in connection.execute(query)]
    return [Place(agreement_id, event, (agreement_id, event.revision) in holding) for event in events]


def differences_of(revisions: Sequence[Place]) -> list[list[str]]:
    """Say in words what each revision of an agreement changed in the rules; of the first one nothing."""
    rules = [rules_from_json(place.event.rules) for place in revisions if isinstance(place.event, AgreementEvent)]
    changed = ([str(one) for one in differences(before, after)] for before, after in pairwise(rules))
    return [[], *changed][: len(rules)]


def _newest(
    connection: Connection, table: Table, key: Any, conditions: list[ColumnElement[bool]], after: str | None
) -> Iterator[Any]:
    newest = select(key.label("key"), func.max(table.c.revision).label("revision")).group_by(key).subquery()
    query = select(table.c.event).join(newest, and_(key == newest.c.key, table.c.revision == newest.c.revision))
    if after is not None:
        query = query.where(key > after)
    yield from connection.execute(query.where(*conditions).order_by(key).execution_options(yield_per=200))


def _conditions(table: Table, wanted: PlaceFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.authority is not None:
        conditions.append(table.c.authority == wanted.authority)
    if wanted.area is not None and "min_x" in table.c:
        min_x, min_y, max_x, max_y = wanted.area.bounds
        conditions += [
            table.c.max_x >= min_x,
            table.c.min_x <= max_x,
            table.c.max_y >= min_y,
            table.c.min_y <= max_y,
        ]
    return conditions


def _touches(geometry: bytes, area: BaseGeometry | None) -> bool:
    return area is None or bool(shapely.intersects(shapely.from_wkb(geometry), area))


def _holding_agreements(connection: Connection, now: datetime) -> set[tuple[str, int]]:
    in_force = load_in_force(connection, now)
    held = [*in_force.agreements, *([in_force.default] if in_force.default else [])]
    return {(one.agreement.subject, one.agreement.revision) for one in held}


def _holding_areas(connection: Connection, now: datetime) -> set[tuple[str, int]]:
    held, _ = held_at(load_areas(connection, with_geometry=False), now)
    return {(one.subject, one.revision) for one in held}


def _moratorium_holds(event: MoratoriumEvent, now: datetime) -> bool:
    return event.lifted_at is None and event.starts <= now and (event.ends is None or now <= event.ends)
