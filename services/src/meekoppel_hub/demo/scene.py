"""What the demonstration has done so far, and what the hub made of it: the values that the screen shows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Row, func, select

from meekoppel_contracts.ids import OrgCode
from meekoppel_hub.demo.changes import DayChange, Happening
from meekoppel_hub.demo.connector import ConnectorRun
from meekoppel_hub.demo.organisations import organisation
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.notifications import deliveries
from meekoppel_hub.platform.database.tables.view import overlaps, plan_versions, plans

_LATEST = 6
_KINDS = {"conflict_heavy": "heavy conflict", "conflict_light": "light conflict", "opportunity": "opportunity"}


@dataclass(slots=True)
class Scene:
    """What was done so far.

    Attributes:
        day: the day that is being played.
        doing: what is being done, in words.
        happened: what happened in the town, how often.
        published: events per organisation that Kafka acknowledged.
        rejected: rows that the last run of each organisation's connector rejected.
    """

    day: date | None = None
    doing: str = ""
    happened: Counter[Happening] = field(default_factory=Counter)
    published: Counter[OrgCode] = field(default_factory=Counter)
    rejected: Counter[OrgCode] = field(default_factory=Counter)

    def note_day(self, day: date, changes: list[DayChange]) -> None:
        """Note what happened in the town on a day."""
        self.day, self.doing = day, f"{day:%d-%m-%Y}"
        self.happened.update(change.what for change in changes)

    def note_run(self, owner: OrgCode, run: ConnectorRun) -> None:
        """Note a run of a connector."""
        self.published[owner] += run.published
        self.rejected[owner] = run.rejected


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where two plans meet, in words."""

    kind: str
    open: bool
    who: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class HubCounts:
    """What the hub made of it, as it stands in the tables."""

    plans: int = 0
    versions: int = 0
    open_overlaps: tuple[tuple[str, int], ...] = ()
    delivered: int = 0
    waiting: int = 0
    latest: tuple[Meeting, ...] = ()


def read_counts(database: Database) -> HubCounts:
    """Read what the hub made of it so far."""
    with database.read() as connection:
        kinds = select(overlaps.c.kind, func.count()).where(overlaps.c.state == "open").group_by(overlaps.c.kind)
        by_kind = tuple((_words(kind), count) for kind, count in connection.execute(kinds.order_by(overlaps.c.kind)))
        states = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        sent: dict[str, int] = dict(connection.execute(states).tuples().all())
        first, second = plans.alias(), plans.alias()
        latest = (
            select(overlaps, first.c.title.label("first_title"), second.c.title.label("second_title"))
            .join(first, first.c.plan_id == overlaps.c.first_plan)
            .join(second, second.c.plan_id == overlaps.c.second_plan)
            .where(overlaps.c.restricted.is_(False))
            .order_by(overlaps.c.changed_at.desc(), overlaps.c.overlap_id)
            .limit(_LATEST)
        )
        return HubCounts(
            plans=connection.execute(select(func.count()).select_from(plans)).scalar_one(),
            versions=connection.execute(select(func.count()).select_from(plan_versions)).scalar_one(),
            open_overlaps=by_kind,
            delivered=sent.get("delivered", 0),
            waiting=sent.get("due", 0) + sent.get("leased", 0),
            latest=tuple(_meeting(row) for row in connection.execute(latest)),
        )


def _meeting(row: Row[tuple[object, ...]]) -> Meeting:
    names = (organisation(OrgCode(code)).name for code in (row.first_organisation, row.second_organisation))
    return Meeting(
        kind=_words(row.kind),
        open=row.state == "open",
        who=" × ".join(names),
        what=f"{row.first_title} × {row.second_title}",
        why=row.explanation,
    )


def _words(kind: str) -> str:
    return _KINDS.get(kind, kind.replace("_", " "))
