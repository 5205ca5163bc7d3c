from datetime import UTC, datetime, timedelta

import pytest

from meekoppel_hub.notifications.retry import MAX_ATTEMPTS, backoff, parse_retry_after

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_the_wait_doubles_until_six_hours():
    waits = [backoff(attempts, 0.5) for attempts in (1, 2, 3, 10, 20)]
    assert waits == [timedelta(seconds=s) for s in (5, 10, 20, 2560, 6 * 3600)]


def test_all_attempts_together_take_about_three_days():
    waits = [backoff(attempts, 0.5) for attempts in range(1, MAX_ATTEMPTS)]
    assert timedelta(days=2.5) < sum(waits, timedelta()) < timedelta(days=3.5)


def test_after_the_last_attempt_there_is_no_next():
    assert backoff(MAX_ATTEMPTS, 0.5) is None


def test_jitter_spreads_by_a_fifth():
    assert backoff(1, 0.0) == timedelta(seconds=4)
    assert backoff(1, 1.0) == timedelta(seconds=6)


def test_retry_after_is_never_undercut():
    assert backoff(1, 0.0, timedelta(minutes=7)) == timedelta(minutes=7)


def test_retry_after_shorter_than_the_backoff_does_not_hasten():
    assert backoff(10, 0.5, timedelta(seconds=1)) == timedelta(seconds=2560)


def test_retry_after_is_bounded():
    assert backoff(1, 0.5, timedelta(days=400)) == timedelta(hours=6)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("9" * 400, timedelta(hours=6)),
        ("Mon, 23 Nov 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 23 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-5", None),
        ("²", None),
    ],
)
def test_a_retry_after_header_is_read_as_seconds_or_date(header, expected):
    assert parse_retry_after(header, NOW) == expected
