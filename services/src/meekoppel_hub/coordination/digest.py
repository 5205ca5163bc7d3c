"""Summarise a view in a few numbers, to compare two views: one that grew step by step and one that was replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from meekoppel_hub.coordination.overlap import OPEN
from meekoppel_hub.platform.database.tables.view import NEWEST, overlaps, plan_versions, plans

# Not the revision nor the times: they tell of the way that was gone, not of where it led.
PAIR_COLUMNS = (
    "overlap_id",
    "kind",
    "severity",
    "first_plan",
    "first_version",
    "first_organisation",
    "second_plan",
    "second_version",
    "second_organisation",
    "restricted",
    "ruleset",
    "area_m2",
    "distance_m",
    "overlap_days",
    "gap_days",
    "score",
    "explanation",
    "explanation_nl",
    "score_parts",
    "rulesets",
    "moratorium_id",
    "location",
)


@dataclass(frozen=True, slots=True)
class ViewDigest:
    """A view in a few numbers; equal for two views that say the same, in either store.

    Attributes:
        plans: how many plans.
        plans_sha256: of their ids, newest versions and events.
        versions: how many versions are kept.
        versions_sha256: of plan ids, versions and events.
        overlaps: how many pairs are open.
        overlaps_sha256: of all that is known of the open pairs, but for revisions and times.
    """

    plans: int
    plans_sha256: str
    versions: int
    versions_sha256: str
    overlaps: int
    overlaps_sha256: str


def view_digest(connection: Connection) -> ViewDigest:
    """Summarise the view as it stands in this transaction."""
    newest = connection.execute(select(plans.c.plan_id, plans.c.version, plan_versions.c.event).select_from(NEWEST))
    kept = connection.execute(select(plan_versions.c.plan_id, plan_versions.c.version, plan_versions.c.event))
    pairs = connection.execute(select(*[overlaps.c[name] for name in PAIR_COLUMNS]).where(overlaps.c.state == OPEN))
    return ViewDigest(*_summarise(newest), *_summarise(kept), *_summarise(pairs))


def _summarise(rows: Iterable[Any]) -> tuple[int, str]:
    """Count rows and hash them in an order that no database's collation decides."""
    lines = sorted("\x1f".join(_text(value) for value in row) for row in rows)
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _text(value: object) -> str:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else repr(value)
