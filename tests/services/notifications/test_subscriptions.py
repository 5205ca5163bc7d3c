import json

import pytest
import shapely
from standardwebhooks import Webhook

from meekoppel_hub.platform.areas import InvalidArea, area_from_box, area_from_file, area_from_geojson, area_from_wkt
from meekoppel_hub.platform.subscriptions import (
    RefusedSubscription,
    SubscriptionKind,
    SubscriptionRequest,
    SubscriptionState,
    UnknownSubscription,
    add_subscription,
    get_subscription,
    list_subscriptions,
    pause_subscription,
    remove_subscription,
    resume_subscription,
    secret_of,
)

RD = 28992
ALKMAAR = {
    "type": "Polygon",
    "coordinates": [[[4.70, 52.60], [4.80, 52.60], [4.80, 52.66], [4.70, 52.66], [4.70, 52.60]]],
}


def test_an_added_subscription_is_read_back_as_it_was_asked_for(database, subscribe):
    area = shapely.box(0, 0, 100, 50)
    added, secret = subscribe("org-a", url="http://127.0.0.1/x", own_overlaps=True, area=area)
    found = get_subscription(database, added.subscription_id)
    assert found == added
    assert found.kinds == (SubscriptionKind.OWN_OVERLAPS, SubscriptionKind.AREA)
    assert shapely.from_wkb(found.area).equals(area)
    assert found.box == (0, 0, 100, 50)
    assert found.state is SubscriptionState.ACTIVE
    assert secret_of(database, added.subscription_id) == secret
    Webhook(secret)


def test_the_secret_is_not_part_of_what_is_shown(subscribe):
    subscription, secret = subscribe()
    assert secret not in repr(subscription)


def test_a_subscription_that_asks_for_nothing_is_refused(subscribe):
    with pytest.raises(RefusedSubscription, match="asks for nothing"):
        subscribe(own_overlaps=False)


def test_an_unknown_organisation_is_refused(database):
    request = SubscriptionRequest(organisation="nobody", name="x", url="https://example.org/", own_overlaps=True)
    with pytest.raises(RefusedSubscription, match="nobody"):
        add_subscription(database, request)


def test_the_list_leaves_out_removed_ones_and_other_organisations(database, subscribe, clock):
    kept, _ = subscribe("org-a")
    removed, _ = subscribe("org-a")
    subscribe("org-b")
    remove_subscription(database, removed.subscription_id, clock=clock)
    assert [each.subscription_id for each in list_subscriptions(database, organisation="org-a")] == [
        kept.subscription_id
    ]
    assert len(list_subscriptions(database, include_removed=True)) == 3


def test_pausing_and_resuming_change_the_state(database, subscribe, clock):
    subscription, _ = subscribe()
    assert pause_subscription(database, subscription.subscription_id, clock=clock).state is SubscriptionState.PAUSED
    assert resume_subscription(database, subscription.subscription_id, clock=clock).state is SubscriptionState.ACTIVE


@pytest.mark.parametrize("change", [pause_subscription, resume_subscription, remove_subscription])
def test_a_removed_subscription_cannot_be_changed_any_more(database, subscribe, clock, change):
    subscription, _ = subscribe()
    remove_subscription(database, subscription.subscription_id, clock=clock)
    with pytest.raises(UnknownSubscription):
        change(database, subscription.subscription_id, clock=clock)


def test_geojson_is_brought_from_longitude_and_latitude_to_the_crs_of_the_hub():
    area = area_from_geojson({"type": "Feature", "geometry": ALKMAAR, "properties": {}}, RD)
    assert area.centroid.x == pytest.approx(111_700, abs=1000)
    assert area.centroid.y == pytest.approx(516_500, abs=1500)


def test_the_polygons_of_a_collection_become_one_area():
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": ALKMAAR}] * 2}
    assert area_from_geojson(collection, RD).equals(area_from_geojson(ALKMAAR, RD))


@pytest.mark.parametrize("name", ["area.geojson", "area.wkt"])
def test_an_area_file_may_be_geojson_or_wkt(tmp_path, name):
    path = tmp_path / name
    square = shapely.box(0, 0, 10, 10)
    path.write_text(square.wkt if name.endswith("wkt") else json.dumps(ALKMAAR))
    assert area_from_file(path, RD).area > 0


@pytest.mark.parametrize(
    "document",
    [
        {"type": "Point", "coordinates": [4.7, 52.6]},
        {"type": "Polygon"},
        {"type": "FeatureCollection", "features": []},
        {"type": "Nonsense"},
        {},
        {"type": "Feature", "geometry": None},
        {"type": "Polygon", "coordinates": [[[4.7, 52.6], [4.8, 52.7], [4.8, 52.6], [4.7, 52.7], [4.7, 52.6]]]},
    ],
)
def test_what_is_no_polygon_is_refused_as_an_area(document):
    with pytest.raises(InvalidArea):
        area_from_geojson(document, RD)


def test_bad_wkt_an_empty_box_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(InvalidArea):
        area_from_wkt("POLYGON((", RD)
    with pytest.raises(InvalidArea):
        area_from_box((10, 10, 0, 0))
    with pytest.raises(InvalidArea, match="cannot be read"):
        area_from_file(tmp_path / "nowhere", RD)
