"""Phase two of a batch: match its plans, write their pairs, and tell what changed.

Two plans that meet are never missed, and none is left that no longer meets, however many workers run (rule 7 of the
log). What makes it so:

1. Whatever is matched here was stored and committed in a phase one before, and the offset is stored with the pairs: a
   batch that was interrupted in between comes again, and is matched whether its plans were stored already or not.
2. What others stored before this phase two began is seen in it (`Follower.catch_up`). So of two workers whose plans
   meet, the one that begins its phase two last sees both plans.
3. A verdict holds for two versions. Before it is written, it is looked whether either plan was stored anew since; from
   then until the commit nobody stores (`Follower.changed_meanwhile`). Where one was, nothing is written: the worker
   that stored it has its phase two still to come, or begins it after this commit, and in it sees this plan and this
   pair. So no pair is ever overwritten with an older verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.following import Follower
from meekoppel_hub.coordination.matching import match
from meekoppel_hub.coordination.overlap import OPEN, Announcement, Outcome, OverlapRow, Pair, settle
from meekoppel_hub.coordination.plan_change import PlanChange
from meekoppel_hub.coordination.queries import LoadedPlans, load_plans, overlaps_of
from meekoppel_hub.coordination.resting import load_moratoria
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.store import store_for


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
    connection: Connection,
    follower: Follower,
    plan_ids: Collection[PlanId],
    stored: Iterable[PlanChange],
    rulebook: Rulebook,
    now: datetime,
) -> Matched:
    """Match plans and moratoria at the versions that are stored, and write what becomes of their pairs.

    Args:
        connection: the transaction that ends the batch.
        follower: the index in memory.
        plan_ids: the plans to match, and moratoria.
        stored: those of them that this worker stored just now; they need not be read again.
        rulebook: the rules.
        now: the time that the pairs get.
    """
    if not plan_ids:
        return Matched(0, [], {})
    store = store_for(connection)
    store.begin_matching(connection)
    anew = follower.catch_up(connection)
    at_hand = [] if anew is None else [change for change in stored if change.plan_id not in anew]
    found = find_pairs(connection, follower, plan_ids, rulebook, at_hand)
    outcomes = found.outcomes(follower.changed_meanwhile(connection), now)
    written = store.write_overlaps(connection, [outcome.row for outcome in outcomes])
    told = [one for outcome in outcomes if outcome.row.overlap_id in written for one in outcome.announcements]
    return Matched(len(plan_ids), told, found.titles)


@dataclass(frozen=True, slots=True)
class Found:
    """The pairs in which some plans take part by some rules, and the same as they are stored.

    Attributes:
        pairs: those that meet, and those that are stored as meeting and do not.
        known: what is stored of them.
        titles: of the plans in them.
    """

    pairs: Sequence[Pair]
    known: Mapping[OverlapId, OverlapRow]
    titles: Mapping[PlanId, str]

    def outcomes(self, changed: Collection[PlanId], now: datetime) -> list[Outcome]:
        """Say what becomes of the pairs.

        Args:
            changed: plans that were stored anew meanwhile; their pairs are left out.
            now: the time that the pairs get.
        """
        return [
            outcome
            for pair in _unchanged(self.pairs, changed)
            if (outcome := settle(pair, self.known.get(pair.overlap_id), now)) is not None
        ]


def find_pairs(
    connection: Connection,
    follower: Follower,
    plan_ids: Collection[PlanId],
    rulebook: Rulebook,
    at_hand: Iterable[PlanChange] = (),
) -> Found:
    """Find how plans meet by some rules, beside what is stored. Writes nothing.

    Args:
        connection: a transaction in which the follower has caught up.
        follower: the index in memory.
        plan_ids: the plans to match, and moratoria.
        rulebook: the rules.
        at_hand: plans that need not be read, as they are stored.
    """
    known = overlaps_of(connection, plan_ids)
    near = follower.index.near(plan_ids, rulebook.reach_m, rulebook.tolerance_days)
    loaded = _load(connection, near, known, at_hand)
    pairs = _pairs(loaded, near, known, rulebook)
    return Found(pairs, known, {plan.plan_id: plan.title for plan in loaded.plans})


def _load(
    connection: Connection,
    near: Collection[tuple[PlanId, PlanId]],
    known: Mapping[OverlapId, OverlapRow],
    at_hand: Iterable[PlanChange],
) -> LoadedPlans:
    """Load all plans that may meet, or that met until now."""
    wanted = {plan_id for pair in near for plan_id in pair}
    wanted.update(side for row in known.values() if row.state == OPEN for side in (row.first_plan, row.second_plan))
    mine = [change for change in at_hand if change.plan_id in wanted]
    return load_plans(connection, wanted, mine, load_moratoria)


def _pairs(
    loaded: LoadedPlans,
    near: Collection[tuple[PlanId, PlanId]],
    known: Mapping[OverlapId, OverlapRow],
    rulebook: Rulebook,
) -> list[Pair]:
    """Find the pairs that meet now, and those that met and do not any more."""
    zone_pairs = loaded.zone_pairs(near, rulebook.reach_m)
    pairs = {
        meeting.overlap_id: Pair(meeting.first, meeting.second, meeting)
        for meeting in match(loaded.plans, loaded.zones, zone_pairs, rulebook)
    }
    for row in known.values():
        if row.state == OPEN and row.overlap_id not in pairs:
            first, second = (loaded.plans[loaded.place[side]] for side in (row.first_plan, row.second_plan))
            pairs[row.overlap_id] = Pair(first, second, None)
    return sorted(pairs.values(), key=lambda pair: (pair.first.plan_id, pair.second.plan_id))


def _unchanged(pairs: Iterable[Pair], changed: Collection[PlanId]) -> list[Pair]:
    """Leave out the pairs of plans that were stored anew meanwhile."""
    return [pair for pair in pairs if pair.first.plan_id not in changed and pair.second.plan_id not in changed]
