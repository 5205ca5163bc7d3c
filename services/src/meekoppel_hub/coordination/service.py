"""Coordination on the log: plans and rules in, the shared view and overlap events out."""

from __future__ import annotations

from meekoppel_contracts.topics import AREAS, PLANS, PLANS_RESTRICTED
from meekoppel_hub.coordination.consume import Change, CoordinationProcessor
from meekoppel_hub.platform.clock import Clock, utc_now
from meekoppel_hub.platform.database import Database
from meekoppel_hub.platform.settings import HubSettings
from meekoppel_hub.platform.stream.consumer import StreamService
from meekoppel_hub.platform.stream.subscription import ConsumerConfig

NAME = "coordination"


def coordination_service(
    settings: HubSettings, bootstrap: str, database: Database, clock: Clock = utc_now
) -> StreamService[Change]:
    """Wire coordination: it reads the open and the restricted log, and areas, agreements and moratoria."""
    topics = (PLANS, PLANS_RESTRICTED, AREAS)
    config = ConsumerConfig(service=NAME, bootstrap=bootstrap, topics=topics, instance=settings.instance)
    return StreamService(config, CoordinationProcessor(settings.crs, clock), database, clock=clock)
