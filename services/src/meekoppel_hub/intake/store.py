"""What intake keeps: the state of each plan and its counts. Set-based: one statement per batch and kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_contracts.ids import OrgCode, PlanId
from meekoppel_hub.intake.outcome import Outcome
from meekoppel_hub.intake.versions import PlanState
from meekoppel_hub.platform.database.tables.intake import intake_counts, plan_state
from meekoppel_hub.platform.database.tables.organisations import organisations
from meekoppel_hub.platform.errors import TransientError
from meekoppel_hub.platform.organisations import Organisation, organisation_from_row

Counts = Mapping[tuple[OrgCode, Outcome], int]


def load_organisations(connection: Connection, codes: Collection[OrgCode]) -> dict[OrgCode, Organisation]:
    """Read the registrations of these organisations, as far as they exist."""
    rows = connection.execute(select(organisations).where(organisations.c.code.in_(codes)))
    return {OrgCode(row.code): organisation_from_row(row) for row in rows}


def load_states(connection: Connection, plans: Collection[PlanId]) -> dict[PlanId, PlanState]:
    """Read the states of these plans, and hold their rows (PostgreSQL) until the transaction ends."""
    # In order, so that two workers that hold rows never wait for each other in a circle.
    statement = select(plan_state).where(plan_state.c.plan_id.in_(plans)).order_by(plan_state.c.plan_id)
    rows = connection.execute(statement.with_for_update()).mappings()
    return {row["plan_id"]: PlanState(**row) for row in rows}


def save_states(connection: Connection, states: Iterable[PlanState]) -> None:
    """Write these states over the revisions from which they were made.

    Raises:
        TransientError: when another worker wrote one of them meanwhile; the batch is to be done again.
    """
    rows = [{**_row(state), "revision": state.revision + 1} for state in states]
    if not rows:
        return
    upsert = _insert(connection, plan_state)
    new = upsert.excluded
    statement = upsert.on_conflict_do_update(
        index_elements=[plan_state.c.plan_id],
        set_={column.name: new[column.name] for column in plan_state.c if column.name != "plan_id"},
        where=plan_state.c.revision == new.revision - 1,
    ).returning(plan_state.c.plan_id)
    in_order = sorted(rows, key=lambda row: str(row["plan_id"]))
    written = len(connection.execute(statement, in_order).all())
    if written != len(rows):
        raise TransientError(f"another worker wrote {len(rows) - written} of {len(rows)} plans at the same moment")


def add_counts(connection: Connection, counts: Counts) -> None:
    """Add to the counts of what became of the events."""
    rows = [
        {"organisation": organisation, "outcome": outcome.value, "count": count}
        for (organisation, outcome), count in sorted(counts.items())
    ]
    if not rows:
        return
    upsert = _insert(connection, intake_counts)
    total: ColumnElement[int] = intake_counts.c.count + upsert.excluded["count"]
    statement = upsert.on_conflict_do_update(
        index_elements=[intake_counts.c.organisation, intake_counts.c.outcome], set_={"count": total}
    )
    connection.execute(statement, rows)


def _row(state: PlanState) -> dict[str, Any]:
    # Not `asdict`, which copies every value deeply.
    return {field.name: getattr(state, field.name) for field in fields(PlanState)}


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
