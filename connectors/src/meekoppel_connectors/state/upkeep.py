"""Looking after a state file: forgetting what was read, beginning a new life, moving it. Only while no run uses it."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path

from meekoppel_connectors.errors import StateError
from meekoppel_connectors.outbox import count_waiting
from meekoppel_connectors.state.lock import only_run
from meekoppel_connectors.state.schema import MOVED, connect_to_read, opened_for_upkeep, transaction, write_meta
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.numbering import new_epoch

_BESIDE = ("-wal", "-shm")


def forget_cursor(path: Path, organisation: OrgCode) -> None:
    """Let the next run read a source of changes from its beginning; what has not changed gives no event.

    Raises:
        StateBusy: when a run uses the state.
        StateError: when there is none, or it cannot be used.
    """
    with only_run(existing(path)), opened_for_upkeep(path, organisation) as connection, transaction(connection):
        write_meta(connection, "cursor", None)


def renew(path: Path, organisation: OrgCode, now: datetime) -> str:
    """Go on with a state that was put back from a copy, under a new epoch, and give that.

    Under its old epoch it would give numbers that the hub has seen, and the hub would take news for a resend and drop
    it. What changed since the copy was made is found by comparison and told again; the hub drops what it knows.

    Raises:
        StateBusy: when a run uses the state.
        StateError: when there is none, or it cannot be used.
    """
    epoch = new_epoch(now)
    with only_run(existing(path)), opened_for_upkeep(path, organisation) as connection, transaction(connection):
        write_meta(connection, "epoch", epoch)
    return epoch


def set_aside(path: Path, organisation: OrgCode, now: datetime, *, drop_waiting: bool = False) -> Path:
    """Put a state file aside, so that the next run begins a new life: it registers everything, under a new epoch.

    Args:
        path: the state file.
        organisation: whose it is.
        now: the time, which becomes part of the new name.
        drop_waiting: also when events wait that the broker never got.

    Returns:
        Where the state is kept.

    Raises:
        StateBusy: when a run uses the state.
        StateError: when there is none, it cannot be used, or events wait in it.
    """
    with only_run(existing(path)):
        waiting = _fold_journal(path, organisation)
        if waiting and not drop_waiting:
            raise StateError(
                f"{waiting} events in {path} were never published; publish them with run --once, or give "
                "--drop-waiting when they may be lost."
            )
        kept = _free_name(path.with_name(f"{path.name}.{now:%Y%m%dT%H%M%S}"))
        path.rename(kept)
        return kept


def move(path: Path, organisation: OrgCode, target: Path, now: datetime) -> Path:
    """Copy a state file to another place, prove that the copy is whole, and put the old one aside.

    The old one does not keep its name: a connector that went on with it would publish under an epoch that the hub has
    seen, with numbers that it has seen too.

    Returns:
        Where the old state is kept.

    Raises:
        StateBusy: when a run uses the state.
        StateError: when there is none, it cannot be used, or the target is there already or cannot be written.
    """
    if target.exists():
        raise StateError(f"{target} is there already; give a new name.")
    with only_run(existing(path)):
        _fold_journal(path, organisation)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        except OSError as error:
            raise StateError(f"The state cannot be copied to {target} ({error.strerror}).") from error
        with closing(connect_to_read(target, organisation)) as copy:
            (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            target.unlink()
            raise StateError(f"The copy {target} of the state was not whole ({verdict}); nothing was moved.")
        kept = _free_name(path.with_name(f"{path.name}{MOVED}{now:%Y%m%dT%H%M%S}"))
        path.rename(kept)
        return kept


def existing(path: Path) -> Path:
    """Give the state file back, whole.

    Raises:
        StateError: when there is none.
    """
    if not path.is_file():
        raise StateError(f"There is no state {path}: this connector has not run yet.")
    return path.resolve()


def _fold_journal(path: Path, organisation: OrgCode) -> int:
    """Bring everything into the one file, and count the events that wait in it."""
    with opened_for_upkeep(path, organisation) as connection:
        waiting = count_waiting(connection)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
    for ending in _BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return waiting


def _free_name(wanted: Path) -> Path:
    names = (wanted, *(wanted.with_name(f"{wanted.name}-{number}") for number in range(2, 100)))
    return next(name for name in names if not name.exists())
