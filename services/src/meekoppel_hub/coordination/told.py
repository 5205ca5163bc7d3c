"""Keep what was told of each pair, revision by revision, so that the view can be seen as of an earlier moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from meekoppel_hub.coordination.overlap import Announcement
from meekoppel_hub.platform.database.bulk import copy_new_rows
from meekoppel_hub.platform.database.tables.view import overlap_versions
from meekoppel_hub.platform.stream.records import Outgoing

_COLUMNS = (
    "overlap_id",
    "revision",
    "state",
    "kind",
    "first_organisation",
    "second_organisation",
    "restricted",
    "detected_at",
    "recorded_at",
    "event",
)


def keep_told(connection: Connection, told: Iterable[tuple[Announcement, Outgoing]]) -> None:
    """Store revisions that are told in this transaction; one that is there already is left as it is.

    Args:
        connection: the transaction in which they are also put into the outbox.
        told: each announcement with the record that goes into the log.
    """
    rows = [_row(announcement, message) for announcement, message in told]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        copy_new_rows(connection, overlap_versions, _COLUMNS, rows)
    else:
        values = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        connection.execute(sqlite.insert(overlap_versions).on_conflict_do_nothing(), values)


def _row(announcement: Announcement, message: Outgoing) -> tuple[Any, ...]:
    row = announcement.row
    return (
        row.overlap_id,
        row.revision,
        row.state,
        row.kind,
        row.first_organisation,
        row.second_organisation,
        row.restricted,
        row.detected_at,
        row.changed_at,
        message.value,
    )
