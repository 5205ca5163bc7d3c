"""The overview of an area for its director (regisseur): what goes on in it, and what waits for whom.

Counts are of what the viewer may see. Works just outside the border matter too: an area reaches as far as its margin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Row

from meekoppel_contracts.areas import AreaEvent, MoratoriumEvent
from meekoppel_hub.reading.access import Viewer
from meekoppel_hub.reading.overlaps import OverlapFilter, visible_overlaps
from meekoppel_hub.reading.places import PlaceFilter, newest_moratoria
from meekoppel_hub.reading.plans import PlanFilter, visible_plans
from meekoppel_hub.reading.sight import AnySight
from meekoppel_hub.reading.terms import ANSWERED, cooperations_on, said_of

MOST_LISTED = 200
_ROWS_AT_ONCE = 1_000


def area_overview(connection: Connection, viewer: Viewer, area: AreaEvent, now: datetime) -> dict[str, Any]:
    """Count what goes on in an area, and list what is late, the longest first.

    Args:
        connection: of the view.
        viewer: who asks; only what it may see is counted.
        area: at its newest revision.
        now: the time, against which deadlines are held.
    """
    place = shapely.buffer(shapely.from_wkb(area.geometry), area.margin_m)
    plans = list(visible_plans(connection, viewer, PlanFilter(area=place), None, now))
    sights = list(
        visible_overlaps(connection, viewer, OverlapFilter(area=place, state="open"), None, now, _ROWS_AT_ONCE)
    )
    director = area.director or area.authority
    return {
        "area_id": area.area_id,
        "name": area.name,
        "authority": area.authority,
        "director": director,
        "you_are_director": viewer.operator or viewer.organisation == director,
        "as_of": now,
        "plans": {
            "total": len(plans),
            "by_status": dict(Counter(plan.plan["status"] for plan in plans)),
            "by_organisation": dict(Counter(plan.sharing.initiator for plan in plans)),
        },
        "overlaps": _overlaps(sights),
        "assessments": _assessments(connection, sights, viewer, now),
        "cooperations": _cooperations(connection, [plan.plan_id for plan in plans], viewer, now),
        "moratoria": _moratoria(connection, place, now),
    }


def _overlaps(sights: Sequence[AnySight]) -> dict[str, Any]:
    by_kind: dict[str, Counter[str]] = {}
    for sight in sights:
        by_kind.setdefault(sight.row.kind, Counter())[sight.row.severity] += 1
    return {"open": len(sights), "by_kind": {kind: dict(counts) for kind, counts in sorted(by_kind.items())}}


def _assessments(connection: Connection, sights: Sequence[AnySight], viewer: Viewer, now: datetime) -> dict[str, Any]:
    """Count who did not answer, and list whose time is over; not of the hidden party of a blind match."""
    by_id = {sight.row.overlap_id: sight for sight in sights}
    said = [
        row
        for row in said_of(connection, sorted(by_id))
        if row.organisation == viewer.organisation or by_id[row.overlap_id].names_organisation(row.organisation)
    ]
    silent = [row for row in said if row.answer not in ANSWERED]
    missed = sorted(
        (row for row in silent if row.assess_by is not None and row.assess_by < now), key=lambda row: row.assess_by
    )
    return {
        "parties": len(said),
        "by_answer": dict(Counter(row.answer for row in said)),
        "unanswered": len(silent),
        "to_reassess": sum(row.to_reassess for row in said),
        "missed": len(missed),
        "missed_deadlines": [_missed(row) for row in missed[:MOST_LISTED]],
    }


def _missed(row: Row[Any]) -> dict[str, Any]:
    return {
        "overlap_id": row.overlap_id,
        "kind": row.kind,
        "severity": row.severity,
        "organisation": row.organisation,
        "assess_by": row.assess_by,
    }


def _cooperations(connection: Connection, plan_ids: Sequence[str], viewer: Viewer, now: datetime) -> dict[str, Any]:
    seen = cooperations_on(connection, viewer, plan_ids)
    late = [
        {"cooperation_id": one.row.cooperation_id, "organisation": organisation, "answer_by": one.row.answer_by}
        for one in seen
        if not one.is_over and one.row.answer_by is not None and one.row.answer_by < now
        for organisation in one.silent()
    ]
    late.sort(key=lambda one: one["answer_by"])
    return {
        "total": len(seen),
        "by_state": dict(Counter(one.row.state for one in seen)),
        "missed": len(late),
        "missed_deadlines": late[:MOST_LISTED],
    }


def _moratoria(connection: Connection, place: BaseGeometry, now: datetime) -> dict[str, Any]:
    places = newest_moratoria(connection, PlaceFilter(area=place, holding_at=now), None, now)
    found = [one.event for one in places if isinstance(one.event, MoratoriumEvent)]
    listed = [
        {"moratorium_id": one.moratorium_id, "title": one.title, "kind": one.kind.value, "ends": one.ends}
        for one in found[:MOST_LISTED]
    ]
    return {"holding": len(found), "listed": listed}
