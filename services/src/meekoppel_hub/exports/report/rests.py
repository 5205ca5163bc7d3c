"""Where the ground rests in an area: moratoria that hold now, or will. They are open to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import or_, select

from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.places import moratoria

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rest:
    """A moratorium.

    Attributes:
        title: what it is called.
        authority: who declared it.
        kind: a code of `MoratoriumKind`.
        starts: from when it holds.
        ends: until when; None until it is lifted.
        shape: where, in the hub's CRS.
    """

    title: str
    authority: str
    kind: str
    starts: datetime
    ends: datetime | None
    shape: BaseGeometry


def rests_in(database: Database, area: BaseGeometry, now: datetime) -> list[Rest]:
    """Give the moratoria that touch an area and have not ended, by the day from which they hold."""
    columns = moratoria.c
    min_x, min_y, max_x, max_y = area.bounds
    query = select(moratoria).where(
        columns.lifted.is_(False),
        or_(columns.ends_us.is_(None), columns.ends_us >= to_micros(now)),
        columns.max_x >= min_x,
        columns.min_x <= max_x,
        columns.max_y >= min_y,
        columns.min_y <= max_y,
    )
    with database.read() as connection:
        rows = connection.execute(query.order_by(columns.starts_us, columns.moratorium_id)).all()
    found = [
        Rest(row.title, row.authority, row.kind, _moment(row.starts_us), _end(row.ends_us), shapely.from_wkb(row.wkb))
        for row in rows
    ]
    return [rest for rest in found if rest.shape.intersects(area)]


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _end(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _moment(microseconds)
