"""The two deadlines of a cooperation: when answers are due, and until when works can be added.

What a proposal leaves out follows from the agreements where its plans lie; where they give different terms, the longest
holds, so that nobody has less time than its own agreement promises. A deadline that passes is acted on by the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import shapely
from sqlalchemy import Connection, Select, and_, or_, select

from meekoppel_contracts.codes import CooperationAnswer, CooperationEventType, CooperationState, RejectionReason
from meekoppel_contracts.coordination import CooperationEvent
from meekoppel_contracts.registry import COOPERATION_EVENT
from meekoppel_contracts.topics import COORDINATION, COORDINATION_RESTRICTED
from meekoppel_hub.consultation.batch import Batch
from meekoppel_hub.consultation.cooperation_rows import ADD_WORKS_BY_PASSED, ANSWER_BY_PASSED
from meekoppel_hub.consultation.handler import Desk
from meekoppel_hub.consultation.heads import load_head
from meekoppel_hub.consultation.metrics import DEADLINES
from meekoppel_hub.consultation.outcome import Refused
from meekoppel_hub.platform.agreements import national_agreement, rules_from_json
from meekoppel_hub.platform.agreements.in_force import Held, load_in_force
from meekoppel_hub.platform.agreements.process import Deadlines
from meekoppel_hub.platform.database.tables.consultation import cooperations
from meekoppel_hub.platform.stream.records import PartitionId
from meekoppel_hub.reading.stored import StoredPlan

_ANSWERS_DUE: Final = (CooperationState.OPEN, CooperationState.IN_CONSULTATION)
_WORKS_DUE: Final = (*_ANSWERS_DUE, CooperationState.AGREED)
_AT_ONCE = 100


def default_deadlines(desk: Desk, request: CooperationEvent, plans: Sequence[StoredPlan]) -> dict[str, datetime]:
    """Give both deadlines of a proposal: as it says, else as the agreements where the plans lie say."""
    terms = _terms(desk.connection, plans, desk.now)
    answer_days = max(one.cooperation_answer_days for one in terms)
    works_days = max(one.add_works_days for one in terms)
    return {
        "answer_by": request.answer_by or desk.now + timedelta(days=answer_days),
        "add_works_by": request.add_works_by or desk.now + timedelta(days=works_days),
    }


def check_deadlines(
    event: CooperationEvent, now: datetime, changed: Collection[str] = ("answer_by", "add_works_by")
) -> None:
    """Check that deadlines which are set now lie ahead.

    Raises:
        Refused: when one is over already.
    """
    for name in ("answer_by", "add_works_by"):
        deadline: datetime | None = getattr(event, name)
        if name in changed and (deadline is None or deadline <= now):
            raise Refused(
                RejectionReason.NOT_NOW, f"{name} {deadline and deadline.isoformat()} does not lie ahead", name
            )


def act_on_deadlines(batch: Batch, lane: PartitionId) -> None:
    """Act on deadlines that passed, each once."""
    rows = batch.connection.execute(overdue(batch.now).with_for_update()).all()
    for row in rows:
        topic = COORDINATION_RESTRICTED if row.restricted else COORDINATION
        for name, reason in (("answer_by", ANSWER_BY_PASSED), ("add_works_by", ADD_WORKS_BY_PASSED)):
            current: CooperationEvent = load_head(batch.connection, COOPERATION_EVENT, row.cooperation_id)
            if _is_due(current, name, batch.now) and not getattr(row, f"{name}_acted"):
                batch.tell(_passed(current, reason, batch.now), topic, lane)
                DEADLINES.labels(name).inc()


def overdue(now: datetime) -> Select[Any]:
    """Select cooperations with a deadline that passed and was not acted on."""
    columns = cooperations.c
    answers = and_(
        columns.state.in_([state.value for state in _ANSWERS_DUE]),
        columns.answer_by < now,
        columns.answer_by_acted.is_(False),
    )
    works = and_(
        columns.state.in_([state.value for state in _WORKS_DUE]),
        columns.add_works_by < now,
        columns.add_works_by_acted.is_(False),
    )
    return select(cooperations).where(or_(answers, works)).order_by(columns.cooperation_id).limit(_AT_ONCE)


def _is_due(current: CooperationEvent, name: str, now: datetime) -> bool:
    deadline: datetime | None = getattr(current, name)
    states = _ANSWERS_DUE if name == "answer_by" else _WORKS_DUE
    return current.state in states and deadline is not None and deadline < now


def _passed(current: CooperationEvent, reason: str, now: datetime) -> CooperationEvent:
    """Give the state after a deadline: one to which nobody said yes has come to nothing."""
    others = [party.answer for party in current.parties if party.organisation != current.proposed_by]
    ends = reason == ANSWER_BY_PASSED and CooperationAnswer.YES not in others
    return current.model_copy(
        update={
            "type": CooperationEventType.ENDED if ends else CooperationEventType.CHANGED,
            "state": CooperationState.ENDED_WITHOUT_RESULT if ends else current.state,
            "revision": current.revision + 1,
            "actor": None,
            "reason": reason,
            "occurred_at": getattr(current, "answer_by" if reason == ANSWER_BY_PASSED else "add_works_by"),
            "recorded_at": now,
        }
    )


def _terms(connection: Connection, plans: Sequence[StoredPlan], now: datetime) -> list[Deadlines]:
    in_force = load_in_force(connection, now)
    zones = [zone["geometry"] for plan in plans for zone in plan.plan["zones"]]
    place = shapely.union_all(shapely.from_wkb(zones))
    held = [one for one in in_force.agreements if _reaches(one, place)]
    if not held and in_force.default is not None:
        held = [in_force.default]
    return [rules_from_json(one.agreement.rules).deadlines for one in held] or [national_agreement().deadlines]


def _reaches(held: Held, place: shapely.Geometry) -> bool:
    return any(shapely.dwithin(shapely.from_wkb(area.wkb), place, area.margin_m) for area in held.areas)
