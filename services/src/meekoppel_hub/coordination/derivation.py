"""Moratoria that follow from completed works: the ground rests for as long as the agreement of the area says.

Pure, but for the reading and writing of what was said before. What was said once stands: a later agreement does not
change the term of works that were completed before, only a plan that itself changes does. Restricted plans leave no
moratorium: topic `areas` is open to all.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely
from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codec import MORATORIUM_EVENTS, decode_plan_event
from meekoppel_contracts.codes import MoratoriumEventType, MoratoriumOrigin, PlanEventType, Status, Visibility
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.headers import moratorium_event_headers
from meekoppel_contracts.ids import MoratoriumId, OrgCode, PlanId, derived_moratorium_id
from meekoppel_contracts.plan import Plan
from meekoppel_contracts.topics import AREAS
from meekoppel_hub.coordination.queries import among
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.zones import CORE_ROLES, read_shapes, zone_table
from meekoppel_hub.platform.agreements import Agreement, MoratoriumRule
from meekoppel_hub.platform.database.tables.places import derived_moratoria
from meekoppel_hub.platform.database.tables.view import NEWEST, plan_versions, plans
from meekoppel_hub.platform.stream.records import Outgoing


@dataclass(frozen=True, slots=True)
class Derived:
    """What was last said of a derived moratorium."""

    event: MoratoriumEvent
    holds: bool


def derive(
    connection: Connection, plan_ids: Sequence[PlanId], rulebook: Rulebook, now: datetime
) -> list[tuple[PlanId, Outgoing]]:
    """Find what is to be said of the moratoria that follow from plans, and note it.

    Args:
        connection: the transaction in which the plans are matched.
        plan_ids: the plans of the batch.
        rulebook: the rules.
        now: the time that events get.

    Returns:
        The records for topic `areas`, each with its plan; to be published in this transaction.
    """
    if not plan_ids:
        return []
    before = _load_derived(connection, plan_ids)
    lasting = any(agreement.moratoria for agreement in rulebook.agreements)
    if not before and not lasting:
        return []
    said: list[tuple[PlanId, Derived]] = []
    for event in _completed_or_known(connection, plan_ids, before):
        plan_id = event.plan.plan_id
        said += [(plan_id, one) for one in settle_rests(event, follow(event, rulebook), before.get(plan_id, {}), now)]
    _save(connection, [one for _, one in said])
    return [(plan_id, _outgoing(one.event)) for plan_id, one in said]


def recall(connection: Connection, told: Iterable[MoratoriumEvent]) -> None:
    """Note what topic `areas` tells of moratoria that followed from plans, where that is not known, or older."""
    newest = {event.moratorium_id: event for event in sorted(told, key=lambda event: event.revision)}
    derived = [event for event in newest.values() if event.derived_from is not None]
    _save(connection, [Derived(event, holds=event.lifted_at is None) for event in derived])


def follow(event: PlanEvent, rulebook: Rulebook) -> dict[MoratoriumId, tuple[MoratoriumRule, Agreement, OrgCode]]:
    """Give the moratoria that follow from a plan as it stands, by their ids, each with the rule that makes it so."""
    plan = event.plan
    over = plan.status is Status.COMPLETED and event.type is not PlanEventType.WITHDRAWN
    if not over or plan.visibility is Visibility.RESTRICTED or not _resting(plan):
        return {}
    zones = zone_table([(0, zone.role.value, zone.geometry, zone.buffer_m, None) for zone in plan.zones])
    applied = rulebook.applying(zones, 1)
    found = {}
    for index in applied.combinations[applied.of_plan[0]]:
        agreement, origin = rulebook.agreements[index], rulebook.origins[index]
        rule = agreement.rest_after(
            frozenset(one.value for one in plan.work_types), frozenset(one.value for one in plan.disciplines)
        )
        digs = plan.excavation is None or plan.excavation.digs
        if rule is None or origin.agreement_id is None or not (digs or rule.work_types):
            continue
        authority = OrgCode(str(origin.authority))
        found[derived_moratorium_id(plan.plan_id, authority, origin.agreement_id)] = (rule, agreement, authority)
    return found


def settle_rests(
    event: PlanEvent,
    following: Mapping[MoratoriumId, tuple[MoratoriumRule, Agreement, OrgCode]],
    before: Mapping[MoratoriumId, Derived],
    now: datetime,
) -> list[Derived]:
    """Compare what follows from a plan with what was said before; gives what is to be said now."""
    said = []
    for moratorium_id in sorted({*following, *before}):
        known = before.get(moratorium_id)
        if known is not None and known.event.revision >= event.version:
            continue  # this version, or a later one, has been judged
        wanted = following.get(moratorium_id)
        if wanted is None:
            if known is not None and known.holds:
                said.append(Derived(_lifted(known.event, event.version, now), holds=False))
        elif known is None or not known.holds or not _same_works(known.event, event.plan):
            declared = _declared(event, moratorium_id, *wanted, now)
            if declared.ends is None or declared.ends > now:
                new = known is None or not known.holds
                kind = MoratoriumEventType.DECLARED if new else MoratoriumEventType.CHANGED
                said.append(Derived(declared.model_copy(update={"type": kind}), holds=True))
    return said


def after_months(moment: datetime, months: int) -> datetime:
    """Give the same day so many months later; the last of the month where there is no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _declared(
    event: PlanEvent,
    moratorium_id: MoratoriumId,
    rule: MoratoriumRule,
    agreement: Agreement,
    authority: OrgCode,
    now: datetime,
) -> MoratoriumEvent:
    plan = event.plan
    starts = _end_of_works(plan)
    return MoratoriumEvent(
        type=MoratoriumEventType.DECLARED,
        moratorium_id=moratorium_id,
        revision=event.version,
        authority=authority,
        title=f"Rest after works: {rule.name}",
        kind=rule.kind,
        origin=MoratoriumOrigin.DERIVED,
        derived_from=plan.plan_id,
        geometry=_ground(plan),
        srid=plan.zones[0].srid,
        starts=starts,
        ends=after_months(starts, rule.months),
        reason=f"{plan.plan_id} was completed; by {agreement.identity} the ground rests for {rule.months} months.",
        legal_ground=rule.legal_ground,
        exceptions=rule.exceptions,
        recorded_at=now,
    )


