"""The reckoning: what went through the hub, read back from its topics and tables, and whether anything was lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import func, select

from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.events import OverlapEvent, PlanEvent
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED, PLANS, PLANS_RESTRICTED
from meekoppel_hub.demo.receiver import Receiver
from meekoppel_hub.history.replay import Replay, Replayed
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.intake import intake_counts
from meekoppel_hub.platform.database.tables.notifications import deliveries, notifications
from meekoppel_hub.platform.database.tables.view import overlaps, plans
from meekoppel_hub.platform.stream.read import read_log

_TOPICS = (PLANS, PLANS_RESTRICTED, COORDINATION, COORDINATION_RESTRICTED)
_DROPPED = ("unchanged", "resent")
_OWNERS_OF_A_PAIR = 2


@dataclass(slots=True)
class LogContents:
    """What stands in the log.

    Attributes:
        plan_events: how many plan events.
        made_by_intake: how many of them intake added itself, to take a plan out of the open topic.
        last_versions: the last version of each plan.
        overlap_events: the ids of the overlap events.
        unreadable: records that are no events.
    """

    plan_events: int = 0
    made_by_intake: int = 0
    last_versions: dict[str, int] = field(default_factory=dict)
    overlap_events: set[str] = field(default_factory=set)
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class TableContents:
    """What stands in the tables.

    Attributes:
        versions: the version of each plan in the view.
        overlaps: how many pairs, resolved ones too.
        dropped: events that intake dropped since they said nothing new.
        rejected: events that intake rejected.
        told: how many notifications there are of each event.
        notifications: how many notifications in all.
        delivered: how many deliveries were made.
    """

    versions: dict[str, int]
    overlaps: int
    dropped: int
    rejected: int
    told: dict[str, int]
    notifications: int
    delivered: int


@dataclass(frozen=True, slots=True)
class Reckoning:
    """How the demonstration ended.

    Attributes:
        lost: by how much the stages differ that must be equal; `faults` says where.
    """

    plans: int
    events: int
    rejected: int
    overlaps: int
    notifications: int
    delivered: int
    lost: int
    seconds: float
    faults: tuple[str, ...] = ()

    def as_line(self) -> dict[str, Any]:
        """Give the counts by name, without the words."""
        return {name: value for name, value in asdict(self).items() if name != "faults"}


async def reckon(
    bootstrap: str, database: Database, published: int, rejected_rows: int, receiver: Receiver, seconds: float
) -> Reckoning:
    """Read the log and the tables, and compare the stages.

    Args:
        bootstrap: Kafka's address.
        database: the hub's.
        published: events that Kafka acknowledged to the connectors.
        rejected_rows: rows that the connectors rejected.
        receiver: what the organisations received.
        seconds: how long the demonstration took.
    """
    log = await read_contents(bootstrap)
    tables = await asyncio.to_thread(read_tables, database)
    faults = [fault for fault in compare(published, log, tables, receiver) if fault[0]]
    return Reckoning(
        plans=len(tables.versions),
        events=log.plan_events,
        rejected=rejected_rows + tables.rejected,
        overlaps=tables.overlaps,
        notifications=tables.notifications,
        delivered=tables.delivered,
        lost=sum(difference for difference, _ in faults),
        seconds=round(seconds, 1),
        faults=tuple(words for _, words in faults),
    )


def compare(published: int, log: LogContents, tables: TableContents, receiver: Receiver) -> Sequence[tuple[int, str]]:
    """Compare the stages that must be equal: by how much each two differ, and in words."""
    handled = log.plan_events - log.made_by_intake + tables.dropped + tables.rejected
    versions = sum(
        log.last_versions.get(plan_id) != tables.versions.get(plan_id)
        for plan_id in log.last_versions.keys() | tables.versions.keys()
    )
    untold = sum(abs(_OWNERS_OF_A_PAIR - tables.told.get(event, 0)) for event in log.overlap_events)
    return (
        (abs(published - handled), f"connectors published {published} events, intake handled {handled}"),
        (log.unreadable, f"{log.unreadable} records of the log cannot be read"),
        (versions, f"{versions} plans have another version in the view than in the log"),
        (untold, f"{untold} notifications of overlaps are missing or too many"),
        (
            abs(tables.notifications - tables.delivered),
            f"{tables.notifications} notifications, of which {tables.delivered} were delivered",
        ),
        (
            abs(tables.delivered - len(receiver.ids)),
            f"{tables.delivered} were delivered, {len(receiver.ids)} received",
        ),
        (receiver.refused, f"{receiver.refused} deliveries had no valid signature"),
    )


async def read_contents(bootstrap: str) -> LogContents:
    """Read the whole log, from its beginning to its end as it is now."""
    contents, replay = LogContents(), Replay()
    async with aclosing(read_log(bootstrap, _TOPICS)) as records:
        async for record in records:
            for item in replay.take(record):
                if isinstance(item, Replayed):
                    _note(contents, item)
    contents.unreadable = replay.tally.unreadable
    return contents


def _note(contents: LogContents, item: Replayed) -> None:
    event = item.event
    if isinstance(event, OverlapEvent):
        contents.overlap_events.add(item.headers.id)
    if not isinstance(event, PlanEvent):
        return
    contents.plan_events += 1
    contents.made_by_intake += event.type is PlanEventType.WITHDRAWN and event.reason == "became_restricted"
    known = contents.last_versions.get(event.plan.plan_id, 0)
    contents.last_versions[event.plan.plan_id] = max(known, event.version)


def read_tables(database: Database) -> TableContents:
    """Read what stands in the tables, all at one moment."""
    with database.read() as connection:
        outcomes: Counter[str] = Counter()
        for outcome, count in connection.execute(select(intake_counts.c.outcome, intake_counts.c.count)):
            outcomes[outcome] += count
        per_event = select(notifications.c.event_id, func.count()).group_by(notifications.c.event_id)
        told: dict[str, int] = dict(connection.execute(per_event).tuples().all())
        delivered = select(func.count()).select_from(deliveries).where(deliveries.c.state == "delivered")
        return TableContents(
            versions={row.plan_id: row.version for row in connection.execute(select(plans.c.plan_id, plans.c.version))},
            overlaps=connection.execute(select(func.count()).select_from(overlaps)).scalar_one(),
            dropped=sum(outcomes[outcome] for outcome in _DROPPED),
            rejected=outcomes["rejected"],
            told=told,
            notifications=sum(told.values()),
            delivered=connection.execute(delivered).scalar_one(),
        )
