"""Where the hub's log goes."""

from __future__ import annotations

import io

import structlog

from meekoppel_hub.platform.logs import set_up_logs


def test_the_log_goes_to_standard_error_as_it_is_now_and_not_to_one_that_was_closed(monkeypatch) -> None:
    closed, now = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stderr", closed)
    set_up_logs()
    closed.close()
    monkeypatch.setattr("sys.stderr", now)
    try:
        structlog.get_logger("meekoppel").warning("database_away")
    finally:
        structlog.reset_defaults()
    assert "database_away" in now.getvalue()
