"""What quality keeps: the figures of each month as they were published, and what is still to be sent of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from meekoppel_contracts.codec import decode_quality_event, encode_quality_event
from meekoppel_contracts.quality import QualityEvent
from meekoppel_hub.platform.database.tables.intake import intake_counts
from meekoppel_hub.platform.database.tables.quality import quality_months, quality_scores, quality_stability
from meekoppel_hub.quality.stability import FIGURES, GROUPED_BY
from meekoppel_hub.quality.survey import Survey

REJECTED = "rejected"
# One number for all who publish: two at once come one after the other, and the second finds nothing new.
_PUBLISH_LOCK = 7_364_013


def hold(connection: Connection) -> None:
    """Keep others from storing figures until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _PUBLISH_LOCK})


def rejections_of(connection: Connection, period: str) -> dict[str, int]:
    """Count what intake rejected in a month, per publisher."""
    counts = intake_counts.c
    query = select(counts.organisation, func.sum(counts["count"])).group_by(counts.organisation)
    rows = connection.execute(query.where(counts.month == period, counts.outcome == REJECTED))
    return {publisher: int(count) for publisher, count in rows}


def load_events(connection: Connection, period: str) -> dict[str, QualityEvent]:
    """Read the figures of a month as they were last published, by publisher."""
    query = select(quality_scores.c.event).where(quality_scores.c.period == period)
    events = [decode_quality_event(bytes(event)) for event in connection.execute(query).scalars()]
    return {event.publisher: event for event in events}


def save(connection: Connection, survey: Survey, events: Sequence[QualityEvent], at: datetime) -> None:
    """Store a month: the events that are new, to be sent; its stability in the place of what was; that it is done."""
    period = str(survey.month)
    for event in events:
        key = (quality_scores.c.publisher == event.publisher) & (quality_scores.c.period == period)
        connection.execute(delete(quality_scores).where(key))
    if events:
        connection.execute(insert(quality_scores), [_score_row(event) for event in events])
    connection.execute(delete(quality_stability).where(quality_stability.c.period == period))
    if rows := stability_rows(survey):
        connection.execute(insert(quality_stability), rows)
    connection.execute(delete(quality_months).where(quality_months.c.period == period))
    connection.execute(insert(quality_months).values(period=period, published_at=at))


def stability_rows(survey: Survey) -> list[dict[str, Any]]:
    """Write the stability of a survey as rows, in the order of their groups."""
    rows = [
        {"period": str(survey.month), **{name: str(getattr(group, name)) for name in GROUPED_BY}, **asdict(figures)}
        for group, figures in survey.stability.items()
    ]
    return sorted(rows, key=lambda row: tuple(row[name] for name in GROUPED_BY))


def load_stability(
    connection: Connection, periods: tuple[str, str], publisher: str | None = None, organisation: str | None = None
) -> list[dict[str, Any]]:
    """Read the stability of some months.

    Args:
        connection: a reading transaction.
        periods: the first and the last month.
        publisher: only of this one.
        organisation: only of this initiator.
    """
    column = quality_stability.c
    query = select(*(column[name] for name in ("period", *GROUPED_BY, *FIGURES)))
    query = query.where(column.period >= periods[0], column.period <= periods[1])
    if publisher is not None:
        query = query.where(column.publisher == publisher)
    if organisation is not None:
        query = query.where(column.organisation == organisation)
    return [dict(row) for row in connection.execute(query).mappings()]


def is_published(connection: Connection, period: str) -> bool:
    """Tell whether a month was published."""
    found = connection.scalar(select(func.count()).select_from(quality_months).where(quality_months.c.period == period))
    return bool(found)


def to_send(connection: Connection) -> list[QualityEvent]:
    """Read what is stored and not acknowledged yet, months in order."""
    query = select(quality_scores.c.event).where(quality_scores.c.sent.is_(False))
    rows = connection.execute(query.order_by(quality_scores.c.period, quality_scores.c.publisher))
    return [decode_quality_event(bytes(event)) for event in rows.scalars()]


def note_sent(connection: Connection, events: Iterable[QualityEvent]) -> None:
    """Note that the broker acknowledged these; one that was revised meanwhile is still to be sent."""
    column = quality_scores.c
    for event in events:
        connection.execute(
            update(quality_scores)
            .where(
                column.publisher == event.publisher,
                column.period == event.period,
                column.revision == event.revision,
            )
            .values(sent=True)
        )


def _score_row(event: QualityEvent) -> dict[str, Any]:
    return {
        "publisher": event.publisher,
        "period": event.period,
        "revision": event.revision,
        "score": event.score,
        "event": encode_quality_event(event),
        "sent": False,
    }
