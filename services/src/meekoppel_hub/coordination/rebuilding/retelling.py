"""Compare how pairs stand with what was last told of them: what is to be told still, and under which revision. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meekoppel_contracts.codes import OverlapEventType
from meekoppel_contracts.events import OverlapEvent
from meekoppel_hub.coordination.meeting import PartOfScore, score_parts_to_text
from meekoppel_hub.coordination.overlap import (
    OPEN,
    RESOLVED,
    Announcement,
    Outcome,
    OverlapRow,
    as_told,
    farewell,
    same_facts,
)


def row_told(event: OverlapEvent, *, restricted: bool, detected_at: datetime) -> OverlapRow:
    """Make the row of a pair as an event tells it.

    Args:
        event: the last of the pair.
        restricted: whether it was told in the restricted topic.
        detected_at: when the pair was detected for the last time.
    """
    parts = tuple(PartOfScore(one.part, one.points, one.weight) for one in event.score_parts)
    known: dict[str, Any] = {
        "state": RESOLVED if event.type is OverlapEventType.RESOLVED else OPEN,
        "kind": event.kind.value,
        "severity": event.severity.value,
        "first_plan": event.first.plan_id,
        "first_version": event.first.version,
        "first_organisation": event.first.organisation,
        "second_plan": event.second.plan_id,
        "second_version": event.second.version,
        "second_organisation": event.second.organisation,
        "restricted": restricted,
        "detected_at": detected_at,
        "changed_at": event.recorded_at,
        "explanation_nl": event.explanation_nl or "",
        "score_parts": score_parts_to_text(parts),
        "rulesets": ",".join(event.rulesets) or event.ruleset,
    }
    told: dict[str, Any] = {name: known.get(name, getattr(event, name, None)) for name in OverlapRow._fields}
    return OverlapRow(**told)


def retell(row: OverlapRow | None, told: OverlapRow | None, now: datetime) -> Outcome | None:
    """Say what is to be stored and told of a pair.

    Args:
        row: how it stands; None when it neither meets nor met.
        told: how it was last told; None when it never was.
        now: the time that news gets.

    Returns:
        The row under the right revision, with what is to be told; None when there is no such pair.
    """
    if told is None:
        return _never_told(row, now)
    if row is None or row.state == RESOLVED:
        return _over(row or told, told, now)
    if told.state == RESOLVED:
        return _news(row, told, OverlapEventType.DETECTED, 1, now)
    if told.restricted != row.restricted:
        moved = row._replace(revision=told.revision + 2, detected_at=now, changed_at=now)
        return Outcome(moved, (farewell(told, now), Announcement(OverlapEventType.DETECTED, moved)))
    if same_facts(row, told):
        return Outcome(as_told(row, told)._replace(detected_at=told.detected_at), ())
    return _news(row, told, OverlapEventType.CHANGED, 1, now)


def _never_told(row: OverlapRow | None, now: datetime) -> Outcome | None:
    if row is None or row.state == RESOLVED:  # it came and went unseen
        return None
    first = row._replace(revision=1, detected_at=now, changed_at=now)
    return Outcome(first, (Announcement(OverlapEventType.DETECTED, first),))


def _news(row: OverlapRow, told: OverlapRow, kind: OverlapEventType, step: int, now: datetime) -> Outcome:
    detected_at = now if kind is OverlapEventType.DETECTED else told.detected_at
    news = row._replace(revision=told.revision + step, detected_at=detected_at, changed_at=now)
    return Outcome(news, (Announcement(kind, news),))


def _over(row: OverlapRow, told: OverlapRow, now: datetime) -> Outcome:
    """Close a pair that was told to be open, where it was told."""
    if told.state == RESOLVED:
        return Outcome(
            row._replace(revision=told.revision, detected_at=told.detected_at, changed_at=told.changed_at), ()
        )
    if row is told or (row.restricted and not told.restricted):
        said = farewell(told, now)
        return Outcome(row._replace(state=RESOLVED, revision=said.row.revision, changed_at=now), (said,))
    closed = row._replace(revision=told.revision + 1, detected_at=told.detected_at, changed_at=now)
    said = Announcement(OverlapEventType.RESOLVED, closed._replace(restricted=told.restricted))
    return Outcome(closed, (said,))
