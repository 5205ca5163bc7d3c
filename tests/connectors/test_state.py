from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meekoppel_connectors.difference import Change, SnapshotState, Verdict, differences
from meekoppel_connectors.errors import StateBusy, StateError
from meekoppel_connectors.mapping.row import MappedRow, Rejection
from meekoppel_connectors.state import ConnectorState, open_state
from meekoppel_connectors.state import snapshot as snapshot_module
from meekoppel_connectors.state.rejected_rows import rejections_of
from meekoppel_contracts.events import PlanEvent
from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_contracts.plan import Plan
from meekoppel_contracts.testing import example_event, example_plan

ORGANISATION = OrgCode("gm0307")
NOW = datetime(2026, 11, 23, 17, 15, 40, 123456, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "connector.db"


def plan(number: int, **changes: object) -> Plan:
    return example_plan(plan_id=PlanId(f"NL.gm0307.{number}"), **changes)


def mapped(number: int, **changes: object) -> MappedRow:
    made = plan(number, **changes)
    return MappedRow(number, made, (), made.plan_id)


def event(number: int) -> PlanEvent:
    return example_event(version=0, recorded_at=None, plan=plan(number))


def take_over(state: ConnectorState, *rows: MappedRow) -> list[Change]:
    """Do with the rows what a run does, but for the outbox."""
    with state.reading():
        state.staging.clear()
        for row in rows:
            state.staging.stage(row)
    with state.transaction():
        state.snapshot.keep_same()
        changes = []
        for pairings in (state.snapshot.seen(), state.snapshot.not_seen()):
            for change in differences(pairings, NOW):
                state.snapshot.save(change)
                changes.append(change)
        return changes


def test_a_new_state_gets_an_epoch_that_sorts_by_time(path: Path):
    with open_state(path, ORGANISATION, NOW) as state:
        assert state.epoch.startswith("20261123T171540123456Z-")
        assert len(state.epoch.rsplit("-", 1)[1]) == 6


def test_the_epoch_stays_when_the_state_is_opened_again(path: Path):
    epochs = set()
    for _ in range(2):
        with open_state(path, ORGANISATION, datetime.now(UTC)) as state:
            epochs.add(state.epoch)
    assert len(epochs) == 1


def test_a_commit_survives_a_power_cut_as_far_as_sqlite_can_promise(path: Path):
    with open_state(path, ORGANISATION, NOW) as state:
        settings = [
            state._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        ]
    assert settings == ["wal", 2]


def test_a_second_run_is_refused_while_the_first_goes_on(path: Path):
    second = open_state(path, ORGANISATION, NOW)
    with open_state(path, ORGANISATION, NOW), pytest.raises(StateBusy, match="Another run of this connector"), second:
        pass


def test_the_lock_is_free_again_when_its_holder_was_killed(path: Path):
    program = f"""
from datetime import UTC, datetime
from pathlib import Path
from meekoppel_connectors.state import open_state
with open_state(Path({str(path)!r}), "{ORGANISATION}", datetime.now(UTC)):
    print("held", flush=True)
    input()
"""
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StateBusy, match="Another run"), open_state(path, ORGANISATION, NOW):
            pass
    finally:
        holder.kill()
        holder.wait()
    with open_state(path, ORGANISATION, NOW):
        pass


def test_a_state_of_a_newer_version_is_refused(path: Path):
    with open_state(path, ORGANISATION, NOW) as state, state.transaction():
        state._connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(StateError, match=r"newer version .* install the newer"), open_state(path, ORGANISATION, NOW):
        pass


def test_the_state_of_another_organisation_is_refused(path: Path):
    with open_state(path, ORGANISATION, NOW):
        pass
    with pytest.raises(StateError, match="organisation gm0307"), open_state(path, OrgCode("vitens"), NOW):
        pass


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path):
    path.parent.mkdir()
    path.write_text("plan;title\n" * 1000)
    with pytest.raises(StateError, match="cannot be opened"), open_state(path, ORGANISATION, NOW):
        pass
    assert path.read_text().startswith("plan;title\n")


