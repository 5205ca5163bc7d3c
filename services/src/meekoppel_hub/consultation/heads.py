"""The newest state of everything that is numbered here, and the states before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.areas import AgreementEvent, AreaEvent, MoratoriumEvent
from meekoppel_contracts.codec import CODECS
from meekoppel_contracts.coordination import AssessmentEvent, CooperationEvent
from meekoppel_contracts.headers import (
    EventHeaders,
    agreement_event_headers,
    area_event_headers,
    assessment_event_headers,
    cooperation_event_headers,
    moratorium_event_headers,
)
from meekoppel_contracts.plan import Contract
from meekoppel_contracts.registry import (
    AGREEMENT_EVENT,
    AREA_EVENT,
    ASSESSMENT_EVENT,
    COOPERATION_EVENT,
    MORATORIUM_EVENT,
)
from meekoppel_hub.platform.database.tables.consultation import heads, history


@dataclass(frozen=True, slots=True)
class Numbered:
    """How the events of a contract are numbered and described.

    Attributes:
        subject: gives what an event is about, as the tables name it.
        headers: describes it for the log.
    """

    contract: str
    subject: Callable[[Any], str]
    headers: Callable[[Any], EventHeaders]


def assessment_subject(event: AssessmentEvent) -> str:
    """Name an assessment: each party of an overlap has its own."""
    return f"{event.overlap_id}/{event.organisation}"


# What consultation numbers. A further contract that an inbox takes has its line here.
NUMBERED: Final[Mapping[type[Contract], Numbered]] = {
    AssessmentEvent: Numbered(ASSESSMENT_EVENT, assessment_subject, assessment_event_headers),
    CooperationEvent: Numbered(COOPERATION_EVENT, lambda event: str(event.cooperation_id), cooperation_event_headers),
    AreaEvent: Numbered(AREA_EVENT, lambda event: str(event.area_id), area_event_headers),
    AgreementEvent: Numbered(AGREEMENT_EVENT, lambda event: str(event.agreement_id), agreement_event_headers),
    MoratoriumEvent: Numbered(MORATORIUM_EVENT, lambda event: str(event.moratorium_id), moratorium_event_headers),
}
CONTRACTS: Final = frozenset(one.contract for one in NUMBERED.values())


def load_head(connection: Connection, contract: str, subject: str, *, lock: bool = True) -> Any:
    """Give the newest event about a subject, or None.

    Args:
        connection: a transaction.
        contract: such as `cooperation-event`.
        subject: what it is about.
        lock: whether nobody else may change it until the transaction ends.
    """
    query = select(heads.c.value).where(heads.c.contract == contract, heads.c.subject == subject)
    value = connection.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    return None if value is None else CODECS[contract].decode(value)


def load_head_in_topic(connection: Connection, contract: str, subject: str) -> tuple[Any, str]:
    """Give the newest event about a subject that is known, with the topic that it is in."""
    query = select(heads.c.value, heads.c.topic).where(heads.c.contract == contract, heads.c.subject == subject)
    row = connection.execute(query).one()
    return CODECS[contract].decode(row.value), row.topic


def load_heads(connection: Connection, contract: str, subjects: list[str]) -> dict[str, Any]:
    """Give the newest events about these subjects, those that there are."""
    query = select(heads.c.subject, heads.c.value).where(heads.c.contract == contract, heads.c.subject.in_(subjects))
    return {row.subject: CODECS[contract].decode(row.value) for row in connection.execute(query)}


def load_history(connection: Connection, contract: str, subject: str) -> list[Any]:
    """Give all events about a subject, oldest first."""
    query = select(history.c.value).where(history.c.contract == contract, history.c.subject == subject)
    rows = connection.execute(query.order_by(history.c.revision)).scalars()
    return [CODECS[contract].decode(value) for value in rows]


def head_row(contract: str, subject: str, revision: int, topic: str, value: bytes, at: datetime) -> dict[str, Any]:
    """Write a row of the heads or the history."""
    return {
        "contract": contract,
        "subject": subject,
        "revision": revision,
        "topic": topic,
        "value": value,
        "recorded_at": at,
    }


def save_heads(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Store newest states; one that is not newer than what is stored changes nothing."""
    if not rows:
        return
    adding = _insert(connection)(heads)
    given = adding.excluded
    replacing = {name: given[name] for name in ("revision", "topic", "value", "recorded_at")}
    connection.execute(
        adding.on_conflict_do_update(
            index_elements=["contract", "subject"], set_=replacing, where=heads.c.revision < given.revision
        ),
        rows,
    )


def save_history(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Keep states; one that is kept already stays as it is."""
    if rows:
        adding = _insert(connection)(history)
        connection.execute(adding.on_conflict_do_nothing(), rows)


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def decoded(row: Row[Any]) -> Any:
    """Read the event of a row of the heads or the history."""
    return CODECS[row.contract].decode(row.value)
