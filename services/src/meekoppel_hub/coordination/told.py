"""Keep what was told of each pair, revision by revision, so that the view can be seen as of an earlier moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from meekoppel_hub.coordination.overlap import Announcement
from meekoppel_hub.platform.database.tables.view import overlap_versions
from meekoppel_hub.platform.stream.records import Outgoing


def keep_told(connection: Connection, told: Iterable[tuple[Announcement, Outgoing]]) -> None:
    """Store revisions that are told in this transaction; one that is there already is left as it is.

    Args:
        connection: the transaction in which they are also put into the outbox.
        told: each announcement with the record that goes into the log.
    """
    rows = [_row(announcement, message) for announcement, message in told]
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(overlap_versions).on_conflict_do_nothing(), rows)


def _row(announcement: Announcement, message: Outgoing) -> dict[str, Any]:
    row = announcement.row
    return {
        "overlap_id": row.overlap_id,
        "revision": row.revision,
        "state": row.state,
        "kind": row.kind,
        "first_organisation": row.first_organisation,
        "second_organisation": row.second_organisation,
        "restricted": row.restricted,
        "detected_at": row.detected_at,
        "recorded_at": row.changed_at,
        "event": message.value,
    }
