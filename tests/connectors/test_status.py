from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meekoppel_connectors.errors import BrokerError
from meekoppel_connectors.run import run_once
from meekoppel_connectors.state import open_state
from meekoppel_connectors.status import ConnectorStatus, read_status
from tests.connectors.feeds import configured, write_csv
from tests.connectors.inbox import AS_OF, AWAY, SOON, row, rows


def clock() -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC)


def status_after_a_run_without_kafka(folder: Path) -> ConnectorStatus:
    write_csv(folder / "feed.csv", [*rows(3), row(4, tot="geen datum"), row(5, van="2026-02-01", tot="2026-03-01")])
    config = configured(folder, kafka={"bootstrap": AWAY})
    with pytest.raises(BrokerError):
        run_once(config, as_of=AS_OF, clock=clock, patience=SOON)
    return read_status(config, clock=clock)


def test_a_connector_that_never_ran_has_an_empty_status_and_gets_no_state(tmp_path: Path):
    config = configured(tmp_path)
    status = read_status(config)
    assert (status.epoch, status.runs, status.live_plans) == (None, (), 0)
    assert not config.state.exists()


def test_the_last_run_is_shown_with_its_counts_and_what_went_wrong(tmp_path: Path):
    (run,) = status_after_a_run_without_kafka(tmp_path).runs
    assert (run.outcome, run.as_of, run.started, run.finished) == ("stored", AS_OF, clock(), clock())
    assert (run.counts["read"], run.counts["registered"], run.counts["rejected"]) == (5, 4, 1)
    assert "cannot be reached" in str(run.message)


def test_plans_past_their_end_are_not_counted_as_live(tmp_path: Path):
    status = status_after_a_run_without_kafka(tmp_path)
    assert (status.live_plans, status.outbox_waiting) == (3, 4)


def test_a_rejected_row_is_shown_with_number_field_reason_and_values(tmp_path: Path):
    (rejected,) = status_after_a_run_without_kafka(tmp_path).rejected
    assert (rejected.row_number, rejected.field, rejected.reason) == (5, "tot", "date_unreadable")
    assert rejected.values["titel"] == "Riool 4"
    assert rejected.message


def test_the_status_can_be_read_while_a_run_holds_the_state(tmp_path: Path):
    config = configured(tmp_path)
    with open_state(config.state, config.organisation, AS_OF) as state, state.transaction():
        state.runs.begin(AS_OF, AS_OF)
        assert read_status(config).runs == ()
    assert [run.outcome for run in read_status(config).runs] == ["running"]


def test_the_status_is_one_line_of_json(tmp_path: Path):
    line = status_after_a_run_without_kafka(tmp_path).to_json()
    assert "\n" not in line
    content = json.loads(line)
    assert content["runs"][0]["started"] == "2026-03-02T00:00:00+00:00"
    assert content["rejected"][0]["field"] == "tot"
