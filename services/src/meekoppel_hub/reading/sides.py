"""The two sides of a pair, as far as showing it needs: a plan, in a narrow row or whole, or a moratorium."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row

from meekoppel_contracts.codes import Visibility
from meekoppel_hub.platform.database.tables.view import plans
from meekoppel_hub.reading.access import Sharing
from meekoppel_hub.reading.plans import newest_plans
from meekoppel_hub.reading.stored import StoredPlan, read_stored

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NARROW = ("title", "initiator", "publisher", "visibility", "withdrawn", "starts_us", "ends_us")
"""The columns of `plans` that a side needs, when nobody is named who may see it."""


class Side(Protocol):
    """What every side has."""

    @property
    def plan_id(self) -> str:
        """The plan, or the moratorium."""
        ...

    @property
    def title(self) -> str:
        """What it is called."""
        ...

    @property
    def sharing(self) -> Sharing:
        """With whom it is shared."""
        ...

    @property
    def window(self) -> tuple[datetime, datetime | None]:
        """From when until when; None until it is lifted."""
        ...


@dataclass(frozen=True, slots=True)
class NarrowSide:
    """A plan of which only the narrow row was read."""

    plan_id: str
    title: str
    sharing: Sharing
    window: tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class RestSide:
    """A moratorium that a plan is against. It is open to everybody."""

    plan_id: str
    title: str
    sharing: Sharing
    window: tuple[datetime, datetime | None]

    @property
    def plan(self) -> dict[str, Any]:
        """Give what tables show of it, by the names that a plan has."""
        authority = self.sharing.initiator
        return {
            "plan_id": self.plan_id,
            "title": self.title,
            "initiator": {"name": authority, "organisation": authority},
            "disciplines": (),
            "status": None,
            "phase": None,
            "certainty": None,
            "period": {"earliest_start": self.window[0], "latest_end": self.window[1]},
        }


def narrow_side(plan_id: str, which: str, row: Row[Any]) -> NarrowSide:
    """Make a side of the columns `NARROW`. It is for plans that are not restricted, and for who has a token.

    Args:
        plan_id: the plan.
        which: `first` or `second`, with which the names of its columns begin.
        row: with the columns.
    """
    title, initiator, publisher, visibility, withdrawn, starts, ends = (
        getattr(row, f"{which}_{name}") for name in NARROW
    )
    sharing = Sharing(initiator, publisher, visibility, (), None, withdrawn)
    return NarrowSide(plan_id, title, sharing, (moment_of(starts), moment_of(ends)))


def rest_side(
    moratorium_id: str, title: str | None, authority: str, starts_us: int | None, ends_us: int | None
) -> RestSide:
    """Make a side of a moratorium; one that the view does not hold yet is shown by its id."""
    sharing = Sharing(authority, authority, Visibility.PUBLIC.value, (), None, False)
    begins = _EPOCH if starts_us is None else moment_of(starts_us)
    ends = None if ends_us is None else moment_of(ends_us)
    return RestSide(moratorium_id, title or moratorium_id, sharing, (begins, ends))


def whole_plans(connection: Connection, plan_ids: Iterable[str]) -> dict[str, StoredPlan]:
    """Read plans whole, at their newest versions."""
    wanted = sorted(set(plan_ids))
    if not wanted:
        return {}
    rows = connection.execute(newest_plans().where(plans.c.plan_id.in_(wanted)))
    return {row.plan_id: read_stored(row.event) for row in rows}


def moment_of(microseconds: int) -> datetime:
    """Give the moment that lies so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)
