"""Matching finds in real plans what plain loops find in them: real geometry, real periods, of Highways real owners too.

Where owners lie apart, or there is one, works are dealt out to some: nothing of one owner meets. The twins of these
sets are the made-up worlds of `test_rules` and `test_incremental`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
import shapely

from meekoppel_connectors.config import load_config
from meekoppel_connectors.mapping.read import read_plans
from meekoppel_contracts.codes import OverlapKind, PlanEventType, Status, ZoneRole
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Plan
from meekoppel_hub.coordination.rebuild import match_events
from meekoppel_hub.coordination.rulebook import Rulebook
from tests.connectors.real_sets import read_with, real
from tests.connectors.test_template_gipod import read_served
from tests.connectors.weekly_feed import SECOND_WEEK, connector_folder
from tests.services.coordination import plain_loops
from tests.services.coordination.test_rules import agreed, assert_equal

MOST = 260  # of a set; plain loops look at every pair
OWNERS = 5


def highways(folder: Path) -> list[Plan]:
    feed = real("uk-highways-weekly/he_roadworks_2016_03_07.xml")
    config = load_config(connector_folder(folder, feed))
    return [row.plan for row in read_plans(config, SECOND_WEEK) if row.plan is not None]


def berlin(folder: Path) -> list[Plan]:
    rows = read_with("berlin", folder, real("eu-cities/berlin.json"))
    return [row.plan for row in rows if row.plan is not None]


def gipod(folder: Path) -> list[Plan]:
    """GIPOD's zones of nuisance, taken as works: nuisance meets works only, and there are none in this set."""
    template = real("gipod/250-member-fragment.ttl").read_text(encoding="utf-8")
    rows, _ = read_served(folder, template, "/mobility-hindrances/pagination250")
    return [as_works(row.plan) for row in rows if row.plan is not None]


def as_works(plan: Plan) -> Plan:
    zones = tuple(zone.model_copy(update={"role": ZoneRole.WORK}) for zone in plan.zones)
    return plan.model_copy(update={"zones": zones, "status": Status.PLANNED})


def densest(plans: list[Plan]) -> list[Plan]:
    """Give those that lie nearest to one another: the ones around the plan with the most neighbours."""
    middles = [shapely.centroid(shapely.from_wkb(plan.zones[0].geometry)) for plan in plans]
    centre = max(middles, key=lambda middle: sum(shapely.dwithin(middles, middle, 15_000)))
    order = sorted(range(len(plans)), key=lambda index: shapely.distance(middles[index], centre))
    return [plans[index] for index in order[:MOST]]


def dealt(plans: Iterable[Plan]) -> list[Plan]:
    """Deal works out to some owners."""
    return [
        plan.model_copy(
            update={"initiator": plan.initiator.model_copy(update={"organisation": f"owner-{number % OWNERS}"})}
        )
        for number, plan in enumerate(plans)
    ]


def events(plans: Iterable[Plan]) -> list[PlanEvent]:
    return [
        PlanEvent(type=PlanEventType.REGISTERED, version=1, publisher=plan.initiator.organisation, plan=plan)
        for plan in plans
    ]


@pytest.mark.parametrize(
    ("read", "deals", "rules"),
    [
        (highways, False, agreed(500.0, 2_000.0, 60)),
        (berlin, True, agreed(20.0, 400.0, 60)),
        (gipod, True, agreed(20.0, 400.0, 60)),
    ],
)
def test_in_real_plans_matching_finds_what_plain_loops_find(tmp_path, read, deals, rules) -> None:
    plans = densest(read(tmp_path))
    given = events(dealt(plans) if deals else plans)
    expected = plain_loops.all_meetings(given, rules)
    assert len(expected) > 50
    assert {found.kind for found in expected.values()} >= {OverlapKind.OPPORTUNITY, OverlapKind.CONFLICT_LIGHT}

    random.Random(3).shuffle(given)
    found = match_events(given, Rulebook.everywhere(rules))

    assert {(one.first.plan_id, one.second.plan_id) for one in found} == set(expected)
    for meeting in found:
        assert_equal(meeting, expected[meeting.first.plan_id, meeting.second.plan_id])
