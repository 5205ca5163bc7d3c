"""What the hub's intake sent back, kept so that it is shown again until a newer state of the plan went out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from meekoppel_connectors.state.schema import read_meta, transaction, write_meta
from meekoppel_connectors.state.snapshot import sortable
from meekoppel_contracts.codec import decode_plan_event, encode_plan_event
from meekoppel_contracts.codes import PlanEventType
from meekoppel_contracts.errors import ContractError
from meekoppel_contracts.events import PlanEvent, PlanRejection
from meekoppel_contracts.ids import OrgCode
from meekoppel_contracts.plan import Plan

MOST = 10_000
_OFFSET = "hub_rejections_offset"


@dataclass(frozen=True, slots=True)
class HubRejection:
    """One plan, or record, that intake did not accept.

    Attributes:
        rejected_at: when.
        plan_id: of the plan, where it could be read.
        row_number: of the row from which the plan was made last; None when it is not known.
        source_id: the row's own id, the last part of the plan id.
        field: of the plan, where one is to blame.
        reason: a code of the contract `plan-rejection`.
        message: what is wrong, in words.
    """

    rejected_at: datetime
    plan_id: str | None
    row_number: int | None
    source_id: str | None
    field: str | None
    reason: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Give it as a dict for JSON, the time as text."""
        return asdict(self) | {"rejected_at": self.rejected_at.isoformat()}


def rejections_read(connection: sqlite3.Connection) -> int:
    """Give the offset in the topic from which rejections are still to be read."""
    return int(read_meta(connection).get(_OFFSET, 0))


def keep_hub_rejections(
    connection: sqlite3.Connection, rejections: Iterable[tuple[int, PlanRejection]], following: int
) -> None:
    """Keep rejections by their offset in the topic, and note from which offset to read on."""
    with transaction(connection):
        connection.executemany(
            """INSERT OR REPLACE INTO hub_rejections (log_offset, rejected_at, plan_id, field, reason, message, plan)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            (
                (
                    offset,
                    sortable(each.rejected_at),
                    each.plan_id,
                    each.field,
                    each.reason.value,
                    each.message,
                    _plan(each),
                )
                for offset, each in rejections
            ),
        )
        connection.execute(
            "DELETE FROM hub_rejections WHERE log_offset <= (SELECT max(log_offset) FROM hub_rejections) - ?", (MOST,)
        )
        write_meta(connection, _OFFSET, str(following))


def open_hub_rejections(connection: sqlite3.Connection) -> tuple[HubRejection, ...]:
    """Give the rejections that still hold, by row: those after which no other state of the plan went out."""
    if "hub_rejections" not in _tables(connection):  # a state of before, which no run has opened since
        return ()
    rows = connection.execute(
        """SELECT r.rejected_at, r.plan_id, s.row_number, r.field, r.reason, r.message, r.plan, c.content
           FROM hub_rejections r
           LEFT JOIN snapshot s ON s.plan_id = r.plan_id
           LEFT JOIN snapshot_content c ON c.plan_id = r.plan_id
           WHERE r.plan_id IS NULL
              OR r.log_offset = (SELECT max(n.log_offset) FROM hub_rejections n WHERE n.plan_id = r.plan_id)
           ORDER BY s.row_number, r.log_offset"""
    )
    return tuple(_still_holding(rows))


def _still_holding(rows: Iterable[tuple[Any, ...]]) -> Iterator[HubRejection]:
    for rejected_at, plan_id, row_number, field, reason, message, refused, now in rows:
        if refused is not None and now is not None and Plan.model_validate_json(refused) != _as_sent(now):
            continue
        source_id = None if plan_id is None else plan_id.split(".", 2)[-1]
        moment = datetime.fromisoformat(rejected_at)
        yield HubRejection(moment, plan_id, row_number or None, source_id, field, reason, message)


def _columns(offset: int, each: PlanRejection) -> tuple[Any, ...]:
    moment = sortable(each.rejected_at)
    return offset, moment, each.plan_id, each.field, each.reason.value, each.message, _plan(each)


def _plan(rejection: PlanRejection) -> str | None:
    try:
        return decode_plan_event(rejection.value).plan.model_dump_json()
    except (
        ContractError
    ):  # what was refused because it is no plan event has no plan; its rejection is kept all the same
        return None


def _as_sent(content: bytes) -> Plan:
    """Give a plan of the snapshot as it comes out of an event: times in the precision of the contract."""
    plan = Plan.model_validate_json(content)
    event = PlanEvent(type=PlanEventType.CHANGED, publisher=OrgCode("any"), plan=plan)
    return decode_plan_event(encode_plan_event(event)).plan


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
