from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from meekoppel_connectors.cli import app
from meekoppel_connectors.errors import StateBusy, StateError
from meekoppel_connectors.state import open_state
from meekoppel_connectors.state.upkeep import set_aside
from meekoppel_connectors.status import read_status
from meekoppel_contracts.ids import OrgCode
from tests.connectors.inbox import AS_OF, AWAY, Organisation, new_organisation, row, rows


@pytest.fixture
def organisation(tmp_path: Path, kafka_bootstrap: str, org_code: OrgCode) -> Organisation:
    return new_organisation(tmp_path, kafka_bootstrap, org_code)


def state(organisation: Organisation, *arguments: str) -> str:
    organisation.config()
    command, *rest = arguments
    result = CliRunner().invoke(app, ["state", command, str(organisation.folder / "connector.yaml"), *rest])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_the_state_shows_its_life_and_what_waits(organisation: Organisation):
    organisation.run(rows(3))
    shown = json.loads(state(organisation, "show", "--json"))
    assert shown["organisation"] == organisation.code
    assert (shown["schema_version"], shown["last_sequence"], shown["outbox_waiting"]) == ("3", 3, 0)


def test_a_state_put_back_from_a_backup_goes_on_under_numbers_that_the_hub_has_not_seen(organisation: Organisation):
    organisation.run(rows(3))
    shutil.copy(organisation.folder / "state.db", organisation.folder / "backup.db")
    organisation.run([row(1, titel="Anders"), row(2), row(3)])
    shutil.copy(organisation.folder / "backup.db", organisation.folder / "state.db")
    assert "goes on as" in state(organisation, "restored", "--yes")
    assert organisation.run([row(1, titel="Weer anders"), row(2), row(3)]).changed == 1
    first, lost, last = sorted(
        (each for each in organisation.inbox() if each.told[0] == "0001"), key=lambda each: str(each.headers.epoch)
    )
    assert first.headers.epoch == lost.headers.epoch
    assert str(last.headers.epoch) > str(first.headers.epoch)
    assert last.event.plan.title == "Weer anders"


def test_nothing_is_reset_or_moved_without_a_yes(organisation: Organisation):
    organisation.run(rows(1))
    assert "Give --yes to do it" in state(organisation, "reset")
    assert "Give --yes to do it" in state(organisation, "move", str(organisation.folder / "new.db"))
    assert organisation.run(rows(1)).unchanged == 1


def test_after_a_reset_a_new_life_begins_and_the_old_state_is_kept(organisation: Organisation):
    organisation.run(rows(2))
    epoch = read_status(organisation.config()).epoch
    state(organisation, "reset", "--yes")
    assert organisation.run(rows(2)).registered == 2
    assert read_status(organisation.config()).epoch != epoch
    assert len(list(organisation.folder.glob("state.db.2*"))) == 1


def test_a_state_in_which_events_wait_is_not_reset_unless_they_may_be_lost(organisation: Organisation):
    with pytest.raises(Exception, match="are kept"):
        organisation.run(rows(2), bootstrap=AWAY)
    with pytest.raises(StateError, match=r"2 events in .* were never published"):
        state(organisation, "reset", "--yes")
    assert "is kept as" in state(organisation, "reset", "--yes", "--drop-waiting")


def test_a_moved_state_goes_on_where_it_was_and_the_old_one_is_out_of_the_way(organisation: Organisation):
    organisation.run(rows(2))
    target = organisation.folder / "elsewhere" / "new.db"
    state(organisation, "move", str(target), "--yes")
    assert not (organisation.folder / "state.db").exists()
    target.rename(organisation.folder / "state.db")
    assert organisation.run(rows(2)).unchanged == 2


def test_a_state_is_not_moved_over_another(organisation: Organisation):
    organisation.run(rows(1))
    with pytest.raises(StateError, match="is there already"):
        state(organisation, "move", str(organisation.folder / "connector.yaml"), "--yes")


@pytest.mark.parametrize("arguments", [("reset", "--yes"), ("reset", "--cursor", "--yes"), ("move", "x.db", "--yes")])
def test_the_state_of_a_run_that_goes_on_is_left_alone(organisation: Organisation, arguments: tuple[str, ...]):
    organisation.run(rows(1))
    with open_state(organisation.folder / "state.db", organisation.code, AS_OF), pytest.raises(StateBusy):
        state(organisation, *arguments)


def test_a_connector_that_never_ran_has_no_state_to_look_after(organisation: Organisation):
    with pytest.raises(StateError, match="has not run yet"):
        state(organisation, "reset", "--yes")


def test_a_state_that_another_program_looks_into_is_neither_moved_nor_reset(organisation: Organisation):
    organisation.run(rows(1))
    path = organisation.folder / "state.db"
    with closing(sqlite3.connect(path)) as looking:
        looking.execute("BEGIN")
        looking.execute("SELECT count(*) FROM snapshot").fetchone()
        with pytest.raises(StateError, match=r"state\.db .*locked"):
            set_aside(path, organisation.code, AS_OF)
    assert organisation.run(rows(1)).unchanged == 1


def test_where_a_state_was_moved_away_no_new_life_begins_by_mistake(organisation: Organisation):
    organisation.run(rows(2))
    target = organisation.folder / "new.db"
    assert f"set state: {target.resolve()} in connector.yaml" in state(organisation, "move", str(target), "--yes")
    with pytest.raises(StateError, match=r"was moved to another place; set state: .* To begin anew instead, remove"):
        organisation.run(rows(2))
    next(organisation.folder.glob("state.db.moved-*")).unlink()
    assert organisation.run(rows(2)).registered == 2