def test_a_database_of_something_else_is_refused(path: Path):
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE features (id INTEGER)")
    before = path.read_bytes()
    with pytest.raises(StateError, match="not the state of a connector"), open_state(path, ORGANISATION, NOW):
        pass
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StateError, match="cannot be made"), open_state(tmp_path / "state" / "a.db", ORGANISATION, NOW):
        pass


def test_a_plan_comes_out_of_the_snapshot_as_it_went_in(path: Path):
    with open_state(path, ORGANISATION, NOW) as state:
        take_over(state, mapped(1), mapped(2))
    with open_state(path, ORGANISATION, NOW) as state:
        assert list(state.snapshot.plans(SnapshotState.LIVE)) == [plan(1), plan(2)]


def test_a_state_of_the_first_version_is_brought_up_to_date(path: Path):
    with open_state(path, ORGANISATION, NOW) as state:
        take_over(state, mapped(1), mapped(2))
        epoch = state.epoch
    as_the_first_version_left_it(path)
    with open_state(path, ORGANISATION, NOW) as state:
        assert state.epoch == epoch
        changes = take_over(state, mapped(1), mapped(2, title="Anders"))
        assert [(change.verdict, change.plan.plan_id) for change in changes] == [(Verdict.CHANGED, "NL.gm0307.2")]


def as_the_first_version_left_it(path: Path) -> None:
    """Take back what later versions of the state added, as its tables were published in 0.1.0."""
    connection = sqlite3.connect(path)
    connection.executescript(
        """
        DROP TABLE hub_rejections;
        DROP INDEX snapshot_source;
        DROP INDEX rejected_rows_plan;
        ALTER TABLE snapshot DROP COLUMN row_number;
        ALTER TABLE snapshot DROP COLUMN occurred_at;
        ALTER TABLE snapshot DROP COLUMN source_hash;
        ALTER TABLE snapshot ADD COLUMN last_seen_run INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE rejected_rows DROP COLUMN plan_id;
        UPDATE meta SET value = '1' WHERE key = 'schema_version';
        """
    )
    connection.close()