def _lifted(before: MoratoriumEvent, version: int, now: datetime) -> MoratoriumEvent:
    return before.model_copy(
        update={
            "type": MoratoriumEventType.LIFTED,
            "revision": version,
            "lifted_at": now,
            "lifted_reason": f"The completion of {before.derived_from} was taken back.",
            "recorded_at": now,
        }
    )


def _same_works(before: MoratoriumEvent, plan: Plan) -> bool:
    return before.starts == _end_of_works(plan) and before.geometry == _ground(plan)


def _end_of_works(plan: Plan) -> datetime:
    return plan.actual_end or plan.period.latest_end


def _resting(plan: Plan) -> list[bytes]:
    return [zone.geometry for zone in plan.zones if zone.role.value in CORE_ROLES]


def _ground(plan: Plan) -> bytes:
    wkb: bytes = shapely.to_wkb(shapely.union_all(read_shapes(_resting(plan)).geometry), output_dimension=2)
    return wkb


def _completed_or_known(
    connection: Connection, plan_ids: Sequence[PlanId], known: Iterable[PlanId]
) -> Iterable[PlanEvent]:
    mine = among(connection, plans.c.plan_id, plan_ids)
    wanted = (plans.c.status == Status.COMPLETED.value) | among(connection, plans.c.plan_id, list(known))
    query = select(plan_versions.c.event).select_from(NEWEST).where(mine, wanted).order_by(plans.c.plan_id)
    return [decode_plan_event(bytes(row.event)) for row in connection.execute(query)]


def _load_derived(connection: Connection, plan_ids: Sequence[PlanId]) -> dict[PlanId, dict[MoratoriumId, Derived]]:
    query = select(derived_moratoria).where(among(connection, derived_moratoria.c.plan_id, plan_ids))
    found: dict[PlanId, dict[MoratoriumId, Derived]] = {}
    for row in connection.execute(query):
        event = MORATORIUM_EVENTS.decode(bytes(row.event))
        found.setdefault(row.plan_id, {})[row.moratorium_id] = Derived(event, row.holds)
    return found


def _save(connection: Connection, said: Sequence[Derived]) -> None:
    if not said:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    adding = insert(derived_moratoria)
    given = adding.excluded
    replacing = {name: given[name] for name in ("revision", "holds", "event")}
    rows = [
        {
            "moratorium_id": one.event.moratorium_id,
            "plan_id": one.event.derived_from,
            "revision": one.event.revision,
            "holds": one.holds,
            "event": MORATORIUM_EVENTS.encode(one.event),
        }
        for one in said
    ]
    newer = derived_moratoria.c.revision < given.revision
    connection.execute(
        adding.on_conflict_do_update(index_elements=["moratorium_id"], set_=replacing, where=newer), rows
    )


def _outgoing(event: MoratoriumEvent) -> Outgoing:
    headers = moratorium_event_headers(event)
    return Outgoing(
        topic=AREAS,
        key=event.moratorium_id.encode(),
        value=MORATORIUM_EVENTS.encode(event),
        headers=headers.to_kafka(),
        event_id=headers.id,
    )
