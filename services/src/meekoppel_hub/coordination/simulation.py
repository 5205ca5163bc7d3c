"""What a change of rules would add, remove and change, before it is applied: the work of applying it, unwritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from meekoppel_contracts.areas import AgreementEvent
from meekoppel_contracts.codes import OverlapEventType
from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.consume import view_follower
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.pairing import find_pairs
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.rules_change import CHUNK, concerned_plans
from meekoppel_hub.coordination.rules_state import read_state
from meekoppel_hub.coordination.store import store_for
from meekoppel_hub.platform.agreements.in_force import (
    AgreementVersion,
    InForce,
    load_agreements,
    load_areas,
    load_in_force,
    rules_in_force,
)
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.view import plans


@dataclass(frozen=True, slots=True)
class Expected:
    """What would become of one pair.

    Attributes:
        type: detected, changed or resolved.
        before: the pair as it is stored; None when it was never found.
        after: the pair as it would be stored.
    """

    type: OverlapEventType
    before: OverlapRow | None
    after: OverlapRow


@dataclass(slots=True)
class Simulation:
    """What a change of rules would do.

    Attributes:
        changes_rules: whether it would change any rule that holds.
        moment: as of when: now, or when the agreement begins to hold.
        plans: how many plans it concerns.
        expected: what would become of which pairs; those that stay as they are are left out.
    """

    changes_rules: bool
    moment: datetime
    plans: int = 0
    expected: dict[OverlapId, Expected] = field(default_factory=dict)


def simulate(
    database: Database, proposed: AgreementEvent, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> Simulation:
    """Find what would become of the pairs of a view if an agreement were applied, or ended. Writes nothing.

    Args:
        database: of the view.
        proposed: the agreement, not numbered.
        now: the present time.
        progress: told how many plans were matched so far.
    """
    with database.read() as connection:
        before = load_in_force(connection, read_state(connection).as_of)
        begins = proposed.valid_from if proposed.ended_at is None else None
        moment = max(now, begins or now)
        after = _rules_after(connection, proposed, moment)
        changed, boxes = before.changes_to(after)
        simulation = Simulation(changed, moment)
        if changed:
            _match_all(connection, Rulebook.of(after), boxes, simulation, progress)
    return simulation


def _rules_after(connection: Connection, proposed: AgreementEvent, moment: datetime) -> InForce:
    versions = load_agreements(connection)
    last = max((one.revision for one in versions if one.subject == proposed.agreement_id), default=0)
    version = AgreementVersion(
        subject=proposed.agreement_id,
        revision=last + 1,
        valid_from=proposed.valid_from,
        valid_until=proposed.valid_until,
        ended=proposed.ended_at is not None,
        authority=proposed.authority,
        areas=proposed.areas,
        rules=proposed.rules,
        recorded_at=proposed.recorded_at,
    )
    return rules_in_force(load_areas(connection), [*versions, version], moment)


def _match_all(
    connection: Connection,
    rulebook: Rulebook,
    boxes: list[tuple[float, float, float, float]] | None,
    simulation: Simulation,
    progress: Callable[[int], None],
) -> None:
    follower = view_follower()
    follower.catch_up(connection)
    store_for(connection).begin_matching(connection)
    after = PlanId("")
    while True:
        query = concerned_plans(boxes).where(plans.c.plan_id > after).order_by(plans.c.plan_id).limit(CHUNK)
        plan_ids = [row.plan_id for row in connection.execute(query)]
        if not plan_ids:
            return
        found = find_pairs(connection, follower, plan_ids, rulebook)
        for outcome in found.outcomes((), simulation.moment):
            if outcome.announcements and outcome.row.overlap_id not in simulation.expected:
                row = outcome.row
                told = outcome.announcements[-1].type
                simulation.expected[row.overlap_id] = Expected(told, found.known.get(row.overlap_id), row)
        simulation.plans += len(plan_ids)
        progress(simulation.plans)
        after = plan_ids[-1]
