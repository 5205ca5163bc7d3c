from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meekoppel_connectors.errors import ConfigError
from meekoppel_connectors.mapping.periods import period_in_words
from meekoppel_connectors.mapping.reasons import Reason, Unreadable
from meekoppel_contracts.codes import Precision
from tests.connectors.feeds import PLAN, configured, the_plan, the_reasons

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WORDED: dict[str, Any] = {"period": {"text": {"field": "wanneer"}}}


def read(text: str) -> tuple[str, str, str]:
    found = period_in_words(text, AMSTERDAM)
    start, end = (moment.astimezone(AMSTERDAM) for moment in (found.earliest_start, found.latest_end))
    return f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}", found.precision.value


@pytest.mark.parametrize(
    ("text", "start", "end", "precision"),
    [
        ("5.5. - 12.6.2015", "2015-05-05", "2015-06-12", "day"),
        ("5.5.-12.6.2015", "2015-05-05", "2015-06-12", "day"),
        ("5. - 12.6.2015", "2015-06-05", "2015-06-12", "day"),
        ("15.12. - 12.1.2016", "2015-12-15", "2016-01-12", "day"),
        ("1 t/m 12 mei 2026", "2026-05-01", "2026-05-12", "day"),
        ("1-12 mei 2026", "2026-05-01", "2026-05-12", "day"),
        ("1 december 2026 - 15 januari", "2026-12-01", "2027-01-15", "day"),
        ("van 12 mei tot en met 14 mei 2026", "2026-05-12", "2026-05-14", "day"),
        ("01-05-2026 t/m 12-06-2026", "2026-05-01", "2026-06-12", "day"),
        ("1/5/2026-12/6/2026", "2026-05-01", "2026-06-12", "day"),
        ("2026-05-01/2026-06-12", "2026-05-01", "2026-06-12", "day"),
        ("maandag 4 mei 2026", "2026-05-04", "2026-05-04", "day"),
        ("vom 5. Mai bis 12. Juni 2026", "2026-05-05", "2026-06-12", "day"),
        ("5th May 2026 until 12 June 2026", "2026-05-05", "2026-06-12", "day"),
        ("29 februari 2028", "2028-02-29", "2028-02-29", "day"),
        ("week 23 2026", "2026-06-01", "2026-06-07", "week"),
        ("KW 23/2026", "2026-06-01", "2026-06-07", "week"),
        ("2026-W23", "2026-06-01", "2026-06-07", "week"),
        ("week 53 2026", "2026-12-28", "2027-01-03", "week"),
        ("week 23-25 2026", "2026-06-01", "2026-06-21", "week"),
        ("week 51 - week 3 2027", "2026-12-14", "2027-01-24", "week"),
        ("begin mei 2026", "2026-05-01", "2026-05-10", "week"),
        ("eind februari 2026", "2026-02-21", "2026-02-28", "week"),
        ("mei 2026", "2026-05-01", "2026-05-31", "month"),
        ("MEI/JUNI 2026", "2026-05-01", "2026-06-30", "month"),
        ("Mai bis Juni 2026", "2026-05-01", "2026-06-30", "month"),
        ("12/2026", "2026-12-01", "2026-12-31", "month"),
        ("Q3 2026", "2026-07-01", "2026-09-30", "quarter"),
        ("3e kwartaal 2026", "2026-07-01", "2026-09-30", "quarter"),
        ("Q3 t/m Q4 2026", "2026-07-01", "2026-12-31", "quarter"),
        ("najaar 2026", "2026-09-01", "2026-11-30", "quarter"),
        ("Frühjahr 2026", "2026-03-01", "2026-05-31", "quarter"),
        ("winter 2026/2027", "2026-12-01", "2027-02-28", "quarter"),
        ("januari 2026 - Q2 2026", "2026-01-01", "2026-06-30", "quarter"),
        ("1e helft 2026", "2026-01-01", "2026-06-30", "year"),
        ("2026-2027", "2026-01-01", "2027-12-31", "year"),
    ],
)
def test_a_period_is_read_as_people_write_it(text: str, start: str, end: str, precision: str) -> None:
    assert read(text) == (start, end, precision)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5.5. - 12.6.", "names no year"),
        ("mei", "names no year"),
        ("12.6.15", "is not a period"),
        ("31.2.2026", "does not exist"),
        ("29 februari 2026", "does not exist"),
        ("5/23/2026", "days come before months"),
        ("13/2026", "month that does not exist"),
        ("week 54 2026", "week that does not exist"),
        ("week 53 2027", "does not exist"),
        ("Q5 2026", "is not a period"),
        ("winter 2026", "winter of two years"),
        ("12.6.2026 - 5.5.2026", "ends before it begins"),
        ("vanaf mei 2026", "has only one end"),
        ("1 mei 2026, 12 juni 2026", "is not a period"),
        ("n.t.b.", "is not a period"),
        ("0001-01-01 - 9999-12-31", "year 1,"),
        ("mei 2026 - mei 9999", "year 9999"),
        ("week 52 9999", "does not exist|year 9999"),
        ("5.5.2026 25:00", "time that does not exist"),
    ],
)
def test_what_is_impossible_or_unclear_is_refused_and_says_why(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as caught:
        period_in_words(text, AMSTERDAM)
    assert caught.value.reason is Reason.DATE_UNREADABLE


@given(st.text(alphabet="0123456789 .-/:qwkQWK maeijunitot,"))
def test_any_text_is_a_period_or_refused_with_a_reason(text: str) -> None:
    try:
        found = period_in_words(text, AMSTERDAM)
    except Unreadable:
        return
    assert found.earliest_start <= found.latest_end


def test_times_of_day_are_kept(tmp_path: Path) -> None:
    plan = the_plan(tmp_path, {"wanneer": "30.05.2022 10:00 - 22.06.2022 16:30 uur"}, plan=WORDED)
    zone = AMSTERDAM
    assert plan.period.earliest_start == datetime(2022, 5, 30, 10, tzinfo=zone)
    assert plan.period.latest_end == datetime(2022, 6, 22, 16, 30, tzinfo=zone)


def test_the_text_gives_both_ends_and_the_precision(tmp_path: Path) -> None:
    period = the_plan(tmp_path, {"wanneer": "week 23 2026"}, plan=WORDED).period
    assert period.precision is Precision.WEEK
    assert period.earliest_start == datetime(2026, 6, 1, tzinfo=AMSTERDAM)
    assert period.latest_end == datetime(2026, 6, 7, 23, 59, 59, tzinfo=AMSTERDAM)


def test_what_is_mapped_beside_the_text_goes_before_it(tmp_path: Path) -> None:
    rule = {"text": {"field": "wanneer"}, "precision": "month", "duration_days": 5, "latest_end": {"field": "eind"}}
    period = the_plan(tmp_path, {"wanneer": "week 23 2026", "eind": "2026-07-01"}, plan={"period": rule}).period
    assert (period.precision, period.duration_days) == (Precision.MONTH, 5)
    assert period.latest_end == datetime(2026, 7, 1, 23, 59, 59, tzinfo=AMSTERDAM)
    period = the_plan(tmp_path, {"wanneer": "week 23 2026", "eind": ""}, plan={"period": rule}).period
    assert period.latest_end == datetime(2026, 6, 7, 23, 59, 59, tzinfo=AMSTERDAM)


def test_a_text_can_be_put_together_of_columns_or_have_a_default(tmp_path: Path) -> None:
    rule = {"period": {"text": {"template": "week {week} {jaar}"}}}
    assert the_plan(tmp_path, {"week": "23", "jaar": "2026"}, plan=rule).period.earliest_start.month == 5  # in UTC
    rule = {"period": {"text": {"field": "wanneer", "default": "Q3 2026"}}}
    assert the_plan(tmp_path, {"wanneer": ""}, plan=rule).period.precision is Precision.QUARTER


@pytest.mark.parametrize(("text", "reason"), [("najaar", "date_unreadable"), ("", "missing")])
def test_a_row_without_a_readable_period_is_rejected(tmp_path: Path, text: str, reason: str) -> None:
    assert the_reasons(tmp_path, {"wanneer": text}, plan=WORDED) == [("wanneer", reason)]


def test_a_constant_period_that_cannot_be_read_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plan\.period\.text: .*names no year"):
        configured(tmp_path, plan={"period": {"text": "najaar"}})
    assert configured(tmp_path, plan={**PLAN, "period": {"text": "najaar 2026"}})
