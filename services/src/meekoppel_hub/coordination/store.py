"""Writing the view and searching it by place: what the two stores do each in their own way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sqlalchemy import Connection

from meekoppel_contracts.ids import OverlapId, PlanId
from meekoppel_hub.coordination.agreement import Agreement
from meekoppel_hub.coordination.fold import FoldedBatch
from meekoppel_hub.coordination.overlap import OverlapRow
from meekoppel_hub.coordination.store_postgis import PostgisStore
from meekoppel_hub.coordination.store_rows import HeldPlan, Near
from meekoppel_hub.coordination.store_sqlite import SqliteStore


class ViewStore(Protocol):
    """One store. Each call handles a whole batch; none commits."""

    def save(self, connection: Connection, batch: FoldedBatch) -> None:
        """Store the newest versions; of older ones keep the version row only.

        The same batch twice changes nothing.
        """
        ...

    def near(self, connection: Connection, plan_ids: Collection[PlanId], agreement: Agreement) -> list[Near]:
        """Find what may meet the plans: zones whose boxes and periods are near enough, of other initiators.

        More than what meets, never less. Plans that have ended meet nobody.
        """
        ...

    def hold(self, connection: Connection, plan_ids: Collection[PlanId]) -> Mapping[PlanId, HeldPlan]:
        """Keep the plans from changing until the transaction ends; others may hold them too, and may read them."""
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
