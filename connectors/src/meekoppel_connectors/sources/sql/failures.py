"""What a database's error means: that it may work later, or that a person must change something.

Drivers agree on SQLSTATE where they have it (ISO 9075, and PostgreSQL's appendix A); where there is none, as when a
connection is refused, their words decide. A message never shows the address as SQLAlchemy holds it, nor a parameter.
"""

from __future__ import annotations

import difflib

from sqlalchemy import Connection, inspect
from sqlalchemy.engine import Inspector
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from meekoppel_connectors.errors import ConnectorError, SourceAway, SourceError
from meekoppel_connectors.secrets import without_secrets

_MAY_PASS = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes: connection, rolled back, no resources, not in the state for it, operator, system."""
_NOT_LET_IN = ("28", "3D")
_NOT_LET_IN_WORDS = (
    "authentication failed", "no password supplied", "pg_hba.conf", "does not exist", "login failed", "access denied",
    "ora-01017", "unable to open database file",
)  # fmt: skip
_BUSY_WORDS = ("database is locked", "database table is locked", "busy")
SCHEMAS_SEARCHED = 50


def failure_of(error: SQLAlchemyError, place: str) -> ConnectorError:
    """Say what went wrong as an error that the runner understands.

    Returns:
        A `SourceAway` when it may work later, else a `SourceError`.
    """
    if not isinstance(error, DBAPIError) or error.orig is None:
        return SourceError(place, f"cannot be read: {_first_line(error)}")
    said = _first_line(error.orig)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state.startswith(_NOT_LET_IN) or (not state and _has(said, _NOT_LET_IN_WORDS)):
        return SourceError(place, f"does not let the connector in: {said}; check url and password_variable of source")
    if _may_pass(error, state, said):
        return SourceAway(place, f"does not answer: {said}")
    return SourceError(place, f"refuses the question: {said}")


def missing_table(connection: Connection, place: str, table: str) -> SourceError | None:
    """Say which table was perhaps meant; None when the table is there after all."""
    schema, _, name = table.rpartition(".")
    inspector = inspect(connection)
    if schema and schema not in inspector.get_schema_names():
        return SourceError(place, f"has no schema {schema!r}; it has {', '.join(inspector.get_schema_names())}")
    known = _tables(inspector, schema or None)
    if name in known:
        return None
    close = difflib.get_close_matches(name, known, n=1)
    elsewhere = [f"{each}.{name}" for each in _other_schemas(inspector) if name in _tables(inspector, each)]
    if elsewhere:
        hint = f"; did you mean {elsewhere[0]}?"
    elif close:
        hint = f"; did you mean {close[0]!r}?"
    else:
        hint = f"; it has {', '.join(sorted(known)[:20]) or 'none that this user may see'}"
    return SourceError(place, f"has no table or view {table!r}{hint}")


def _tables(inspector: Inspector, schema: str | None) -> list[str]:
    names = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
    if inspector.dialect.name == "postgresql":
        names += inspector.get_materialized_view_names(schema)
    return names


def _other_schemas(inspector: Inspector) -> list[str]:
    own = {"information_schema", inspector.default_schema_name}
    return [name for name in inspector.get_schema_names() if name not in own][:SCHEMAS_SEARCHED]


def _may_pass(error: DBAPIError, state: str, said: str) -> bool:
    if state:
        return state.startswith(_MAY_PASS)
    if error.connection_invalidated or _has(said, _BUSY_WORDS):
        return True
    from_sqlite = type(error.orig).__module__.startswith("sqlite3")  # to which a missing table is "operational" too
    return isinstance(error, (OperationalError, InterfaceError)) and not from_sqlite


def _has(text: str, words: tuple[str, ...]) -> bool:
    folded = text.casefold()
    return any(word in folded for word in words)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return without_secrets(lines[0].strip() if lines else type(error).__name__)
