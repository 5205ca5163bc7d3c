"""The coordination report of an area, over HTTP and on both stores."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
import shapely
from sqlalchemy import insert

from meekoppel_contracts.codes import Certainty, Discipline, Status, Visibility
from meekoppel_contracts.plan import Cooperation
from meekoppel_hub.platform.clock import to_micros
from meekoppel_hub.platform.database.tables.places import moratoria
from tests.services.api.conftest import NOW
from tests.services.api.terms import fill_terms
from tests.services.api.view_filling import SPOT, ViewFilling, plan

BOX = "142000,456500,144000,458500"
LAST_MEETING = NOW - timedelta(days=30)


@pytest.fixture
def earlier(database):
    """The view as it was filled before the last meeting."""
    return ViewFilling(database, LAST_MEETING - timedelta(days=1))


async def report(api, token=None, **asked):
    answer = await api.get("/exports/report", token, **{"bbox": BOX, "name": "De Wijk", "language": "en", **asked})
    assert answer.status == 200
    return answer.text


def section(page, title):
    """Give the text of a section, without tags."""
    found = re.search(rf"<section><h2>{re.escape(title)}</h2>(.*?)</section>", page, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]*>", " ", found[1])


async def test_a_report_is_one_page_that_needs_nothing_else(api, view):
    view.put(plan("NL.gemeente.1", title="<script>alert(1)</script>"))

    page = await report(api, name="<b>Wijk</b>")

    assert not re.search(r"<script|<link|<img|src=|href=|url\((?!#)|@import", page)
    assert "Coordination of works: &lt;b&gt;Wijk&lt;/b&gt;" in page


async def test_a_report_counts_what_lies_in_the_area_and_has_not_ended(api, view):
    view.put(plan("NL.gemeente.1", disciplines=(Discipline.HEAT,)))
    view.put(plan("NL.netbeheer.2", status=Status.CANCELLED))
    view.put(plan("NL.netbeheer.3", at=shapely.Point(150_000, 457_500)))

    page = await report(api)

    assert "<b>1</b><span>plans</span>" in page
    assert "Heat" in section(page, "The area in figures")


async def test_opportunities_stand_by_their_score_and_conflicts_by_how_long_they_last(api, view):
    for number in range(4):
        view.put(plan(f"NL.gemeente.{number}", title=f"Werk {number}"))
        view.put(plan(f"NL.netbeheer.{number}"))
    view.meet("NL.gemeente.0", "NL.netbeheer.0", kind="opportunity", score=60)
    view.meet("NL.gemeente.1", "NL.netbeheer.1", kind="opportunity", score=90)
    view.meet("NL.gemeente.2", "NL.netbeheer.2", overlap_days=3)
    view.meet("NL.gemeente.3", "NL.netbeheer.3", overlap_days=30)

    page = await report(api)

    chances, conflicts = (
        section(page, title)
        for title in ("Best opportunities to combine works", "Heavy conflicts and breaches of moratoria")
    )
    assert chances.index("Werk 1") < chances.index("Werk 0")
    assert conflicts.index("Werk 3") < conflicts.index("Werk 2")


async def test_the_map_is_svg_with_border_plans_numbers_scale_and_north(api, view):
    view.put(plan("NL.gemeente.1", at=SPOT.buffer(50)))
    view.put(plan("NL.netbeheer.2", at=shapely.LineString([(142_900, 457_500), (143_100, 457_500)])))
    view.meet("NL.gemeente.1", "NL.netbeheer.2")

    page = await report(api)

    drawing = ET.fromstring(re.search(r"<svg class=\"map\".*?</svg>", page, re.DOTALL)[0])
    texts = [element.text for element in drawing.iter("text")]
    assert texts == ["1", "N", "500 m"]
    titles = [element.text for element in drawing.iter("title")]
    assert sorted(titles) == ["Werk NL.gemeente.1 (Gemeente)", "Werk NL.netbeheer.2 (Netbeheer)"]


async def test_a_report_tells_what_changed_since_the_last_meeting(api, view, earlier):
    earlier.put(plan("NL.gemeente.moved"))
    earlier.put(plan("NL.gemeente.ended"))
    earlier.put(plan("NL.gemeente.same"))
    earlier.put(plan("NL.gemeente.gone"))
    later = ViewFilling(view._database, NOW)
    later._versions = dict(earlier._versions)
    start, end = datetime(2027, 3, 15, tzinfo=UTC), datetime(2027, 6, 15, tzinfo=UTC)
    later.put(plan("NL.gemeente.moved", start=start, end=end))
    later.put(plan("NL.gemeente.ended", status=Status.COMPLETED))
    later.put(plan("NL.gemeente.new"))
    later.withdraw(plan("NL.gemeente.gone"), "by_mistake")

    told = section(await report(api, since=LAST_MEETING.isoformat()), "Changed since 2026-10-02")

    assert re.search(r"Moved: 1 .*2027-03-01 – 2027-06-01 → 2027-03-15 – 2027-06-15; 14 days later", told)
    assert re.search(r"Ended: 1 .*NL\.gemeente\.ended", told)
    assert re.search(r"New: 1 .*NL\.gemeente\.new", told)
    assert re.search(r"Withdrawn: 1 .*NL\.gemeente\.gone .*by_mistake", told)
    assert "NL.gemeente.same" not in told


async def test_what_a_plan_was_while_it_was_restricted_is_not_told_as_a_change(api, view, earlier):
    earlier.put(
        plan("NL.gemeente.1", visibility=Visibility.RESTRICTED, title="Geheim", start=datetime(2026, 1, 1, tzinfo=UTC))
    )
    view._versions = dict(earlier._versions)
    view.put(plan("NL.gemeente.1", title="Openbaar"))

    page = await report(api, since=LAST_MEETING.isoformat())

    assert "New: 1" in section(page, "Changed since 2026-10-02")
    assert ("Geheim" in page, "2026-01-01" in page) == (False, False)


async def test_a_report_tells_nothing_of_what_the_viewer_may_not_see(api, view, tokens):
    view.put(plan("NL.gemeente.ours"))
    view.put(plan("NL.netbeheer.secret", visibility=Visibility.RESTRICTED, title="Geheim werk"))
    view.meet("NL.gemeente.ours", "NL.netbeheer.secret", restricted=True, explanation="Geheim werk ernaast")

    anybody, owner = await report(api), await report(api, tokens["gemeente"])

    for page in (anybody, owner):
        assert "Geheim" not in page
        assert "netbeheer" not in page.lower()
    assert "1 times a plan of yours meets one that is not shared with you" in section(owner, "About this report")
    assert "not to be passed on" in owner


async def test_what_is_overdue_or_was_not_answered_in_time_is_named(api, view):
    past = {"start": datetime(2026, 1, 1, tzinfo=UTC), "end": datetime(2026, 2, 1, tzinfo=UTC)}
    view.put(plan("NL.gemeente.late", **past))
    view.put(plan("NL.netbeheer.asks", cooperation=Cooperation(open=True, answer_by=NOW - timedelta(days=2))))

    told = section(await report(api), "Deadlines that have passed")

    assert re.search(r"Should have ended, and was not reported so: 1 .*NL\.gemeente\.late", told)
    assert re.search(r"Invitation to join, time to answer passed: 1 .*NL\.netbeheer\.asks", told)


async def test_the_rest_of_the_ground_is_listed_and_drawn(api, view, database):
    with database.begin() as connection:
        row = {
            "moratorium_id": "NL.gemeente.M1", "revision": 1, "authority": "gemeente", "title": "Graafrust Kerkstraat",
            "kind": "other", "origin": "declared", "lifted": False, "starts_us": to_micros(NOW), "ends_us": None,
            "disciplines": "", "exceptions": "", "exempt_plans": "", "wkb": shapely.to_wkb(SPOT.buffer(100)),
            "min_x": 142_900, "min_y": 457_400, "max_x": 143_100, "max_y": 457_600, "recorded_at": NOW,
        }  # fmt: skip
        connection.execute(insert(moratoria).values(row))

    page = await report(api)

    assert "until it is lifted" in section(page, "Rest of the ground")
    assert "<title>Graafrust Kerkstraat</title>" in page


async def test_a_period_that_is_not_certain_is_drawn_lighter(api, view):
    view.put(plan("NL.gemeente.1", certainty=Certainty.POSSIBLE))
    view.put(plan("NL.netbeheer.2"))
    view.meet("NL.gemeente.1", "NL.netbeheer.2")

    chart = re.search(r"<h2>When</h2>(.*?)</section>", await report(api), re.DOTALL)[1]

    assert re.findall(r"fill-opacity=\"([^\"]*)\"", chart) == ["0.45", "1"]


async def test_a_report_of_an_area_without_plans_is_a_page_too(api, view):
    page = await report(api, language="nl", since=LAST_MEETING.isoformat())

    assert "Geen." in section(page, "Beste meekoppelkansen")
    assert page.rstrip().endswith("</html>")


@pytest.mark.parametrize("asked", [{}, {"bbox": "1,2"}, {"area": "LINESTRING(0 0, 1 1)"}])
async def test_a_report_without_an_area_is_refused(api, asked):
    assert (await api.get("/exports/report", **asked)).status == 400


async def test_an_opportunity_is_explained_in_the_language_asked_for_with_the_parts_of_its_score(api, view):
    view.put(plan("NL.gemeente.1"))
    view.put(plan("NL.netbeheer.2"))
    parts = json.dumps(
        [{"part": "place", "points": 80, "weight": 25.0}, {"part": "time", "points": 40, "weight": 30.0}]
    )
    told = {"explanation": "Both dig here.", "explanation_nl": "Beide graven hier.", "score_parts": parts}
    view.meet("NL.gemeente.1", "NL.netbeheer.2", kind="opportunity", score=60, **told)

    dutch, english = await report(api, language="nl"), await report(api)
    table = await api.get("/exports/overlaps", f="csv")
    (pair,) = (await api.get("/overlaps")).json["features"]

    assert ("Beide graven hier." in dutch, "Both dig here." in dutch) == (True, False)
    assert "Both dig here." in english
    assert re.search(r"80 \(× 25\) · .*40 \(× 30\)", english)
    assert "Beide graven hier." in table.text
    assert pair["properties"]["score_parts"] == json.loads(parts)


async def test_terms_that_were_missed_are_named_for_who_takes_part_and_those_to_come_too(api, view, tokens, database):
    view.put(plan("NL.gemeente.1", title="Riool"))
    view.put(plan("NL.netbeheer.1", title="Kabel"))
    met = view.meet("NL.gemeente.1", "NL.netbeheer.1")
    fill_terms(database, met, assess_by=NOW - timedelta(days=3), answer_by=NOW + timedelta(days=4))

    page, of_anybody = await report(api, tokens["gemeente"]), await report(api)

    missed = section(page, "Deadlines that have passed")
    assert re.search(r"Overlaps, still to be assessed: 1 .*Riool – Kabel.*netbeheer\s+2026-10-29", missed)
    assert re.search(r"Cooperations, still to be answered: 1 .*Samen\s.*netbeheer", section(page, "Deadlines ahead"))
    assert "still to be" not in of_anybody


async def test_whether_the_hidden_party_of_a_blind_match_is_late_is_not_told(api, view, tokens, database):
    view.put(plan("NL.gemeente.1", title="Riool"))
    view.put(plan("NL.netbeheer.1", title="Geheim", visibility=Visibility.RESTRICTED))
    met = view.meet("NL.gemeente.1", "NL.netbeheer.1", restricted=True)
    fill_terms(database, met, assess_by=NOW - timedelta(days=3), answer_by=NOW + timedelta(days=4))

    assert "still to be assessed" not in await report(api, tokens["gemeente"])
