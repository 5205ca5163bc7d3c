"""The lists of cooperations, of their parties and of their plans."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, delete, insert
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.coordination import CooperationEvent
from meekoppel_contracts.registry import COOPERATION_EVENT
from meekoppel_contracts.topics import COORDINATION_RESTRICTED
from meekoppel_hub.consultation.heads import load_history
from meekoppel_hub.platform.database.tables.consultation import (
    cooperation_parties,
    cooperation_plans,
    cooperations,
)

ANSWER_BY_PASSED: Final = "answer_by_passed"
ADD_WORKS_BY_PASSED: Final = "add_works_by_passed"


def list_cooperation(connection: Connection, event: CooperationEvent, topic: str) -> None:
    """Take over the newest state of a cooperation; the history has been stored before.

    A deadline counts as acted on when the history tells so of the very moment at which it stands now: one that was
    moved is to be acted on again.
    """
    before = load_history(connection, COOPERATION_EVENT, event.cooperation_id)
    row = {
        "cooperation_id": event.cooperation_id,
        "revision": event.revision,
        "state": event.state.value,
        "title": event.title,
        "proposed_by": event.proposed_by,
        "lead": event.lead,
        "restricted": topic == COORDINATION_RESTRICTED,
        "answer_by": event.answer_by,
        "answer_by_acted": any(
            one.reason == ANSWER_BY_PASSED and one.actor is None and one.answer_by == event.answer_by for one in before
        ),
        "add_works_by": event.add_works_by,
        "add_works_by_acted": any(
            one.reason == ADD_WORKS_BY_PASSED and one.actor is None and one.add_works_by == event.add_works_by
            for one in before
        ),
        "recorded_at": event.recorded_at,
    }
    adding = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(cooperations)
    connection.execute(adding.on_conflict_do_update(index_elements=["cooperation_id"], set_=row), row)
    _list_members(connection, event)


def _list_members(connection: Connection, event: CooperationEvent) -> None:
    of_this = {"cooperation_id": event.cooperation_id}
    for table in (cooperation_parties, cooperation_plans):
        connection.execute(delete(table).where(table.c.cooperation_id == event.cooperation_id))
    parties = [
        {**of_this, "organisation": one.organisation, "answer": one.answer.value, "answered_at": one.answered_at}
        for one in event.parties
    ]
    plans = [{**of_this, "plan_id": one.plan_id, "organisation": one.organisation} for one in event.plans]
    if parties:
        connection.execute(insert(cooperation_parties), parties)
    if plans:
        connection.execute(insert(cooperation_plans), plans)
