"""Areas, agreements and moratoria through the inbox: who may do what, on both stores."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import shapely
from shapely import LineString, box

from meekoppel_contracts.codes import AreaKind, OrganisationKind
from meekoppel_hub.coordination.consume import CoordinationProcessor
from meekoppel_hub.platform.agreements import national_agreement
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.organisations import register_organisation
from meekoppel_hub.testing.place_events import agreement_event, area_event, moratorium_event
from meekoppel_hub.testing.plan_events import log_record, plan_event
from meekoppel_hub.testing.scope import DirectScope
from tests.services.consultation.desk import BEGIN, Hub, reasons

WEST, EAST = box(93_000, 463_000, 94_000, 464_000), box(94_000, 463_000, 95_000, 464_000)
INSIDE = box(93_100, 463_100, 93_200, 463_110)
A_AREA, B_AREA = "NL.org-a.gemeente", "NL.org-b.gemeente"
AGREEMENT, REST = "NL.org-a.afspraken", "NL.org-a.rust-1"


class Places:
    """Asks through the inbox of the authority that an event names, or of another one."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def ask(self, event: Any, inbox: str | None = None) -> Any:
        return self.hub.take(self.hub.request(event, inbox=inbox or event.authority))

    def refused(self, event: Any, inbox: str | None = None) -> str:
        answer = self.ask(event, inbox)
        (reason,) = reasons(answer)
        assert answer[0].message
        return f"{reason} {answer[0].field}"


@pytest.fixture
def places(hub: Hub, database: Database) -> Places:
    register_organisation(database, "net", "Net", OrganisationKind.TELECOM)
    register_organisation(database, "operator", "Operator", OrganisationKind.OTHER, may_publish_for=("*",))
    return Places(hub)


def rules(version: str = "1", **changes: Any):
    return national_agreement().model_copy(update={"ruleset": "ours", "version": version, **changes})


def asked(event: Any) -> Any:
    return event.model_copy(update={"revision": 0})


def area(area_id: str = A_AREA, place: shapely.Geometry = WEST, **changes: Any):
    return asked(area_event(area_id, place, **changes))


def agreement(areas: tuple[str, ...] = (A_AREA,), version: str = "1", **changes: Any):
    identifier = changes.pop("id", AGREEMENT)
    ended = changes.pop("ended", False)
    ruleset = changes.pop("ruleset", "ours")
    event = agreement_event(identifier, rules(version, **changes), areas, ended=ended)
    return asked(_renamed(event, ruleset))


def _renamed(event: Any, ruleset: str) -> Any:
    return event.model_copy(
        update={"ruleset": ruleset, "rules": event.rules.replace('"ruleset":"ours"', f'"ruleset":"{ruleset}"')}
    )


def moratorium(place: shapely.Geometry = INSIDE, **changes: Any):
    return asked(moratorium_event(changes.pop("id", REST), place, **changes))


# --- areas -------------------------------------------------------------------------------------------------------


def test_an_authority_declares_its_area_and_the_hub_numbers_it(places: Places):
    (first,) = places.ask(area())
    (second,) = places.ask(area(margin_m=50.0))
    assert (first.revision, second.revision) == (1, 2)
    assert first.recorded_at == BEGIN
    assert [message.topic for message in places.hub.log] == ["areas", "areas"]
    assert places.hub.log[0].key == A_AREA.encode()


def test_an_area_that_is_the_same_again_is_no_event(places: Places):
    places.ask(area())
    assert places.ask(area()) == []


@pytest.mark.parametrize(
    ("event", "inbox", "why"),
    [
        (area(), "org-b", "publisher_not_allowed authority"),
        (area("NL.org-b.x", authority="org-a"), None, "publisher_not_allowed area_id"),
        (area("NL.net.x"), None, "publisher_not_allowed kind"),
        (area(place=LineString([(93_000, 463_000), (94_000, 463_000)])), None, "invalid_geometry geometry"),
        (area(place=shapely.Polygon()), None, "invalid_geometry geometry"),
        (area().model_copy(update={"srid": 4326}), None, "wrong_crs srid"),
        (area(valid=(BEGIN, BEGIN)), None, "invalid_period valid_until"),
    ],
)
def test_an_area_that_is_not_theirs_or_cannot_be_used_is_refused(places: Places, event, inbox, why):
    assert places.refused(event, inbox) == why


def test_an_area_of_interest_is_everybodys_to_declare(places: Places):
    assert reasons(places.ask(area("NL.net.x", kind=AreaKind.INTEREST))) == []


def test_a_municipality_does_not_lie_on_another_one(places: Places):
    places.ask(area())
    assert places.refused(area(B_AREA, box(93_500, 463_000, 95_000, 464_000))) == "outside_area geometry"
    assert reasons(places.ask(area(B_AREA, box(93_999, 463_000, 95_000, 464_000)))) == [], "borders are never exact"


def test_after_a_merger_the_other_one_takes_the_ground_over(places: Places):
    places.ask(area())
    places.ask(area(active=False))
    assert reasons(places.ask(area(B_AREA, box(93_000, 463_000, 95_000, 464_000)))) == []


# --- agreements --------------------------------------------------------------------------------------------------


