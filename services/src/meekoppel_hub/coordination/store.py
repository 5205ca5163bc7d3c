"""Writing the view: what the two stores do each in their own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy import Connection

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.fold import FoldedBatch
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.store_postgis import PostgisStore
from meekoppel_hub.coordination.store_sqlite import SqliteStore


class ViewStore(Protocol):
    """One store. Each call handles a whole batch; none commits."""

    def save(self, connection: Connection, batch: FoldedBatch) -> set[PlanId]:
        """Store the newest versions; of older ones keep the version row only. The same batch twice changes nothing.

        Returns:
            The plans whose version was newer than what was stored.
        """
        ...

    def begin_matching(self, connection: Connection) -> None:
        """Prepare the transaction in which plans are matched."""
        ...

    def write_overlaps(self, connection: Connection, rows: Sequence[OverlapRow]) -> set[OverlapId]:
        """Store pairs, never back to an older version of either plan.

        Returns:
            The pairs that were written; what another worker wrote already at the same versions is not among them.
        """
        ...


_STORES: Mapping[str, ViewStore] = {"postgresql": PostgisStore(), "sqlite": SqliteStore()}


def store_for(connection: Connection) -> ViewStore:
    """Give the store that speaks the dialect of the connection."""
    return _STORES[connection.dialect.name]
