from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from meekoppel_connectors.errors import BrokerError, ConnectorError, SourceError
from meekoppel_connectors.run import RunSummary, Stage
from meekoppel_connectors.secrets import read_secret
from meekoppel_connectors.sources.tables.delimited import DelimitedFile
from meekoppel_connectors.status import read_status
from meekoppel_contracts.codes import Status
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.topics import inbox
from tests.connectors.inbox import AS_OF, AWAY, Organisation, await_published, new_organisation, row, rows

AFTER_END = datetime(2026, 5, 2, tzinfo=UTC)


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


def counts(summary: RunSummary) -> dict[str, int]:
    """What is not zero of a summary."""
    numbers = json.loads(summary.to_json())
    return {name: number for name, number in numbers.items() if isinstance(number, int) and number}


def test_a_first_run_registers_every_plan_in_the_order_of_the_source(organisation: Organisation):
    summary = organisation.run([row(2), row(1), row(3)])
    assert counts(summary) == {"read": 3, "registered": 3, "published": 3}
    assert summary.outcome == "published"
    assert organisation.told() == [("0002", "registered"), ("0001", "registered"), ("0003", "registered")]


def test_an_event_in_the_inbox_carries_key_headers_and_moment_as_agreed(organisation: Organisation):
    organisation.run(rows(1))
    (received,) = organisation.inbox()
    epoch = read_status(organisation.config()).epoch
    headers, event = received.headers, received.event
    assert received.key == event.plan.plan_id == headers.subject == headers.partition_key
    assert (headers.id, headers.sequence, headers.epoch) == (f"{epoch}/1", 1, epoch)
    assert headers.source == f"urn:meekoppel:organisation:{organisation.code}"
    assert (event.version, event.recorded_at, event.publisher) == (0, None, organisation.code)
    assert event.occurred_at == headers.time == AS_OF


def test_without_a_moment_the_event_leaves_open_when_the_change_was_made(organisation: Organisation):
    organisation.run(rows(1), as_of=None, clock=lambda: AS_OF)
    (received,) = organisation.inbox()
    assert received.event.occurred_at is None
    assert received.headers.time == AS_OF


def test_an_unchanged_source_gives_no_event_and_asks_nothing_of_kafka(organisation: Organisation):
    organisation.run(rows(5))
    summary = organisation.run(rows(5), bootstrap=AWAY)
    assert counts(summary) == {"read": 5, "unchanged": 5}
    assert len(organisation.inbox()) == 5


def test_each_difference_gives_its_event(organisation: Organisation):
    organisation.run([row(1), row(2), row(3), row(4, tot="2026-02-28", van="2026-02-01")])
    summary = organisation.run([row(1), row(2, titel="Anders"), row(5)])
    assert counts(summary) == {
        "read": 3, "registered": 1, "changed": 1, "unchanged": 1, "withdrawn": 1, "completed": 1, "published": 4,
    }  # fmt: skip
    assert organisation.told()[4:] == [
        ("0002", "changed"), ("0005", "registered"), ("0003", "withdrawn"), ("0004", "changed"),
    ]  # fmt: skip


def test_a_completed_plan_carries_its_status_and_the_reason(organisation: Organisation):
    organisation.run(rows(2))
    organisation.run(rows(1), as_of=AFTER_END)
    event = max(organisation.inbox(), key=lambda each: each.headers.sequence).event
    assert (event.plan.status, event.changed_fields) == (Status.COMPLETED, ("status",))
    assert event.reason == "no_longer_in_source_after_end"


def test_a_withdrawn_plan_that_is_back_is_restored(organisation: Organisation):
    for feed in (rows(2), rows(1), rows(2)):
        summary = organisation.run(feed)
    assert counts(summary) == {"read": 2, "restored": 1, "unchanged": 1, "published": 1}
    assert organisation.told()[2:] == [("0002", "withdrawn"), ("0002", "restored")]


def test_plans_that_stay_gone_give_nothing_more(organisation: Organisation):
    organisation.run([row(1), row(2), row(3, van="2026-02-01", tot="2026-02-02")])
    organisation.run(rows(1))
    assert counts(organisation.run(rows(1), as_of=AFTER_END)) == {"read": 1, "unchanged": 1}


