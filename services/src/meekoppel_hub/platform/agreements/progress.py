"""How far plans have been matched again by rules that changed."""

from __future__ import annotations

from sqlalchemy import func, select

from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.database.tables.places import rules_changes


def rules_progress(database: Database) -> tuple[int, int] | None:
    """Give how many plans were matched again by changes that are not finished, and of how many; None when all are."""
    columns = rules_changes.c
    query = select(func.count(), func.sum(columns.matched), func.sum(columns.total))
    with database.read() as connection:
        count, matched, total = connection.execute(query.where(columns.finished_at.is_(None))).one()
    return (int(matched), int(total)) if count else None
