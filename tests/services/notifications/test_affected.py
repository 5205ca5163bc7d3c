import pytest
import shapely

from meekoppel_contracts.codes import PlanEventType, Visibility
from meekoppel_hub.notifications.affected import Parties, Party
from meekoppel_hub.notifications.changes import OverlapChange, PlanChange

TOWN = shapely.to_wkb(shapely.box(0, 0, 200, 200))


def change_of(event, restricted=False):
    return PlanChange(event, restricted, [shapely.from_wkb(zone.geometry) for zone in event.plan.zones])


def area_party(organisation="town", area=TOWN, name="s-area"):
    return Party(name, organisation, own_overlaps=False, area=area)


def told(parties, *changes):
    return [(each.subscription_id, each.lane) for each in Parties(parties).affected_by(changes)]


def test_a_plan_inside_an_area_is_told(plan_event):
    assert told([area_party()], change_of(plan_event())) == [("s-area", "NL.org-a.1")]


def test_a_plan_outside_an_area_is_not_told(plan_event):
    assert told([area_party()], change_of(plan_event(at=(500, 500)))) == []


def test_a_plan_in_the_box_of_an_area_but_not_in_the_area_is_not_told(plan_event):
    triangle = shapely.to_wkb(shapely.Polygon([(0, 0), (200, 0), (0, 200)]))
    assert told([area_party(area=triangle)], change_of(plan_event(at=(190, 190)))) == []


@pytest.mark.parametrize(("buffer_m", "expected"), [(9.0, 0), (11.0, 1)])
def test_a_zone_reaches_as_far_as_its_own_buffer(plan_event, buffer_m, expected):
    assert len(told([area_party()], change_of(plan_event(at=(210, 100), buffer_m=buffer_m)))) == expected


def test_a_confirmation_without_a_change_is_not_told(plan_event):
    assert told([area_party()], change_of(plan_event(kind=PlanEventType.CONFIRMED))) == []


@pytest.mark.parametrize(
    ("organisation", "expected"), [("org-a", 1), ("named", 1), ("stranger", 0)], ids=["owner", "named", "stranger"]
)
def test_a_restricted_plan_is_told_to_its_owner_and_whom_it_names(plan_event, organisation, expected):
    event = plan_event(visibility=Visibility.RESTRICTED, shared_with=["named"])
    assert len(told([area_party(organisation)], change_of(event, restricted=True))) == expected


def test_a_restricted_plan_that_names_nobody_is_for_its_owner_only(plan_event):
    event = plan_event(visibility=Visibility.RESTRICTED)
    parties = [area_party("stranger", name="s-1"), area_party("org-a", name="s-2")]
    assert told(parties, change_of(event, restricted=True)) == [("s-2", "NL.org-a.1")]


def test_both_owners_of_an_overlap_are_told_each_in_the_lane_of_its_own_plan(overlap_event):
    parties = [Party(f"s-{org}", org, own_overlaps=True, area=None) for org in ("org-a", "org-b", "org-c")]
    change = OverlapChange(overlap_event(), False, (0, 0))
    assert told(parties, change) == [("s-org-a", "NL.org-a.1"), ("s-org-b", "NL.org-b.1")]


def test_an_area_subscription_is_not_told_of_overlaps(overlap_event):
    assert told([area_party("org-a")], OverlapChange(overlap_event(), False, (0, 0))) == []


def test_changes_keep_their_order(plan_event, overlap_event):
    both = Party("s-both", "org-a", own_overlaps=True, area=TOWN)
    first, second = change_of(plan_event(version=1)), change_of(plan_event(version=2))
    overlap = OverlapChange(overlap_event(), False, (0, 0))
    found = Parties([both]).affected_by([first, overlap, second])
    assert [each.change.event_id for each in found] == [first.event_id, overlap.event_id, second.event_id]