def test_a_plan_whose_row_is_rejected_stays_as_it_was(organisation: Organisation):
    organisation.run(rows(3))
    summary = organisation.run([row(1), row(2, tot="geen datum"), row(3)], as_of=AFTER_END)
    assert counts(summary) == {"read": 3, "unchanged": 2, "rejected": 1}
    assert counts(organisation.run(rows(3), as_of=AFTER_END)) == {"read": 3, "unchanged": 3}


def test_of_two_rows_with_one_id_the_second_is_rejected(organisation: Organisation):
    summary = organisation.run([row(1), row(1, titel="Dubbel")])
    assert counts(summary) == {"read": 2, "registered": 1, "rejected": 1, "published": 1}
    assert [each.reason for each in read_status(organisation.config()).rejected] == ["duplicate_id"]


def test_a_snapshot_older_than_the_last_is_refused(organisation: Organisation):
    organisation.run(rows(1))
    with pytest.raises(ConnectorError, match="lies before"):
        organisation.run(rows(2), as_of=AS_OF - timedelta(seconds=1))
    assert len(organisation.inbox()) == 1


def test_a_source_that_cannot_be_read_changes_nothing(organisation: Organisation):
    organisation.run(rows(3))
    (organisation.folder / "feed.csv").unlink()
    with pytest.raises(SourceError):
        organisation.run()
    assert read_status(organisation.config()).runs[0].outcome == "failed"
    assert counts(organisation.run(rows(3))) == {"read": 3, "unchanged": 3}


def test_the_guard_stops_a_run_and_leaves_everything_as_it_was(organisation: Organisation):
    organisation.run(rows(20))
    summary = organisation.run(rows(15), open_guard=False)
    assert (summary.outcome, summary.published) == ("guarded", 0)
    assert "5 of 20 live plans (5 missing, 0 changed, 0 no longer readable)" in str(summary.message)
    assert len(organisation.inbox()) == 20
    assert counts(organisation.run(rows(20), open_guard=False)) == {"read": 20, "unchanged": 20}
    assert [run.outcome for run in read_status(organisation.config()).runs] == ["published", "guarded", "published"]


def test_a_run_that_the_guard_stopped_still_tells_its_rejected_rows(organisation: Organisation):
    organisation.run(rows(20))
    summary = organisation.run(rows(20, tot="geen datum"), open_guard=False)
    assert (summary.outcome, summary.rejected) == ("guarded", 20)
    assert "20 no longer readable" in str(summary.message)
    assert {each.field for each in read_status(organisation.config()).rejected} == {"tot"}


def test_the_opened_guard_lets_a_mass_change_through(organisation: Organisation):
    organisation.run(rows(20))
    assert organisation.run(rows(15), open_guard=True).withdrawn == 5
    assert organisation.told()[20:] == [(f"{number:04d}", "withdrawn") for number in range(16, 21)]


def test_a_source_that_is_suddenly_empty_is_stopped_however_small_it_was(organisation: Organisation):
    organisation.run(rows(1))
    feed = organisation.folder / "feed.csv"
    feed.write_text(feed.read_text().splitlines()[0] + "\n")
    assert organisation.run(open_guard=False).outcome == "guarded"


def test_a_state_that_was_deleted_starts_a_new_epoch_and_registers_everything_again(organisation: Organisation):
    organisation.run(rows(3))
    for file in organisation.folder.glob("state.db*"):
        file.unlink()
    assert organisation.run(rows(3)).registered == 3
    epochs = sorted({str(each.headers.epoch) for each in organisation.inbox()})
    assert len(epochs) == 2
    newest = [each.headers.sequence for each in organisation.inbox() if each.headers.epoch == epochs[-1]]
    assert sorted(newest) == [1, 2, 3]


def test_when_kafka_is_away_the_changes_are_kept_and_go_out_at_the_next_run(organisation: Organisation):
    with pytest.raises(BrokerError, match=r"cannot be reached .* 3 plan changes are kept"):
        organisation.run(rows(3), bootstrap=AWAY)
    status = read_status(organisation.config())
    assert (status.outbox_waiting, status.runs[0].outcome) == (3, "stored")
    summary = organisation.run(rows(4))
    assert counts(summary) == {"read": 4, "registered": 1, "unchanged": 3, "published": 4}
    assert [number for number, _ in organisation.told()] == ["0001", "0002", "0003", "0004"]
    assert [run.outcome for run in read_status(organisation.config()).runs] == ["published", "published"]


