"""Why plans meet, in words that planners use, in both languages from the same facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from shapely import LineString, box

from meekoppel_contracts.areas import MoratoriumEvent
from meekoppel_contracts.codes import (
    Affected,
    Certainty,
    Discipline,
    MoratoriumException,
    NuisanceEffect,
    OverlapKind,
    Precision,
    Severity,
    WorkType,
    ZoneRole,
)
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.plan import Excavation, Nuisance
from meekoppel_hub.coordination.explanation import explain
from meekoppel_hub.coordination.meeting import Meeting
from meekoppel_hub.coordination.phrases import DUTCH, ENGLISH
from meekoppel_hub.coordination.rebuild import match_events
from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.coordination.streets import street_in_common
from meekoppel_hub.platform.agreements import national_agreement
from meekoppel_hub.testing.place_events import moratorium_event
from meekoppel_hub.testing.plan_events import DAY_ZERO, plan_event, zone

X, Y = 93_000.0, 463_000.0
HERE, NEXT_TO_IT = box(X, Y, X + 10, Y + 10), box(X + 14, Y, X + 20, Y + 10)


def plan(owner: str, days: tuple[int, int] = (0, 10), **about: Any) -> PlanEvent:
    """A plan; `plan_fields` and `period_fields` replace what `plan_event` does not know of."""
    plan_fields, period_fields = about.pop("plan_fields", {}), about.pop("period_fields", {})
    about.setdefault("zones", [zone(HERE)])
    event = plan_event(f"NL.{owner}.1", days=days, **about)
    period = event.plan.period.model_copy(update=period_fields)
    return event.model_copy(update={"plan": event.plan.model_copy(update={"period": period, **plan_fields})})


def digging(owner: str, days: tuple[int, int] = (0, 10), **about: Any) -> PlanEvent:
    return plan(owner, days, plan_fields={"excavation": Excavation(digs=True)}, **about)


def meet(*events: PlanEvent, rests: tuple[MoratoriumEvent, ...] = (), book: Rulebook | None = None) -> Meeting | None:
    found = match_events(events, book or Rulebook.national(), rests)
    assert len(found) <= 1
    return found[0] if found else None


def test_a_heavy_conflict_is_told_with_street_area_days_starts_and_sequence() -> None:
    sewer = digging("gm0361", (0, 60), title="Riolering Kerkstraat", disciplines=[Discipline.GRAVITY_SEWER])
    road = digging(
        "vitens",
        (35, 80),
        title="Asfalt Kerkstraat",
        disciplines=[Discipline.ROAD],
        zones=[zone(box(X, Y, X + 3.8, Y + 10))],
    )
    found = meet(sewer, road)
    assert found is not None
    assert explain(found, ENGLISH) == (
        "Both dig in Kerkstraat; 38 m² in common; 26 days in the same period; vitens starts 5 weeks after gm0361;"
        " both are firm; gravity sewer goes before road."
    )
    assert explain(found, DUTCH).startswith(
        "Beide graven in Kerkstraat; 38 m² gemeenschappelijk; 26 dagen in dezelfde periode;"
        " vitens begint 5 weken na gm0361; beide staan vast;"
    )


def test_a_chance_is_told_with_its_shift_and_its_score() -> None:
    found = meet(plan("gm0361", shift=(None, 14)), plan("vitens", (31, 50), zones=[zone(NEXT_TO_IT)], cooperates=True))
    assert found is not None
    assert [(part.points, part.weight) for part in found.parts][:2] == [(84, 30.0), (63, 25.0)]
    text = explain(found, DUTCH)
    assert "4 m uit elkaar; 21 dagen tussen de perioden; gm0361 kan 14 dagen later" in text
    assert text.endswith(f"vitens staat open voor samenwerking. Score {found.score} van 100.")


@pytest.mark.parametrize(
    ("period", "kind"),
    [
        ({}, OverlapKind.CONFLICT_HEAVY),
        ({"precision": Precision.MONTH}, OverlapKind.CONFLICT_LIGHT),
        ({"precision": Precision.MONTH, "start_confirmed": True, "end_confirmed": True}, OverlapKind.CONFLICT_HEAVY),
        ({"duration_days": 2}, OverlapKind.CONFLICT_LIGHT),
        ({"latest_start": DAY_ZERO + timedelta(days=9)}, OverlapKind.CONFLICT_LIGHT),
        ({"latest_start": DAY_ZERO + timedelta(days=4)}, OverlapKind.CONFLICT_HEAVY),
    ],
)
def test_a_conflict_is_heavy_when_the_works_overlap_for_certain(period: dict[str, Any], kind: OverlapKind) -> None:
    found = meet(plan("gm0361", period_fields=period), plan("vitens", (0, 5)))
    assert found is not None
    assert found.kind is kind
    assert ("leave room" in explain(found, ENGLISH)) == (kind is OverlapKind.CONFLICT_LIGHT)


def detour(*periods: tuple[int, int], certainty: Certainty = Certainty.FIRM) -> PlanEvent:
    """A plan far away, with a detour through here that holds in these days, or throughout when none are given."""
    route = LineString([(X - 100, Y + 5), (X + 100, Y + 5)])
    zones = [zone(box(X, Y + 900, X + 5, Y + 905)), zone(route, ZoneRole.DETOUR, name="omleiding")]
    nuisance = tuple(
        Nuisance(
            who=Affected.CAR,
            effect=NuisanceEffect.DETOUR,
            zone_id="omleiding",
            starts=DAY_ZERO + timedelta(days=start),
            ends=DAY_ZERO + timedelta(days=end),
        )
        for start, end in periods
    )
    return plan("gm0361", (0, 40), zones=zones, certainty=certainty, plan_fields={"nuisance": nuisance})


@pytest.mark.parametrize(("certainty", "severity"), [(Certainty.FIRM, Severity.MEDIUM), (Certainty.IDEA, Severity.LOW)])
def test_works_on_a_detour_are_a_hit_of_lower_severity_when_they_are_not_certain(
    certainty: Certainty, severity: Severity
) -> None:
    found = meet(detour(certainty=certainty), plan("vitens", (0, 5)))
    assert found is not None
    assert (found.kind, found.severity, found.overlap_days) == (OverlapKind.DETOUR_HIT, severity, 6)
    assert explain(found, ENGLISH).startswith("vitens works on a detour of gm0361;")


def test_a_detour_that_comes_back_is_hit_only_while_it_holds() -> None:
    between, within = plan("vitens", (5, 8)), plan("vitens", (5, 11))
    assert meet(detour((0, 2), (10, 12)), between) is None
    found = meet(detour((0, 2), (10, 12)), within)
    assert found is not None
    assert found.overlap_days == 2


def test_nuisance_that_reaches_works_is_a_light_conflict() -> None:
    zones = [zone(box(X, Y + 900, X + 5, Y + 905)), zone(HERE, ZoneRole.NUISANCE)]
    found = meet(plan("gm0361", zones=zones), plan("vitens"))
    assert found is not None
    assert (found.kind, found.by_nuisance) == (OverlapKind.CONFLICT_LIGHT, True)
    assert explain(found, DUTCH).startswith("Hinder van de een raakt de ander hier;")


def resting(**about: Any) -> MoratoriumEvent:
    return moratorium_event("NL.gm0361.rust-1", box(X + 5, Y, X + 50, Y + 50), **about)


def test_digging_where_the_ground_rests_is_a_breach_even_of_the_authority_itself() -> None:
    found = meet(digging("gm0361", (0, 5)), rests=(resting(ends=DAY_ZERO + timedelta(days=365)),))
    assert found is not None
    assert (found.kind, found.severity, found.area_m2) == (OverlapKind.MORATORIUM_BREACH, Severity.HIGH, 50.0)
    assert found.second.plan_id == "NL.gm0361.rust-1"
    assert explain(found, ENGLISH) == (
        "gm0361 digs where the ground rests by order of gm0361 (“Graafrust”), until 2028-02-29;"
        " 50 m² in common; 6 days in the same period."
    )


@pytest.mark.parametrize(
    ("fields", "rest"),
    [
        ({"excavation": Excavation(digs=False)}, resting()),
        ({"work_types": (WorkType.SURVEY,)}, resting()),
        ({"work_types": (WorkType.CONNECTION,)}, resting(exceptions=(MoratoriumException.HOUSE_CONNECTION,))),
        ({"disciplines": (Discipline.HEAT,)}, resting(disciplines=(Discipline.ROAD,))),
        ({}, resting(exempt_plans=("NL.vitens.1",))),
        ({}, resting(starts=DAY_ZERO + timedelta(days=6))),
        ({}, resting(lifted=True)),
        ({}, moratorium_event("NL.gm0361.rust-1", box(X + 10, Y, X + 50, Y + 50))),
    ],
)
def test_a_moratorium_lets_through_what_it_does_not_forbid(fields: dict[str, Any], rest: MoratoriumEvent) -> None:
    assert meet(plan("vitens", (0, 5), plan_fields=fields), rests=(rest,)) is None


def test_of_two_agreements_both_are_named_in_the_words() -> None:
    wide = national_agreement().model_copy(update={"ruleset": "eemland", "light_conflict_distance_m": 100.0})
    found = meet(plan("gm0361"), plan("vitens", zones=[zone(NEXT_TO_IT)]), book=Rulebook((national_agreement(), wide)))
    assert found is not None
    assert (found.kind, found.ruleset) == (OverlapKind.CONFLICT_LIGHT, "eemland/1")
    assert explain(found, ENGLISH).endswith("By the rules of eemland/1; national/1 applied as well.")


@pytest.mark.parametrize(
    ("one", "other", "street"),
    [
        ("Riolering Kerkstraat", "Vervangen waterleiding Kerkstraat 1-20", "Kerkstraat"),
        ("Riolering Kerkstraat", "Riolering Kerkstraat", "Kerkstraat"),
        ("Kabel in Burgemeester de Vlugtlaan", "Asfalt burgemeester De Vlugtlaan", "Burgemeester de Vlugtlaan"),
        ("Laan van Meerdervoort fase 2", "Herinrichting Laan van Meerdervoort en omgeving", "Laan van Meerdervoort"),
        ("A12 asfalt", "Onderhoud a12 Utrecht", "A12"),
        ("Gas main High Street", "High Street resurfacing", "High Street"),
        ("Street works", "Gas street", None),
        ("Reconstructie weg", "Onderhoud weg", None),
        ("Hogeweg", "Lageweg", None),
        ("M6 junction 3", "M60 junction 3", None),
    ],
)
def test_a_street_is_named_when_both_titles_name_it(one: str, other: str, street: str | None) -> None:
    assert street_in_common(one, other) == street
