"""Store one numbered event: as the newest state, in the history, and in the table that lists its kind.

Live and when the tables are made again from the log, every event goes through here. One that is not newer than what is
stored changes nothing but the history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from meekoppel_contracts.coordination import AssessmentEvent, CooperationEvent
from meekoppel_contracts.plan import Contract
from meekoppel_hub.consultation.assessment_rows import list_assessment
from meekoppel_hub.consultation.cooperation_rows import list_cooperation
from meekoppel_hub.consultation.heads import NUMBERED, head_row, save_heads, save_history
from meekoppel_hub.platform.database.tables.consultation import heads

# How the newest state of a contract is listed for whoever asks by other things than its subject.
_LISTED_BY: Final[Mapping[type[Contract], Callable[[Connection, Any, str], None]]] = {
    AssessmentEvent: list_assessment,
    CooperationEvent: list_cooperation,
}


def record_event(connection: Connection, event: Any, value: bytes, topic: str) -> None:
    """Store a numbered event.

    Args:
        connection: a writing transaction.
        event: the event, decoded.
        value: the event as it stands in the log, framed Avro.
        topic: the topic that it is in.
    """
    numbered = NUMBERED[type(event)]
    subject = numbered.subject(event)
    row = head_row(numbered.contract, subject, event.revision, topic, value, event.recorded_at)
    save_history(connection, [row])
    known = select(heads.c.revision).where(heads.c.contract == numbered.contract, heads.c.subject == subject)
    newest = connection.execute(known.with_for_update()).scalar_one_or_none()
    if newest is not None and newest >= event.revision:
        return
    save_heads(connection, [row])
    lister = _LISTED_BY.get(type(event))
    if lister is not None:
        lister(connection, event, topic)