def test_what_waits_is_published_before_the_source_is_read(organisation: Organisation):
    with pytest.raises(BrokerError):
        organisation.run(rows(3), bootstrap=AWAY)
    (organisation.folder / "feed.csv").unlink()
    with pytest.raises(SourceError):
        organisation.run()
    assert len(organisation.inbox()) == 3


def test_a_run_killed_between_storing_and_publishing_is_finished_by_the_next(organisation: Organisation):
    organisation.publishes(rows(3))
    with organisation.process(batch=10, on_progress="kill_when(Stage.PUBLISHING, 0)") as process:
        assert process.wait(60) == -9
    assert organisation.inbox() == []
    assert read_status(organisation.config()).runs[0].outcome == "stored"
    assert counts(organisation.run()) == {"read": 3, "unchanged": 3, "published": 3}
    assert [number for number, _ in organisation.told()] == ["0001", "0002", "0003"]


def test_a_run_killed_while_it_reads_has_changed_nothing(organisation: Organisation):
    organisation.run(rows(2))
    organisation.publishes(rows(4))
    with organisation.process(batch=10, on_progress="kill_when(Stage.READING, 4)") as process:
        assert process.wait(60) == -9
    assert counts(organisation.run()) == {"read": 4, "registered": 2, "unchanged": 2, "published": 2}
    assert [run.outcome for run in read_status(organisation.config()).runs] == ["published", "interrupted", "published"]


def test_there_and_back_again_with_a_crash_between_ends_where_it_began(organisation: Organisation):
    organisation.run([row(1, titel="A")])
    organisation.publishes([row(1, titel="B")])
    with organisation.process(batch=10, on_progress="kill_when(Stage.PUBLISHING, 0)") as process:
        assert process.wait(60) == -9
    organisation.run([row(1, titel="A")])
    received = sorted(organisation.inbox(), key=lambda each: each.headers.sequence)
    assert [each.event.plan.title for each in received] == ["A", "B", "A"]
    assert [each.offset for each in received] == sorted(each.offset for each in received)


def test_a_run_killed_in_the_middle_of_publishing_loses_nothing_and_resends_under_the_same_numbers(
    organisation: Organisation,
):
    organisation.publishes(rows(2000))
    with organisation.process(batch=10) as process:
        asyncio.run(asyncio.wait_for(await_published(organisation.bootstrap, inbox(organisation.code), 300), 60))
        process.kill()
        assert process.wait(60) == -9
    waiting = read_status(organisation.config()).outbox_waiting
    assert 0 < waiting < 2000
    summary = organisation.run()
    assert (summary.unchanged, summary.published) == (2000, waiting)
    plan_by_number: dict[int, str] = {}
    for each in organisation.inbox():
        assert plan_by_number.setdefault(each.headers.sequence, each.key) == each.key
    assert sorted(plan_by_number) == list(range(1, 2001))
    assert len(set(plan_by_number.values())) == 2000


def test_progress_is_told_for_every_stage(organisation: Organisation):
    told: list[tuple[Stage, int]] = []
    organisation.run(rows(3), progress=lambda stage, count: told.append((stage, count)))
    assert told == [(Stage.READING, 0), (Stage.READING, 3), (Stage.PUBLISHING, 0), (Stage.PUBLISHING, 3)]


def test_a_disk_that_refuses_leaves_the_last_snapshot(organisation: Organisation):
    organisation.run(rows(2))
    with sqlite3.connect(organisation.folder / "state.db") as damage:
        damage.execute("CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'disk is full'); END")
    with pytest.raises(ConnectorError, match="disk is full"):
        organisation.run(rows(4))
    with sqlite3.connect(organisation.folder / "state.db") as repair:
        repair.execute("DROP TRIGGER full")
    assert counts(organisation.run(rows(4))) == {"read": 4, "registered": 2, "unchanged": 2, "published": 2}


def test_a_secret_in_what_a_source_says_is_not_kept_in_the_state(organisation: Organisation, monkeypatch: Any):
    organisation.run(rows(1))
    monkeypatch.setenv("FEED_TOKEN", "a-token-of-somebody")

    def away(_self: object) -> None:
        raise SourceError("feed", f"https://feed.example/?token={read_secret('FEED_TOKEN')} answered 404")

    monkeypatch.setattr(DelimitedFile, "snapshot", away)
    with pytest.raises(SourceError):
        organisation.run()
    assert read_status(organisation.config()).runs[0].message == "feed: https://feed.example/?token=*** answered 404"
