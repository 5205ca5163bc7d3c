"""The list of assessments: what each party of each overlap says, also while it has said nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.codec import encode_overlap_event
from meekoppel_contracts.codes import AssessmentAnswer, AssessmentCause, OverlapEventType
from meekoppel_contracts.coordination import AssessmentEvent
from meekoppel_contracts.events import OverlapEvent, OverlapSide
from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_contracts.registry import OVERLAP_EVENT
from meekoppel_contracts.topics import COORDINATION_RESTRICTED
from meekoppel_hub.consultation.heads import head_row, save_heads
from meekoppel_hub.platform.database.tables.consultation import assessments, heads

_OF_THE_OVERLAP = (
    "overlap_revision",
    "is_open",
    "restricted",
    "kind",
    "severity",
    "first_plan",
    "first_version",
    "second_plan",
    "second_version",
    "assess_by",
)
_SILENT = {
    "revision": 0,
    "answer": AssessmentAnswer.UNDECIDED.value,
    "to_reassess": False,
    "opens_up": False,
    "answered_at": None,
}


def list_overlaps(connection: Connection, told: Mapping[OverlapId, tuple[str, OverlapEvent]]) -> list[OverlapId]:
    """Take over how overlaps stand, with a row for each party; older than what is known changes nothing.

    Args:
        connection: a writing transaction.
        told: the newest event of each overlap, with its topic.

    Returns:
        The overlaps of which the event was newer than what was known, in order.
    """
    known = _known_revisions(connection, told)
    newer = [one for one in sorted(told) if told[one][1].revision > known.get(one, 0)]
    if not newer:
        return []
    save_heads(connection, [_overlap_head(*told[one]) for one in newer])
    adding = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(assessments)
    given = adding.excluded
    replacing = adding.on_conflict_do_update(
        index_elements=["overlap_id", "organisation"],
        set_={**{name: given[name] for name in _OF_THE_OVERLAP}, **_newest_versions(given)},
        where=assessments.c.overlap_revision < given.overlap_revision,
    )
    connection.execute(replacing, [row for one in newer for row in _rows(*told[one])])
    former = update(assessments).where(
        assessments.c.overlap_id == bindparam("id"), assessments.c.overlap_revision < bindparam("now_at")
    )
    # Whoever was a party before and is none now, since a plan changed hands, has nothing to say any more.
    connection.execute(former.values(is_open=False), [{"id": one, "now_at": told[one][1].revision} for one in newer])
    return newer


def list_assessment(connection: Connection, event: AssessmentEvent, topic: str) -> None:
    """Take over what a party says; the log may bring it before the overlap that it is about."""
    row = {
        **_SILENT,
        "overlap_id": event.overlap_id,
        "organisation": event.organisation,
        "overlap_revision": 0,  # until the overlap itself is told
        "is_open": event.cause is not AssessmentCause.OVERLAP_RESOLVED,
        "restricted": topic == COORDINATION_RESTRICTED,
        "kind": "other",
        "severity": "unknown",
        "first_plan": event.first.plan_id,
        "first_version": event.first.version,
        "second_plan": event.second.plan_id,
        "second_version": event.second.version,
        "assess_by": None,
        **_said(event),
    }
    adding = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(assessments)
    replacing = adding.on_conflict_do_update(
        index_elements=["overlap_id", "organisation"], set_={**_said(event), **_newest_versions(adding.excluded)}
    )
    connection.execute(replacing, row)


def load_of_overlaps(connection: Connection, overlap_ids: Collection[OverlapId]) -> Sequence[Row[Any]]:
    """Give the assessments of these overlaps that were ever told, locked, in order."""
    query = select(assessments).where(assessments.c.overlap_id.in_(overlap_ids), assessments.c.revision > 0)
    return connection.execute(_in_order(query)).all()


def load_of_plans(connection: Connection, plans: Mapping[PlanId, int]) -> Sequence[Row[Any]]:
    """Give the assessments of open overlaps of these plans, locked, in order."""
    query = select(assessments).where(
        or_(assessments.c.first_plan.in_(plans.keys()), assessments.c.second_plan.in_(plans.keys())),
        assessments.c.is_open,
    )
    return connection.execute(_in_order(query)).all()


def load_one(connection: Connection, overlap_id: str, organisation: str) -> Row[Any] | None:
    """Give the assessment of one party, locked, or None."""
    query = select(assessments).where(
        assessments.c.overlap_id == overlap_id, assessments.c.organisation == organisation
    )
    return connection.execute(query.with_for_update()).first()


def note_versions(connection: Connection, rows: Sequence[tuple[Row[Any], int, int]]) -> None:
    """Note the newest versions of both plans of these rows."""
    if not rows:
        return
    query = update(assessments).where(
        assessments.c.overlap_id == bindparam("of_overlap"), assessments.c.organisation == bindparam("of_party")
    )
    values = [
        {
            "of_overlap": row.overlap_id,
            "of_party": row.organisation,
            "first_version": first,
            "second_version": second,
        }
        for row, first, second in rows
    ]
    connection.execute(
        query.values(first_version=bindparam("first_version"), second_version=bindparam("second_version")), values
    )


def _known_revisions(connection: Connection, told: Mapping[OverlapId, object]) -> dict[str, int]:
    query = select(heads.c.subject, heads.c.revision).where(heads.c.contract == OVERLAP_EVENT)
    rows = connection.execute(query.where(heads.c.subject.in_(told.keys())).order_by(heads.c.subject).with_for_update())
    return {row.subject: row.revision for row in rows}


def _overlap_head(topic: str, event: OverlapEvent) -> dict[str, Any]:
    value = encode_overlap_event(event)
    return head_row(OVERLAP_EVENT, event.overlap_id, event.revision, topic, value, event.recorded_at)


def _rows(topic: str, event: OverlapEvent) -> list[dict[str, Any]]:
    return [_row(topic, event, side) for side in (event.first, event.second)]


def _row(topic: str, event: OverlapEvent, side: OverlapSide) -> dict[str, Any]:
    return {
        "overlap_id": event.overlap_id,
        "organisation": side.organisation,
        "overlap_revision": event.revision,
        "is_open": event.type is not OverlapEventType.RESOLVED,
        "restricted": topic == COORDINATION_RESTRICTED,
        "kind": event.kind.value,
        "severity": event.severity.value,
        "first_plan": event.first.plan_id,
        "first_version": event.first.version,
        "second_plan": event.second.plan_id,
        "second_version": event.second.version,
        "assess_by": event.assess_by,
        **_SILENT,
    }


def _said(event: AssessmentEvent) -> dict[str, Any]:
    return {
        "revision": event.revision,
        "answer": event.answer.value,
        "to_reassess": event.to_reassess,
        "opens_up": event.opens_up,
        "answered_at": event.answered_at,
    }


def _newest_versions(given: Any) -> dict[str, Any]:
    """Never go back to an older version of a plan: its own event may have told of a newer one."""
    columns = (assessments.c.first_version, assessments.c.second_version)
    return {one.name: case((one < given[one.name], given[one.name]), else_=one) for one in columns}


def _in_order(query: Any) -> Any:
    return query.order_by(assessments.c.overlap_id, assessments.c.organisation).with_for_update()
