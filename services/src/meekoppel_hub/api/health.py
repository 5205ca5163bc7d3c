"""Health: what each service last said of itself, and whether that is well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, func, select
from starlette.responses import Response

from meekoppel_hub.api import examples
from meekoppel_hub.api.answers import JsonAnswer
from meekoppel_hub.api.context import Context
from meekoppel_hub.platform.database.tables.stream import health as health_table
from meekoppel_hub.platform.database.tables.stream import parked as parked_table

router = APIRouter(tags=["operations"])

SILENT_SECONDS = 30.0
_WELL = frozenset({"starting", "running", "waiting"})


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """What one instance of a service last said.

    Attributes:
        state: starting, running, waiting, halted or stopped.
        detail: why, in words.
        lag: how many records it is behind.
        handled: how many records it handled.
        set_aside: how many records wait in its dead letters for an operator.
        silent_seconds: for how long it has said nothing.
    """

    service: str
    instance: str
    state: str
    detail: str
    lag: int
    handled: int
    set_aside: int
    silent_seconds: float

    @property
    def silent(self) -> bool:
        """Whether it has said nothing for too long."""
        return self.silent_seconds > SILENT_SECONDS

    @property
    def healthy(self) -> bool:
        """Whether it is well."""
        return self.state in _WELL and not self.silent

    def trouble(self) -> str:
        """Say what is wrong."""
        if self.silent and self.state in _WELL:
            return f"{self.service} has said nothing for {self.silent_seconds:.0f} seconds; start it again"
        return f"{self.service} is {self.state}{f': {self.detail}' if self.detail else ''}"


def read_health(connection: Connection, now: datetime) -> list[ServiceHealth]:
    """Read what counts of each service: its instances that speak, or the one that spoke last when none does.

    An instance that stopped, or fell silent, while another of the same service goes on was replaced: it does not count.
    """
    counting = select(parked_table.c.service, func.count()).group_by(parked_table.c.service)
    parked = {row[0]: row[1] for row in connection.execute(counting)}
    spoken = [
        ServiceHealth(
            row.service,
            row.instance,
            row.state,
            row.detail,
            row.lag,
            row.handled,
            parked.get(row.service, 0),
            max(0.0, (now - row.updated_at).total_seconds()),
        )
        for row in connection.execute(select(health_table).order_by(health_table.c.service, health_table.c.instance))
    ]
    counted: list[ServiceHealth] = []
    for service in sorted({one.service for one in spoken}):
        instances = [one for one in spoken if one.service == service]
        present = [one for one in instances if one.state != "stopped" and not one.silent]
        counted.extend(present or [min(instances, key=lambda one: one.silent_seconds)])
    return counted


@router.get("/health", summary="How each service is", responses=examples.HEALTH)
def get_health(context: Context) -> Response:
    """Tell per service whether it makes progress; 503 when one does not, or when none has reported."""
    with context.database.read() as connection:
        services = read_health(connection, context.clock())
    healthy = bool(services) and all(one.healthy for one in services)
    answer = {"healthy": healthy, "message": message_of(services), "services": [_entry(one) for one in services]}
    return JsonAnswer(answer, status_code=200 if healthy else 503)


def message_of(services: Sequence[ServiceHealth]) -> str:
    """Say in one sentence what is wrong; empty when nothing is."""
    if not services:
        return "no service has reported to this database; start one, for example all of them with `meekoppel up`"
    return "; ".join(one.trouble() for one in services if not one.healthy)


def _entry(one: ServiceHealth) -> dict[str, Any]:
    return {
        "service": one.service,
        "instance": one.instance,
        "state": one.state,
        "detail": one.detail,
        "lag": one.lag,
        "handled": one.handled,
        "set_aside": one.set_aside,
        "silent_seconds": round(one.silent_seconds, 1),
        "healthy": one.healthy,
    }
