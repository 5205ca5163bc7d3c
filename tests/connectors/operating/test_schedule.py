from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from meekoppel_connectors.operating.schedule import Schedule, interval_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
STARTED = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), (" 5 m ", 300)])
def test_an_interval_is_written_with_its_unit(text: str, seconds: int):
    assert interval_of(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m", "0s", "-5m", "1.5h", "1w", "367d", "9999999999999d"])
def test_what_is_no_interval_is_refused(text: str):
    with pytest.raises(ValueError, match="is not an interval; write it as 90s"):
        interval_of(text)


def test_an_interval_counts_from_the_beginning_of_the_last_run():
    due = Schedule(every="15m").next_run(STARTED, STARTED + timedelta(minutes=4), AMSTERDAM)
    assert due == STARTED + timedelta(minutes=15)


def test_a_run_that_lasts_longer_than_the_interval_is_followed_at_once_and_by_one_only():
    now = STARTED + timedelta(hours=3)
    assert Schedule(every="15m").next_run(STARTED, now, AMSTERDAM) == now


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-02T05:00:00+00:00", "2026-03-02T05:30:00+00:00"),  # 6:30 in winter
        ("2026-03-27T12:00:00+00:00", "2026-03-30T04:30:00+00:00"),  # Friday; on Monday summer time holds
    ],
)
def test_a_cron_expression_is_in_the_time_zone_of_the_connector(now: str, due: str):
    schedule = Schedule(cron="30 6 * * 1-5")
    assert schedule.next_run(STARTED, datetime.fromisoformat(now), AMSTERDAM) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    "settings",
    [{}, {"every": "1h", "cron": "* * * * *"}, {"cron": "every morning"}, {"every": "soon"}, {"cron": "0 0 31 2 *"}],
)
def test_a_schedule_is_one_of_the_two_and_readable(settings: dict[str, str]):
    with pytest.raises(ValidationError):
        Schedule(**settings)
