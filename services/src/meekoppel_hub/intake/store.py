"""What intake keeps: the state of each plan and its counts. Set-based: one statement per batch and kind."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, Text, bindparam, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_hub.intake.outcome import Outcome
from meekoppel_hub.intake.versions import PlanState
from meekoppel_hub.platform.database.tables.intake import plan_state
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.organisations import Organisation, organisation_from_row

Counts = Mapping[tuple[OrgCode, Outcome], int]

_COLUMNS = tuple(field.name for field in fields(PlanState))
_STATES = select(*(plan_state.c[name] for name in _COLUMNS)).order_by(plan_state.c.plan_id).with_for_update()
_LOAD = {
    "postgresql": _STATES.where(plan_state.c.plan_id == func.any(bindparam("ids", type_=postgresql.ARRAY(Text)))),
    "sqlite": _STATES.where(plan_state.c.plan_id.in_(text("SELECT value FROM json_each(:ids)"))),
}
# One statement for a whole batch: as INSERT of many rows its text would grow with each, and be parsed anew.
_SAVE_POSTGRESQL = f"""
    INSERT INTO plan_state ({", ".join(_COLUMNS)})
    SELECT * FROM unnest(%(plan_id)b::text[], %(version)b::bigint[], %(epoch)b::text[], %(sequence)b::bigint[],
                         %(content_sha256)b::text[], %(event)b::bytea[], %(withdrawn)b::boolean[], %(topic)b::text[],
                         %(recorded_at)b::timestamptz[], %(revision)b::bigint[])
    ON CONFLICT (plan_id) DO UPDATE
    SET ({", ".join(_COLUMNS[1:])}) = ({", ".join(f"excluded.{name}" for name in _COLUMNS[1:])})
    WHERE plan_state.revision = excluded.revision - 1"""  # noqa: S608 - the names are ours

_COUNTED = {
    "postgresql": """
        SELECT value ->> 0 AS organisation, value ->> 1 AS outcome, CAST(value ->> 2 AS bigint) AS count
        FROM json_array_elements(CAST(:rows AS json)) AS value""",
    "sqlite": """
        SELECT json_extract(value, '$[0]') AS organisation, json_extract(value, '$[1]') AS outcome,
               json_extract(value, '$[2]') AS count
        FROM json_each(:rows)""",
}
# Also one statement: with an inbox per organisation nearly every event of a small batch has a count of its own.
_ADD_COUNTS = {
    dialect: text(f"""
        INSERT INTO intake_months (organisation, month, outcome, count)
        SELECT organisation, :month, outcome, count FROM ({rows}) AS given WHERE true
        ON CONFLICT (organisation, month, outcome) DO UPDATE SET count = intake_months.count + excluded.count""")  # noqa: S608 - the texts are ours
    for dialect, rows in _COUNTED.items()
}


def load_organisations(connection: Connection, codes: Collection[OrgCode]) -> dict[OrgCode, Organisation]:
    """Read the registrations of these organisations, as far as they exist."""
    rows = connection.execute(select(organisations).where(organisations.c.code.in_(codes)))
    return {OrgCode(row.code): organisation_from_row(row) for row in rows}


def load_states(connection: Connection, plans: Collection[PlanId]) -> dict[PlanId, PlanState]:
    """Read the states of these plans, and hold their rows (PostgreSQL) until the transaction ends."""
    if not plans:
        return {}
    # One text whatever the number of plans: it is compiled, parsed and planned once. In order, so that two workers
    # that hold rows never wait for each other in a circle.
    ids: Any = sorted(plans) if connection.dialect.name == "postgresql" else json.dumps(sorted(plans))
    statement = _LOAD[connection.dialect.name]
    return {row.plan_id: PlanState(*row) for row in connection.execute(statement, {"ids": ids})}


def save_states(connection: Connection, states: Iterable[PlanState]) -> None:
    """Write these states over the revisions from which they were made.

    Raises:
        TransientError: when another worker wrote one of them meanwhile; the batch is to be done again.
    """
    in_order = sorted(states, key=lambda state: state.plan_id)
    if not in_order:
        return
    save = _save_postgresql if connection.dialect.name == "postgresql" else _save_sqlite
    written = save(connection, [replace(state, revision=state.revision + 1) for state in in_order])
    if written != len(in_order):
        raise TransientError(
            f"another worker wrote {len(in_order) - written} of {len(in_order)} plans at the same moment"
        )


def add_counts(connection: Connection, counts: Counts, at: datetime) -> None:
    """Add to the counts of what became of the events, in the month of a moment."""
    if not counts:
        return
    rows = [[organisation, outcome.value, count] for (organisation, outcome), count in sorted(counts.items())]
    given: Any = json.dumps(rows)
    connection.execute(_ADD_COUNTS[connection.dialect.name], {"month": f"{at:%Y-%m}", "rows": given})


def _save_postgresql(connection: Connection, states: Sequence[PlanState]) -> int:
    columns = {name: [getattr(state, name) for state in states] for name in _COLUMNS}
    return connection.exec_driver_sql(_SAVE_POSTGRESQL, columns).rowcount


def _save_sqlite(connection: Connection, states: Sequence[PlanState]) -> int:
    upsert = sqlite.insert(plan_state)
    new = upsert.excluded
    statement = upsert.on_conflict_do_update(
        index_elements=[plan_state.c.plan_id],
        set_={name: new[name] for name in _COLUMNS if name != "plan_id"},
        where=plan_state.c.revision == new.revision - 1,
    )
    return connection.execute(
        statement, [{name: getattr(state, name) for name in _COLUMNS} for state in states]
    ).rowcount


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
