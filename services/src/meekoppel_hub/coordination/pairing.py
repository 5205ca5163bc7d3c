"""Phase two of a batch: match its plans, write their pairs, and tell what changed.

Two plans that meet are never missed, and none is left that no longer meets, however many workers run (rule 7 of the
log). What makes it so:

1. Whatever is matched here was stored and committed in a phase one before, and the offset is stored with the pairs: a
   batch that was interrupted in between comes again, and is matched whether its plans were stored already or not. So
   of two workers whose plans meet, the one that begins its phase two last sees both plans.
2. A verdict holds for two versions. Before it is written, both plan rows are held, and their versions compared with
   those that were matched. Where one is newer by now, nothing is written: the worker that stored the newer version has
   its own phase two still to come, or has it under way, and in it sees this plan.
3. While a plan is held no other worker can store a newer version of it; so no pair is ever overwritten with an older
   verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from meekoppel_contracts.ids import PlanId
from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.matching import match
from meekoppel_hub.coordination.overlap import Announcement, Outcome, Pair, settle
from meekoppel_hub.coordination.queries import load_overlaps, load_plans, load_versions, open_overlaps
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.store import ViewStore
from meekoppel_hub.coordination.store_rows import HeldPlan


@dataclass(frozen=True, slots=True)
class Matched:
    """What phase two did.

    Attributes:
        plans: how many plans were matched.
        announcements: what is to be told, in order.
        titles: of the plans in them.
    """

    plans: int
    announcements: list[Announcement]
    titles: Mapping[PlanId, str]


def match_stored(
    connection: Connection, store: ViewStore, plan_ids: Collection[PlanId], agreement: Agreement, now: datetime
) -> Matched:
    """Match plans at the versions that are stored, and write what becomes of their pairs.

    Args:
        connection: the transaction that ends the batch.
        store: of the connection's dialect.
        plan_ids: the plans of the batch.
        agreement: the rules.
        now: the time that the pairs get.
    """
    stored = load_versions(connection, plan_ids)
    if not stored:
        return Matched(0, [], {})
    pairs = _find_pairs(connection, store, stored, agreement)
    in_pairs = {plan.plan_id for pair in pairs for plan in (pair.first, pair.second)}
    held = store.hold(connection, in_pairs) if in_pairs else {}
    outcomes = _settle(connection, [pair for pair in pairs if _still(pair, held)], now)
    written = store.write_overlaps(connection, [outcome.row for outcome in outcomes])
    told = [one for outcome in outcomes if outcome.row.overlap_id in written for one in outcome.announcements]
    return Matched(len(stored), told, {plan_id: plan.title for plan_id, plan in held.items()})


def _find_pairs(
    connection: Connection, store: ViewStore, changed: Mapping[PlanId, int], agreement: Agreement
) -> list[Pair]:
    """Match the changed plans with what is near them, and with what they met until now.

    That a pair does not meet any more is seen from its absence in the search. So the versions of all who met are read
    before the search: when they are still the same after it, they were the same in it.
    """
    met = open_overlaps(connection, changed)
    before = {**load_versions(connection, {plan_id for pair in met for plan_id in pair}), **changed}
    near = store.near(connection, changed, agreement)
    loaded = load_plans(connection, before.keys() | {one.other_plan for one in near})
    zone_pairs = loaded.pairs((one.zone_key, one.other_zone_key) for one in near)
    meetings = {
        (meeting.first.plan_id, meeting.second.plan_id): meeting
        for meeting in match(loaded.plans, loaded.zones, zone_pairs, Rulebook.everywhere(agreement))
    }
    same = {plan.plan_id: plan for plan in loaded.plans if before.get(plan.plan_id, plan.version) == plan.version}
    return [
        Pair(same[first], same[second], meetings.get((first, second)))
        for first, second in sorted(meetings.keys() | set(met))
        if first in same and second in same
    ]


def _still(pair: Pair, held: Mapping[PlanId, HeldPlan]) -> bool:
    """Tell whether both plans are held at the versions that were matched."""
    return all(
        plan.plan_id in held and held[plan.plan_id].version == plan.version for plan in (pair.first, pair.second)
    )


def _settle(connection: Connection, pairs: list[Pair], now: datetime) -> list[Outcome]:
    """Compare with what is stored, read under the locks."""
    if not pairs:
        return []
    stored = load_overlaps(connection, [pair.overlap_id for pair in pairs])
    outcomes = (settle(pair, stored.get(pair.overlap_id), now) for pair in pairs)
    return [outcome for outcome in outcomes if outcome is not None]