def test_an_authority_applies_an_agreement_in_its_own_area_and_then_a_new_version(places: Places):
    places.ask(area())
    (first,) = places.ask(agreement())
    (second,) = places.ask(agreement(version="2", light_conflict_distance_m=9.0))
    assert (first.revision, second.revision, second.version) == (1, 2, "2")
    assert places.ask(agreement(version="2", light_conflict_distance_m=9.0)) == []


def test_an_agreement_waits_for_its_area_and_is_refused_after_a_minute(places: Places):
    assert places.ask(agreement()) == []
    assert reasons(places.hub.pass_time(minutes=2)) == ["unknown_subject"]


def test_an_agreement_that_came_before_its_area_holds_when_that_comes(places: Places):
    places.ask(agreement())
    places.ask(area())
    (event,) = places.hub.pass_time(seconds=10)
    assert event.agreement_id == AGREEMENT


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (agreement((B_AREA,)), "not_a_party areas"),
        (agreement(()), "publisher_not_allowed areas"),
        (agreement(ruleset="national"), "other ruleset"),
        (agreement().model_copy(update={"version": "7"}), "other rules"),
        (agreement().model_copy(update={"rules": '{"a": 1}'}), "other rules"),
        (agreement(id="NL.org-b.x").model_copy(update={"authority": "org-a"}), "publisher_not_allowed agreement_id"),
    ],
)
def test_an_agreement_that_is_not_theirs_or_cannot_be_used_is_refused(places: Places, event, why):
    places.ask(area())
    places.ask(area(B_AREA, EAST))
    assert places.refused(event) == why


def test_a_name_and_version_always_mean_the_same_rules(places: Places):
    places.ask(area())
    places.ask(agreement())
    assert places.refused(agreement(light_conflict_distance_m=9.0)) == "stale_revision version"


def test_two_agreements_never_share_a_name_nor_an_area(places: Places):
    places.ask(area())
    places.ask(area(B_AREA, EAST))
    places.ask(agreement())
    assert places.refused(agreement((B_AREA,), id="NL.org-b.x")) == "other ruleset"
    assert places.refused(agreement(id="NL.org-a.other", ruleset="more")) == "not_now areas"
    places.ask(agreement(ended=True))
    assert reasons(places.ask(agreement(id="NL.org-a.other", ruleset="more"))) == []


def test_an_agreement_is_ended_once_and_keeps_what_it_said(places: Places):
    places.ask(area())
    (applied,) = places.ask(agreement())
    (ended,) = places.ask(agreement(version="9", ended=True))
    assert (ended.type.value, ended.ended_at, ended.version) == ("ended", BEGIN, applied.version)
    assert places.ask(agreement(ended=True)) == []


def test_whoever_may_publish_for_everyone_sets_the_one_default_of_the_hub(places: Places):
    default = agreement((), id="NL.operator.default")
    (event,) = places.ask(default)
    assert (event.areas, event.revision) == ((), 1)
    assert places.refused(agreement((), id="NL.operator.second", ruleset="more")) == "not_now areas"


# --- moratoria ---------------------------------------------------------------------------------------------------


def test_a_moratorium_is_declared_changed_and_lifted(places: Places):
    places.ask(area())
    (declared,) = places.ask(moratorium())
    (changed,) = places.ask(moratorium(ends=BEGIN + timedelta(days=900)))
    assert places.ask(moratorium(ends=BEGIN + timedelta(days=900))) == []
    (lifted,) = places.ask(moratorium(lifted=True).model_copy(update={"lifted_reason": "Done."}))
    assert [event.type.value for event in (declared, changed, lifted)] == ["declared", "changed", "lifted"]
    assert [event.revision for event in (declared, changed, lifted)] == [1, 2, 3]
    assert (lifted.ends, lifted.lifted_reason) == (changed.ends, "Done.")
    assert places.ask(moratorium(lifted=True)) == []


def test_a_moratorium_lies_within_the_areas_of_its_authority(places: Places):
    assert places.refused(moratorium()) == "outside_area geometry"
    places.ask(area())
    assert places.refused(moratorium(box(93_900, 463_100, 94_100, 463_200))) == "outside_area geometry"
    assert reasons(places.ask(moratorium(LineString([(93_000, 463_000), (93_000, 464_000)])))) == []


def test_an_area_of_interest_gives_no_say_over_the_ground(places: Places):
    places.ask(area("NL.net.x", kind=AreaKind.INTEREST))
    assert places.refused(moratorium(id="NL.net.rust")) == "outside_area geometry"


def test_a_derived_moratorium_is_not_changed_by_hand(places: Places):
    places.ask(area())
    assert places.refused(moratorium(id="NL.org-a.rest-1234")) == "not_now moratorium_id"


def test_what_is_declared_by_hand_is_never_called_derived(places: Places):
    places.ask(area())
    (event,) = places.ask(moratorium(derived_from="NL.org-b.1"))
    assert (event.origin.value, event.derived_from) == ("declared", None)


def test_a_moratorium_never_has_the_id_of_a_plan(places: Places, database: Database):
    places.ask(area())
    view = CoordinationProcessor(28992)
    view.apply([view.decode(log_record(plan_event(REST)))], DirectScope(database))
    assert places.refused(moratorium()) == "other moratorium_id"


def test_to_lift_what_is_not_there_is_refused_after_a_minute(places: Places):
    assert places.ask(moratorium(lifted=True)) == []
    assert reasons(places.hub.pass_time(minutes=2)) == ["unknown_subject"]
