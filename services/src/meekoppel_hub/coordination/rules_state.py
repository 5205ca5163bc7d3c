"""The rules that all workers of a view match by: one generation of them, as they were in force at one moment.

The moment stands in the database, so that two workers whose clocks differ never match by different rules, and so that
rules which begin or end by the course of time change at one moment for all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from meekoppel_hub.coordination.rulebook import Rulebook
from meekoppel_hub.platform.agreements.in_force import load_in_force
from meekoppel_hub.platform.database.tables.places import RULES
from meekoppel_hub.platform.database.tables.view import view_settings

# One number for the whole view, beside those of `create`, `following` and `rebuilding`.
RULES_LOCK = 7_364_004
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RulesState:
    """Which rules hold.

    Attributes:
        generation: rises with each change of the rules.
        as_of: the moment at which they were taken from areas and agreements.
    """

    generation: int
    as_of: datetime


class Rules:
    """A worker's rulebook, kept in step with the database.

    Args:
        fixed: a rulebook that never changes, whatever areas and agreements say; None for that of the database.
    """

    def __init__(self, fixed: Rulebook | None = None) -> None:
        self._fixed = fixed
        self._state: RulesState | None = None
        self._book = fixed or Rulebook.national()
        self._until: datetime | None = None

    def held(self, connection: Connection) -> Rulebook:
        """Give the rules that hold, and keep them from changing until the transaction ends."""
        return self._at(connection, read_state(connection, lock="share"))

    def current(self, connection: Connection) -> Rulebook:
        """Give the rules that hold at this moment."""
        return self._at(connection, read_state(connection))

    def due(self, connection: Connection, now: datetime) -> bool:
        """Tell whether by the course of time other rules hold now than those that are matched by."""
        self.current(connection)
        return self._fixed is None and self._until is not None and self._until <= now

    def _at(self, connection: Connection, state: RulesState) -> Rulebook:
        if self._fixed is None and state != self._state:
            in_force = load_in_force(connection, state.as_of)
            self._book, self._until, self._state = Rulebook.of(in_force), in_force.until, state
        return self._book


def rules_now(connection: Connection) -> Rulebook:
    """Give the rules by which the view is matched at this moment."""
    return Rules().current(connection)


def read_state(connection: Connection, *, lock: str = "") -> RulesState:
    """Read which rules hold.

    Args:
        connection: the transaction.
        lock: `share` to keep them from changing until the transaction ends, `change` to change them.
    """
    if lock:
        lock_rules(connection, shared=lock == "share")
    query = select(view_settings.c.value).where(view_settings.c.name == RULES)
    stored = json.loads(connection.execute(query).scalar_one())
    as_of = stored["as_of"]
    return RulesState(stored["generation"], _EPOCH if as_of is None else datetime.fromisoformat(as_of))


def lock_rules(connection: Connection, *, shared: bool) -> None:
    """Keep others from changing the rules until the transaction ends, or from matching by them too.

    Whoever takes the lock of the order of commits in the same transaction as well, or tables, takes this one before.
    """
    if connection.dialect.name == "postgresql":
        # A lock on the row would do, but who changes it could wait for ever behind a row of others that share it.
        kind = "_shared" if shared else ""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock{kind}({RULES_LOCK})")


def write_state(connection: Connection, state: RulesState) -> None:
    """Store which rules hold; the caller has locked them to change them."""
    value = json.dumps({"generation": state.generation, "as_of": state.as_of.isoformat()})
    connection.execute(update(view_settings).where(view_settings.c.name == RULES).values(value=value))