def test_a_source_of_many_pages_is_compared_whole(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(snapshot_module, "PAGE", 3)
    with open_state(path, ORGANISATION, NOW) as state:
        first = take_over(state, *(mapped(number) for number in range(20)))
        assert [change.plan for change in first] == [plan(number) for number in range(20)]
        second = take_over(state, *(mapped(number, title="Anders") for number in range(10)))
        assert [change.verdict for change in second] == [Verdict.CHANGED] * 10 + [Verdict.WITHDRAWN] * 10
        assert take_over(state, *(mapped(number, title="Anders") for number in range(10))) == []


def test_the_outbox_gives_back_what_was_put_in_and_in_order(path: Path):
    with open_state(path, ORGANISATION, NOW) as state:
        with state.transaction():
            assert [state.outbox.append(event(number), NOW, None) for number in (3, 1, 2)] == [1, 2, 3]
        first, second = state.outbox.next_batch(2)
        assert (first.plan_id, second.plan_id) == ("NL.gm0307.3", "NL.gm0307.1")
        assert dict(first.headers)["ce_id"] == f"{state.epoch}/1".encode()
        assert state.outbox.next_batch(1) == [first]


def test_a_number_is_not_used_again_when_the_outbox_was_emptied(path: Path):
    with open_state(path, ORGANISATION, NOW) as state:
        for number in (1, 2, 3):
            with state.transaction():
                assert state.outbox.append(event(number), NOW, None) == number
            state.outbox.acknowledge(number)
            assert state.outbox.waiting() == 0


def store_and_be_interrupted(state: ConnectorState) -> None:
    with state.transaction():
        state.snapshot.save(Change(Verdict.REGISTERED, plan(1), SnapshotState.LIVE))
        state.outbox.append(event(1), NOW, None)
        raise KeyboardInterrupt


def test_a_transaction_that_fails_keeps_neither_snapshot_nor_outbox(path: Path):
    with open_state(path, ORGANISATION, NOW) as state:
        with pytest.raises(KeyboardInterrupt):
            store_and_be_interrupted(state)
        assert state.outbox.waiting() == 0
        assert list(state.snapshot.plans(SnapshotState.LIVE)) == []


@pytest.mark.parametrize(("cursor", "kept"), [("7", 1), (None, 2)])
def test_reading_a_source_of_changes_as_a_whole_replaces_what_was_not_settled(
    path: Path, cursor: str | None, kept: int
):
    rejection = Rejection(1, "tot", "date_unreadable", "no date", None, {})
    with open_state(path, ORGANISATION, NOW) as state, state.transaction():
        state.move_cursor(cursor, "a mapping")
        for keep in (state.keep_unsettled, state.keep_rejections):
            state.staging.stage(MappedRow(1, None, (rejection,), None))
            keep(state.runs.begin(NOW, NOW))
        assert len(rejections_of(state._connection, None)) == kept


def rewrite_as_version_1_of_the_contract_did(path: Path) -> None:
    """Take out of every stored plan what version 2 of plan-event added to its zones."""
    with sqlite3.connect(path) as database:
        for plan_id, content in database.execute("SELECT plan_id, content FROM snapshot_content").fetchall():
            stored = json.loads(content)
            for zone in stored["zones"]:
                for field in ("repaired", "position_error_m", "simplified_m"):
                    del zone[field]
            old = json.dumps(stored, separators=(",", ":"), ensure_ascii=False).encode()
            database.execute("UPDATE snapshot_content SET content = ? WHERE plan_id = ?", (old, plan_id))
            digest = hashlib.sha256(old).digest()
            database.execute("UPDATE snapshot SET content_hash = ? WHERE plan_id = ?", (digest, plan_id))


def test_a_contract_that_grew_fields_makes_no_change_of_what_an_older_connector_stored(path: Path):
    rows = [mapped(number) for number in range(1, 21)]
    with open_state(path, ORGANISATION, NOW) as state:
        take_over(state, *rows)
    rewrite_as_version_1_of_the_contract_did(path)
    with open_state(path, ORGANISATION, NOW) as state:
        upgraded = take_over(state, *rows)
        afterwards = take_over(state, *rows)
    assert [change.verdict for change in upgraded] == [Verdict.UNCHANGED] * 20
    assert afterwards == [], "the hashes are those of the new contract from then on"


@pytest.mark.parametrize("name", ["_KEEP_SAME", "_READABLE_AGAIN", "_REMOVED", "_UNREADABLE", "_SEEN"])
def test_a_few_changes_are_stored_without_going_through_the_whole_snapshot(path: Path, name: str):
    query = getattr(snapshot_module, name)
    with open_state(path, ORGANISATION, NOW) as state:
        steps = state._connection.execute(f"EXPLAIN QUERY PLAN {query}", [0] * query.count("?")).fetchall()
    assert not [detail for *_, detail in steps if detail.startswith(("SCAN s", "SCAN snapshot"))]


def test_all_that_is_said_to_be_gone_is_withdrawn_on_however_many_pages(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(snapshot_module, "PAGE", 3)
    with open_state(path, ORGANISATION, NOW) as state:
        take_over(state, *(mapped(number) for number in range(20)))
        with state.transaction():
            state.staging.clear()
            for number in range(10):
                state.staging.stage(MappedRow(number, None, (), plan(number).plan_id, removed=True))
            for change in differences(state.snapshot.removed(), NOW):
                state.snapshot.save(change)
        assert len(list(state.snapshot.plans(SnapshotState.WITHDRAWN))) == 10
