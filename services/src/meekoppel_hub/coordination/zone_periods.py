"""When a zone holds: nuisance and detours may come back several times within the period of their plan."""

from __future__ import annotations

import json
from collections.abc import Iterable

from meekoppel_contracts.codes import ZoneRole
from meekoppel_contracts.plan import Plan, Zone
from meekoppel_hub.coordination.zones import Periods
from meekoppel_hub.platform.clock import to_micros

RECURRING = (ZoneRole.NUISANCE, ZoneRole.DETOUR)


def periods_of(zone: Zone, plan: Plan) -> Periods | None:
    """Give the intervals of the nuisance that names a nuisance or detour zone; None for the period of the plan.

    Where work is done it is done in the plan's own period, whatever is said of nuisance there. An end that an entry
    leaves open is that of the plan. Entries that end before they start say nothing.
    """
    if zone.role not in RECURRING:
        return None
    named = [entry for entry in plan.nuisance if entry.zone_id == zone.zone_id and (entry.starts or entry.ends)]
    intervals = [
        (to_micros(entry.starts or plan.period.earliest_start), to_micros(entry.ends or plan.period.latest_end))
        for entry in named
    ]
    return merged(intervals) or None


def merged(intervals: Iterable[tuple[int, int]]) -> Periods:
    """Order intervals and join those that touch; what ends before it starts is left out."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(interval for interval in intervals if interval[0] <= interval[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def to_text(periods: Periods | None) -> str | None:
    """Write periods as the view keeps them."""
    return None if periods is None else json.dumps(periods)


def from_text(text: str | None) -> Periods | None:
    """Read what `to_text` wrote."""
    return None if text is None else tuple((start, end) for start, end in json.loads(text))
